"""What is set of a bucket, each a resource: versions, lifecycle, encryption, privacy, policy."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from botocore.exceptions import ClientError

from lab.providers.aws.call import Call
from lab.providers.aws.errors import code_of, gone_is_fine, is_gone
from lab.providers.aws.facts import Additions, fact, facts
from lab.providers.aws.resource_type import Change, ResourceType, update
from lab.providers.aws.resources.identity.policies import json_text, shown
from lab.providers.aws.resources.lookup import given as _given
from lab.providers.aws.rules import between, not_empty, one_of
from lab.providers.aws.schema import Kind, State, block, blocks, boolean, integer, string

_UNSET: Final = (
    "NoSuchPublicAccessBlockConfiguration",
    "NoSuchBucketPolicy",
    "ServerSideEncryptionConfigurationNotFoundError",
    "NoSuchLifecycleConfiguration",
)
_BUCKET: Final = facts("bucket")


def _table(
    name: str,
    noun: str,
    inputs: Additions,
    put: Callable[[Any, str, State], object],
    get: Callable[[Any, str], State | None],
    remove: Callable[[Any, str], object],
) -> ResourceType:
    """The table of a setting, which is put whole."""

    def create(call: Call, given: State) -> str:
        put(call.client("s3"), given["bucket"], given)
        return str(given["bucket"])

    def read(call: Call, identifier: str, state: State) -> State | None:
        try:
            found = get(call.client("s3"), identifier)
        except ClientError as error:
            if is_gone(error) or code_of(error) in _UNSET:
                return None
            raise
        return None if found is None else {"bucket": identifier, **found}

    def change(call: Call, identifier: str, change: Change) -> None:
        put(call.client("s3"), identifier, change.new)

    def delete(call: Call, identifier: str, state: State) -> None:
        with gone_is_fine():
            remove(call.client("s3"), identifier)

    return ResourceType(
        name=name,
        noun=noun,
        inputs={**_BUCKET, **inputs},
        create=create,
        read=read,
        updates=(update(change, *(set(inputs) - set(_BUCKET))),),
        delete=delete,
    )


def _versioning(s3: Any, bucket: str) -> State | None:
    status = s3.get_bucket_versioning(Bucket=bucket).get("Status")
    return {"versioningConfiguration": {"status": status}} if status else None


VERSIONING: Final = _table(
    "aws:s3/bucketVersioning:BucketVersioning",
    "versioning of a bucket",
    {"versioningConfiguration": fact(fields={"status": fact(one_of("Enabled", "Suspended"))})},
    lambda s3, bucket, given: s3.put_bucket_versioning(
        Bucket=bucket,
        VersioningConfiguration={"Status": given["versioningConfiguration"]["status"]},
    ),
    _versioning,
    lambda s3, bucket: s3.put_bucket_versioning(
        Bucket=bucket, VersioningConfiguration={"Status": "Suspended"}
    ),
)


def _encryption(s3: Any, bucket: str) -> State:
    told = s3.get_bucket_encryption(Bucket=bucket)["ServerSideEncryptionConfiguration"]["Rules"]
    return {"rules": [_encryption_rule(rule) for rule in told]}


def _encryption_rule(told: Mapping[str, Any]) -> State:
    by = told["ApplyServerSideEncryptionByDefault"]
    key = {"kmsMasterKeyId": by["KMSMasterKeyID"]} if by.get("KMSMasterKeyID") else {}
    enabled = {"bucketKeyEnabled": True} if told.get("BucketKeyEnabled") else {}
    algorithm = {"sseAlgorithm": by["SSEAlgorithm"], **key}
    return {"applyServerSideEncryptionByDefault": algorithm, **enabled}


def _encrypt(s3: Any, bucket: str, given: State) -> None:
    by = "applyServerSideEncryptionByDefault"
    rules = [
        {
            "ApplyServerSideEncryptionByDefault": _given(
                SSEAlgorithm=rule[by]["sseAlgorithm"],
                KMSMasterKeyID=rule[by].get("kmsMasterKeyId"),
            ),
            **_given(BucketKeyEnabled=rule.get("bucketKeyEnabled")),
        }
        for rule in given["rules"]
    ]
    s3.put_bucket_encryption(Bucket=bucket, ServerSideEncryptionConfiguration={"Rules": rules})


ENCRYPTION: Final = _table(
    "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration",
    "encryption of a bucket",
    {
        "rules": fact(
            not_empty,
            fields={
                **facts("bucketKeyEnabled"),
                "applyServerSideEncryptionByDefault": fact(
                    fields={
                        **facts("kmsMasterKeyId"),
                        "sseAlgorithm": fact(one_of("AES256", "aws:kms", "aws:kms:dsse")),
                    }
                ),
            },
            kind=Kind.LIST,
        )
    },
    _encrypt,
    _encryption,
    lambda s3, bucket: s3.delete_bucket_encryption(Bucket=bucket),
)

# Pulumi's name of each part of a rule and of what is in it, and AWS's.
_RULE: Final[Mapping[str, tuple[str, Mapping[str, str]]]] = {
    "filter": ("Filter", {"prefix": "Prefix"}),
    "noncurrentVersionExpiration": (
        "NoncurrentVersionExpiration",
        {"noncurrentDays": "NoncurrentDays"},
    ),
    "expiration": ("Expiration", {"expiredObjectDeleteMarker": "ExpiredObjectDeleteMarker"}),
    "abortIncompleteMultipartUpload": (
        "AbortIncompleteMultipartUpload",
        {"daysAfterInitiation": "DaysAfterInitiation"},
    ),
}


def _put_rules(s3: Any, bucket: str, given: State) -> None:
    rules = [
        {"ID": rule["id"], "Status": rule["status"]}
        | {
            name: {theirs: rule[part][ours] for ours, theirs in fields.items()}
            for part, (name, fields) in _RULE.items()
            if rule.get(part)
        }
        for rule in given["rules"]
    ]
    s3.put_bucket_lifecycle_configuration(Bucket=bucket, LifecycleConfiguration={"Rules": rules})


def _rules(s3: Any, bucket: str) -> State:
    told = s3.get_bucket_lifecycle_configuration(Bucket=bucket)["Rules"]
    return {
        "rules": [
            {"id": rule["ID"], "status": rule["Status"]}
            | {
                part: {ours: rule[name][theirs] for ours, theirs in fields.items()}
                for part, (name, fields) in _RULE.items()
                if rule.get(name)
            }
            for rule in told
        ]
    }


LIFECYCLE: Final = _table(
    "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration",
    "lifecycle of a bucket",
    {
        "bucket": string(required=True, replaces=True),
        "rules": blocks(
            {
                "id": string(required=True),
                "status": string(one_of("Enabled", "Disabled"), required=True),
                "filter": block({"prefix": string()}),
                "noncurrentVersionExpiration": block(
                    {"noncurrentDays": integer(between(1, 2**31 - 1), required=True)}
                ),
                "expiration": block({"expiredObjectDeleteMarker": boolean()}, computed=True),
                "abortIncompleteMultipartUpload": block(
                    {"daysAfterInitiation": integer(between(1, 2**31 - 1))}
                ),
            },
        ),
    },
    _put_rules,
    _rules,
    lambda s3, bucket: s3.delete_bucket_lifecycle(Bucket=bucket),
)

_PRIVACY: Final = {
    "blockPublicAcls": "BlockPublicAcls",
    "blockPublicPolicy": "BlockPublicPolicy",
    "ignorePublicAcls": "IgnorePublicAcls",
    "restrictPublicBuckets": "RestrictPublicBuckets",
}


def _privacy(s3: Any, bucket: str) -> State:
    told = s3.get_public_access_block(Bucket=bucket)["PublicAccessBlockConfiguration"]
    return {ours: told[theirs] for ours, theirs in _PRIVACY.items()}


PUBLIC_ACCESS_BLOCK: Final = _table(
    "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock",
    "privacy of a bucket",
    {name: fact(default=False) for name in _PRIVACY},
    lambda s3, bucket, given: s3.put_public_access_block(
        Bucket=bucket,
        PublicAccessBlockConfiguration={
            theirs: bool(given.get(ours)) for ours, theirs in _PRIVACY.items()
        },
    ),
    _privacy,
    lambda s3, bucket: s3.delete_public_access_block(Bucket=bucket),
)

POLICY: Final = _table(
    "aws:s3/bucketPolicy:BucketPolicy",
    "policy of a bucket",
    {"policy": fact(json_text, normal=shown)},
    lambda s3, bucket, given: s3.put_bucket_policy(Bucket=bucket, Policy=given["policy"]),
    lambda s3, bucket: {"policy": shown(s3.get_bucket_policy(Bucket=bucket)["Policy"])},
    lambda s3, bucket: s3.delete_bucket_policy(Bucket=bucket),
)

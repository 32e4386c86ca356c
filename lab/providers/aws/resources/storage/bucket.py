"""aws:s3/bucket:Bucket."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from botocore.exceptions import ClientError

from lab.providers.aws.call import Call
from lab.providers.aws.errors import code_of, gone_is_fine, is_gone
from lab.providers.aws.facts import fact
from lab.providers.aws.resource_type import AutoName, ResourceType
from lab.providers.aws.rules import characters
from lab.providers.aws.schema import State
from lab.providers.aws.tags import tag_list, tag_map

_FIRST_REGION: Final = "us-east-1"


def _create(call: Call, inputs: State) -> str:
    place = {"LocationConstraint": call.region}
    where = {} if call.region == _FIRST_REGION else {"CreateBucketConfiguration": place}
    call.client("s3").create_bucket(Bucket=inputs["bucket"], **where)
    return str(inputs["bucket"])


def _settle(call: Call, identifier: str, inputs: State) -> None:
    _retag(call, identifier, {}, inputs.get("tagsAll") or {})


def _read(call: Call, identifier: str, state: State) -> State | None:
    try:
        call.client("s3").head_bucket(Bucket=identifier)
    except ClientError as error:
        if is_gone(error):
            return None
        raise
    return {
        "arn": f"arn:aws:s3:::{identifier}",
        "bucket": identifier,
        "bucketDomainName": f"{identifier}.s3.amazonaws.com",
        "bucketRegionalDomainName": f"{identifier}.s3.{call.region}.amazonaws.com",
        "tagsAll": _tags(call, identifier),
    }


def _tags(call: Call, identifier: str) -> dict[str, str]:
    try:
        return tag_map(call.client("s3").get_bucket_tagging(Bucket=identifier)["TagSet"])
    except ClientError as error:
        if code_of(error) == "NoSuchTagSet":
            return {}
        raise


def _retag(call: Call, target: str, old: Mapping[str, str], new: Mapping[str, str]) -> None:
    if new:
        call.client("s3").put_bucket_tagging(Bucket=target, Tagging={"TagSet": tag_list(new)})
    elif old:
        call.client("s3").delete_bucket_tagging(Bucket=target)


def _delete(call: Call, identifier: str, state: State) -> None:
    with gone_is_fine():
        if state.get("forceDestroy"):
            _empty(call, identifier)
        call.client("s3").delete_bucket(Bucket=identifier)


def _empty(call: Call, identifier: str) -> None:
    s3 = call.client("s3")
    for page in s3.get_paginator("list_object_versions").paginate(Bucket=identifier):
        for one in (*page.get("Versions", ()), *page.get("DeleteMarkers", ())):
            s3.delete_object(Bucket=identifier, Key=one["Key"], VersionId=one["VersionId"])


BUCKET: Final = ResourceType(
    name="aws:s3/bucket:Bucket",
    noun="bucket",
    inputs={
        "bucket": fact(characters(0, 63)),
        "bucketPrefix": fact(characters(0, 37)),
        "forceDestroy": fact(default=False),
    },
    provider_only=frozenset({"forceDestroy"}),
    autoname=AutoName("bucket", "bucketPrefix", limit=63),
    create=_create,
    settle=_settle,
    read=_read,
    delete=_delete,
    retag=_retag,
)

"""The bucket for configuration and recordings, and a user who may do there what OpenVidu does.

Source: page, "Configuration management" and "Enabling Recording": nodes log in with an access key;
the permissions are those of OpenVidu's template for Enterprise on AWS, for this bucket alone.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import partial

import pulumi
import pulumi_aws as aws

from components.aws.iam_policy import allowing
from components.managed.part import Part
from components.managed.site import Site
from components.settings.table import DEFAULT_BUCKET
from openvidu import environment

_UPLOAD_DAYS = 7
"""No upload of a recording takes as long: what is left was cut, and costs money unseen."""
_ON_OBJECTS = ("s3:DeleteObject", "s3:GetObject", "s3:PutObject")
_ON_KEY = ("kms:Decrypt", "kms:GenerateDataKey")
"""Source: Amazon S3, "Using server-side encryption with AWS KMS keys", permissions."""
_ON_BUCKET = ("s3:ListBucket", "s3:ListBucketVersions", "s3:GetBucketLocation")


def bucket(site: Site) -> Part:
    """Register the bucket: private, encrypted, versioned, for connections with TLS only.

    It's known by its region and name, and by the login of the user who may use it.
    """
    settings = site.settings
    made = aws.s3.Bucket(
        "openvidu-bucket",
        # Names are unique in all of AWS: instead of the default one the engine makes one, which the
        # bucket keeps, as it does one that was configured once.
        bucket=site.previous.bucket if settings.s3_bucket == DEFAULT_BUCKET else settings.s3_bucket,
        # What was recorded goes only where that was said.
        force_destroy=settings.delete_data,
        tags=site.named("bucket"),
        opts=pulumi.ResourceOptions(parent=site.parent, protect=not settings.delete_data),
    )
    # Whoever stores something first finds all of it in place.
    kept = [_keep_private(site, made), _keep_versions(site, made), _encrypt(site, made)]
    return _with_user(site, made, kept)


def _keep_private(site: Site, made: aws.s3.Bucket) -> pulumi.Resource:
    private = aws.s3.BucketPublicAccessBlock(
        "bucket-private",
        bucket=made.id,
        block_public_acls=True,
        block_public_policy=True,
        ignore_public_acls=True,
        restrict_public_buckets=True,
        opts=site.child,
    )
    return aws.s3.BucketPolicy(
        "bucket-tls-only",
        bucket=made.id,
        policy=made.arn.apply(tls_only),
        opts=pulumi.ResourceOptions(parent=site.parent, depends_on=[private]),
    )


def _keep_versions(site: Site, made: aws.s3.Bucket) -> pulumi.Resource:
    versions = aws.s3.BucketVersioning(
        "bucket-versions",
        bucket=made.id,
        versioning_configuration={"status": "Enabled"},
        opts=site.child,
    )
    days = site.settings.bucket_version_days
    aws.s3.BucketLifecycleConfiguration(
        "bucket-lifecycle",
        bucket=made.id,
        rules=[
            {
                "id": "earlier-versions",
                "status": "Enabled",
                "filter": {"prefix": ""},
                "noncurrent_version_expiration": {"noncurrent_days": days},
                # What is left of an object that was deleted, once its versions are gone.
                "expiration": {"expired_object_delete_marker": True},
            },
            {
                "id": "unfinished-uploads",
                "status": "Enabled",
                "filter": {"prefix": ""},
                "abort_incomplete_multipart_upload": {"days_after_initiation": _UPLOAD_DAYS},
            },
        ],
        opts=pulumi.ResourceOptions(parent=site.parent, depends_on=[versions]),
    )
    return versions


def _encrypt(site: Site, made: aws.s3.Bucket) -> pulumi.Resource:
    key = site.settings.kms_key_id
    return aws.s3.BucketServerSideEncryptionConfiguration(
        "bucket-encryption",
        bucket=made.id,
        rules=[
            {
                "apply_server_side_encryption_by_default": {
                    "sse_algorithm": "aws:kms" if key else "AES256",
                    "kms_master_key_id": key,
                },
                # One call to KMS for many objects.
                "bucket_key_enabled": True if key else None,
            }
        ],
        opts=site.child,
    )


def _with_user(site: Site, made: aws.s3.Bucket, kept: Sequence[pulumi.Resource]) -> Part:
    settings = site.settings
    user = aws.iam.User(
        "bucket-user",
        path=settings.iam_path,
        permissions_boundary=settings.permissions_boundary,
        tags=site.named("bucket-user"),
        opts=site.child,
    )
    allowed = aws.iam.UserPolicy(
        "bucket-user-policy",
        user=user.name,
        policy=made.arn.apply(partial(use, key=settings.kms_key_id)),
        opts=site.child,
    )
    key = aws.iam.AccessKey("bucket-user-key", user=user.name, opts=site.child)
    ready = [made, *kept, allowed, key]
    values: dict[str, pulumi.Input[str]] = {
        "region": aws.get_region().region,
        "bucket": made.id,
        "access_key": key.id,
        "secret_key": pulumi.Output.secret(key.secret),
    }
    return Part(values, ready)


def tls_only(arn: str) -> str:
    """A policy that refuses whoever connects to a bucket without TLS."""
    return json.dumps(
        {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Sid": "TlsOnly",
                    "Effect": "Deny",
                    "Principal": "*",
                    "Action": "s3:*",
                    "Resource": [arn, f"{arn}/*"],
                    "Condition": {"Bool": {"aws:SecureTransport": "false"}},
                }
            ],
        }
    )


def use(arn: str, key: str | None = None) -> str:
    """A policy that allows what OpenVidu does in a bucket, and nothing elsewhere.

    Args:
        arn: the bucket's.
        key: ARN of the KMS key that its objects are encrypted with; None for S3's own.
    """
    encrypted = {"Action": list(_ON_KEY), "Resource": key}
    return allowing(
        {"Action": list(_ON_OBJECTS), "Resource": f"{arn}/*"},
        {"Action": list(_ON_BUCKET), "Resource": arn},
        # What the preflight has put there is taken away with all its versions.
        {"Action": "s3:DeleteObjectVersion", "Resource": f"{arn}/{environment.PROBE}*"},
        *([encrypted] if key else []),
    )

"""The S3 endpoint, used with boto3 and with the nodes' own client."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import boto3
import httpx
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from lab.openvidu.s3.client import Bucket, BucketError
from lab.openvidu.s3.endpoint import Endpoint
from lab.openvidu.s3.signature import Keys
from lab.openvidu.s3.store import Store
from tests.serving import serving

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

KEYS = Keys("minioadmin", "MINIO_SECRET")


@pytest.fixture
def endpoint(tmp_path: Path) -> Iterator[str]:
    """The address of an endpoint that keeps its data in `tmp_path`."""
    with serving(Endpoint(Store(tmp_path), KEYS).handle) as url:
        yield url


def client(endpoint: str, keys: Keys = KEYS) -> S3Client:
    return boto3.client(
        "s3",
        endpoint_url=endpoint,
        aws_access_key_id=keys.access,
        aws_secret_access_key=keys.secret,
        region_name="us-east-1",
        config=Config(s3={"addressing_style": "path"}, retries={"max_attempts": 0}),
    )


@pytest.fixture
def s3(endpoint: str) -> S3Client:
    """A client, and the bucket `config`."""
    made = client(endpoint)
    made.create_bucket(Bucket="config")
    return made


def code_of(error: pytest.ExceptionInfo[ClientError]) -> str:
    return str(error.value.response["Error"]["Code"])


def test_an_object_reads_back(s3: S3Client, tmp_path: Path) -> None:
    s3.put_object(Bucket="config", Key=".env", Body=b"A=1\n")
    assert s3.get_object(Bucket="config", Key=".env")["Body"].read() == b"A=1\n"
    assert s3.head_object(Bucket="config", Key=".env")["ContentLength"] == 4
    assert (tmp_path / "config" / ".env").read_bytes() == b"A=1\n"


@pytest.mark.parametrize("key", ["a/b/c.mp4", "with space+plus", "ünï", "..", "a?b=c&d"])
def test_any_name_reads_back(s3: S3Client, key: str) -> None:
    s3.put_object(Bucket="config", Key=key, Body=b"x")
    assert [item["Key"] for item in s3.list_objects_v2(Bucket="config")["Contents"]] == [key]
    assert s3.get_object(Bucket="config", Key=key)["Body"].read() == b"x"


def test_an_object_can_be_deleted_twice(s3: S3Client) -> None:
    s3.put_object(Bucket="config", Key="k", Body=b"x")
    s3.delete_object(Bucket="config", Key="k")
    s3.delete_object(Bucket="config", Key="k")
    assert "Contents" not in s3.list_objects_v2(Bucket="config")


def test_a_list_has_folders_and_pages(s3: S3Client) -> None:
    for key in ("a/1", "a/2", "b", "c/1", "d"):
        s3.put_object(Bucket="config", Key=key, Body=b"x")
    pages = s3.get_paginator("list_objects_v2").paginate(
        Bucket="config", Delimiter="/", PaginationConfig={"PageSize": 1}
    )
    keys: list[str] = []
    folders: list[str] = []
    for page in pages:
        keys += [item["Key"] for item in page.get("Contents", [])]
        folders += [item["Prefix"] for item in page.get("CommonPrefixes", [])]
    assert keys == ["b", "d"]
    assert folders == ["a/", "c/"]


def test_what_is_not_there_is_not_found(s3: S3Client) -> None:
    with pytest.raises(ClientError) as no_key:
        s3.get_object(Bucket="config", Key="k")
    with pytest.raises(ClientError) as no_bucket:
        s3.get_object(Bucket="other", Key="k")
    assert (code_of(no_key), code_of(no_bucket)) == ("NoSuchKey", "NoSuchBucket")


@pytest.mark.parametrize(
    ("keys", "code"),
    [
        (Keys("minioadmin", "wrong"), "SignatureDoesNotMatch"),
        (Keys("somebody", "MINIO_SECRET"), "InvalidAccessKeyId"),
    ],
)
def test_wrong_keys_are_refused(s3: S3Client, endpoint: str, keys: Keys, code: str) -> None:
    with pytest.raises(ClientError) as refused:
        client(endpoint, keys).list_objects_v2(Bucket="config")
    assert code_of(refused) == code


def test_a_request_without_signature_is_refused(endpoint: str) -> None:
    assert httpx.get(f"{endpoint}/config/.env").status_code == 403


def test_health_needs_no_signature(endpoint: str) -> None:
    assert httpx.get(f"{endpoint}/minio/health/live").status_code == 200


def test_a_bucket_is_made_once(s3: S3Client) -> None:
    with pytest.raises(ClientError) as again:
        s3.create_bucket(Bucket="config")
    assert code_of(again) == "BucketAlreadyOwnedByYou"


def test_a_bad_bucket_name_is_refused(endpoint: str) -> None:
    bucket = Bucket(endpoint, "No_Bucket", KEYS)
    with pytest.raises(BucketError, match="400"):
        asyncio.run(bucket.create())


def test_the_nodes_client_reads_and_writes(s3: S3Client, endpoint: str) -> None:
    bucket = Bucket(endpoint, "config", KEYS)

    async def use() -> tuple[bytes | None, bytes | None]:
        await bucket.check()
        before = await bucket.get(".env")
        await bucket.put(".env", b"A=1\n")
        return before, await bucket.get(".env")

    assert asyncio.run(use()) == (None, b"A=1\n")
    assert s3.get_object(Bucket="config", Key=".env")["Body"].read() == b"A=1\n"


@pytest.mark.parametrize(
    ("name", "keys"), [("other", KEYS), ("config", Keys("minioadmin", "wrong"))]
)
def test_the_nodes_client_tells_when_the_bucket_cannot_be_used(
    s3: S3Client, endpoint: str, name: str, keys: Keys
) -> None:
    with pytest.raises(BucketError, match=name):
        asyncio.run(Bucket(endpoint, name, keys).check())

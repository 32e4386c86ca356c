"""The S3 endpoint: path style, signatures checked, health as MinIO has it.

Source: repository of OpenVidu 2.30.0, service `minio-s3` (port 9000, console 9001, data in
`./minio-s3`); MinIO's health check is `/minio/health/live`.
"""

from __future__ import annotations

import asyncio
import errno
import hashlib
from datetime import UTC, datetime
from email.utils import format_datetime

from lab.openvidu import faults
from lab.openvidu.s3 import answers
from lab.openvidu.s3.signature import Keys, Signable, SignatureError, check
from lab.openvidu.s3.store import (
    InvalidBucketNameError,
    NoSuchBucketError,
    NoSuchKeyError,
    Store,
    StoredObject,
)
from lab.openvidu.web.messages import Request, Response, Takeover

HEALTH_PATHS = ("/minio/health/live", "/minio/health/ready")
_PAGE = 1000
_ERRORS: dict[type[Exception], tuple[str, str]] = {
    InvalidBucketNameError: ("InvalidBucketName", "The specified bucket is not valid."),
    NoSuchBucketError: ("NoSuchBucket", "The specified bucket does not exist"),
    NoSuchKeyError: ("NoSuchKey", "The specified key does not exist."),
}


class Endpoint:
    """Answers S3 requests from a store."""

    def __init__(self, store: Store, keys: Keys) -> None:
        self._store = store
        self._keys = keys

    async def handle(self, request: Request) -> Response | Takeover:
        """Answer one request."""
        if faults.strike("s3-unreachable"):
            return Takeover(_say_nothing)
        if request.path in HEALTH_PATHS:
            return Response(200)
        try:
            self._authenticate(request)
            return self._answer(request)
        except SignatureError as error:
            return answers.error(error.code, str(error), request.path)
        except tuple(_ERRORS) as error:
            return answers.error(*_ERRORS[type(error)], request.path)
        except OSError as error:
            if error.errno != errno.ENOSPC:
                raise
            return answers.error("XMinioStorageFull", "The disk is full.", request.path)

    def _authenticate(self, request: Request) -> None:
        signable = Signable(request.method, request.raw_path, request.raw_query, request.headers)
        check(signable, self._keys, datetime.now(UTC))
        declared = request.headers.get("x-amz-content-sha256", "")
        if len(declared) == 64 and declared != hashlib.sha256(request.body).hexdigest():
            raise SignatureError("XAmzContentSHA256Mismatch", "The body is not the one signed.")

    def _answer(self, request: Request) -> Response:
        bucket, _, key = request.path.lstrip("/").partition("/")
        if not bucket:
            return answers.buckets(self._store.buckets())
        if key:
            return self._object(request, bucket, key)
        return self._bucket(request, bucket)

    def _bucket(self, request: Request, bucket: str) -> Response:
        if request.method == "PUT":
            if self._store.create_bucket(bucket):
                return Response(200, headers={"Location": f"/{bucket}"})
            return answers.error(
                "BucketAlreadyOwnedByYou", "The bucket is yours already.", request.path
            )
        if not self._store.has_bucket(bucket):
            raise NoSuchBucketError(bucket)
        if request.method == "HEAD":
            return Response(200, headers={"x-amz-bucket-region": "us-east-1"})
        if request.method == "GET" and "location" in request.query:
            return answers.location()
        if request.method == "GET":
            return self._list(request, bucket)
        return _not_implemented(request)

    def _list(self, request: Request, bucket: str) -> Response:
        query = request.query
        prefix, delimiter = query.get("prefix", ""), query.get("delimiter", "")
        after = query.get("continuation-token", query.get("start-after", ""))
        size = query.get("max-keys", str(_PAGE))
        if not size.isdecimal():
            return answers.error("InvalidArgument", "max-keys is not a number", request.path)
        limit = min(int(size), _PAGE)
        found: list[StoredObject] = []
        folders: list[str] = []
        last = ""
        for key in self._store.keys(bucket, prefix):
            rest = key[len(prefix) :]
            folder = prefix + rest.split(delimiter)[0] + delimiter if delimiter else ""
            in_folder = bool(delimiter) and delimiter in rest
            if key <= after or (in_folder and folder in folders):
                continue
            if len(found) + len(folders) == limit:
                return answers.objects(bucket, prefix, found, folders, last)
            if in_folder:
                folders.append(folder)
                last = folder + "\U0010ffff"
            else:
                found.append(self._store.head(bucket, key))
                last = key
        return answers.objects(bucket, prefix, found, folders, "")

    def _object(self, request: Request, bucket: str, key: str) -> Response:
        if {"uploads", "uploadId", "tagging", "acl"} & set(request.query):
            return _not_implemented(request)
        match request.method:
            case "PUT":
                stored = self._store.put(bucket, key, _content(request))
                return Response(200, headers={"ETag": f'"{stored.etag}"'})
            case "GET":
                stored = self._store.head(bucket, key)
                content = self._store.get(bucket, key)
                return Response(200, content, "binary/octet-stream", _object_headers(stored))
            case "HEAD":
                stored = self._store.head(bucket, key)
                headers = _object_headers(stored) | {"Content-Length": str(stored.size)}
                return Response(200, b"", "binary/octet-stream", headers)
            case "DELETE":
                self._store.delete(bucket, key)
                return Response(204)
            case _:
                return _not_implemented(request)


def _object_headers(stored: StoredObject) -> dict[str, str]:
    modified = format_datetime(stored.modified, usegmt=True)
    return {"ETag": f'"{stored.etag}"', "Last-Modified": modified, "Accept-Ranges": "none"}


def _content(request: Request) -> bytes:
    """The object in a body; clients may send it in chunks of their own with a checksum behind."""
    if "aws-chunked" not in request.headers.get("content-encoding", ""):
        return request.body
    parts: list[bytes] = []
    rest = request.body
    while rest:
        line, _, rest = rest.partition(b"\r\n")
        size = int(line.split(b";")[0], 16)
        if size == 0:
            break
        parts.append(rest[:size])
        rest = rest[size + 2 :]
    return b"".join(parts)


def _not_implemented(request: Request) -> Response:
    return answers.error("NotImplemented", "The lab's S3 endpoint does not do this.", request.path)


async def _say_nothing(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
    await reader.read()

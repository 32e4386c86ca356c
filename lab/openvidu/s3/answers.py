"""The XML that S3 answers with.

Source: Amazon S3 API Reference, "ListObjectsV2", "ListBuckets" and "Error responses".
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from xml.sax.saxutils import escape

from lab.openvidu.s3.store import StoredObject
from lab.openvidu.web.messages import Response

_NAMESPACE = "http://s3.amazonaws.com/doc/2006-03-01/"

STATUS: Mapping[str, int] = {
    "AccessDenied": 403,
    "BucketAlreadyOwnedByYou": 409,
    "InvalidAccessKeyId": 403,
    "InvalidArgument": 400,
    "InvalidBucketName": 400,
    "NoSuchBucket": 404,
    "NoSuchKey": 404,
    "NotImplemented": 501,
    "RequestTimeTooSkewed": 403,
    "SignatureDoesNotMatch": 403,
    "XAmzContentSHA256Mismatch": 400,
    "XMinioStorageFull": 507,
}
"""The status that goes with each error code."""


def error(code: str, message: str, resource: str) -> Response:
    """An S3 error."""
    text = _element(
        "Error",
        _element("Code", escape(code))
        + _element("Message", escape(message))
        + _element("Resource", escape(resource)),
    )
    return _xml(text, STATUS[code])


def buckets(names: Iterable[str]) -> Response:
    """The answer to ListBuckets."""
    listed = "".join(_element("Bucket", _element("Name", escape(name))) for name in names)
    owner = _element("Owner", _element("ID", "minio"))
    return _xml(_root("ListAllMyBucketsResult", owner + _element("Buckets", listed)))


def objects(
    bucket: str, prefix: str, found: Iterable[StoredObject], folders: Iterable[str], after: str
) -> Response:
    """The answer to ListObjectsV2; `after` is where the next page begins, empty at the end."""
    contents = [
        _element(
            "Contents",
            _element("Key", escape(item.key))
            + _element("LastModified", _time(item.modified))
            + _element("ETag", f"&quot;{item.etag}&quot;")
            + _element("Size", str(item.size))
            + _element("StorageClass", "STANDARD"),
        )
        for item in found
    ]
    common = [_element("CommonPrefixes", _element("Prefix", escape(name))) for name in folders]
    text = (
        _element("Name", escape(bucket))
        + _element("Prefix", escape(prefix))
        + _element("KeyCount", str(len(contents) + len(common)))
        + _element("IsTruncated", "true" if after else "false")
        + (_element("NextContinuationToken", escape(after)) if after else "")
    )
    return _xml(_root("ListBucketResult", text + "".join(contents) + "".join(common)))


def location() -> Response:
    """The answer to GetBucketLocation: empty means us-east-1."""
    return _xml(_root("LocationConstraint", ""))


def _time(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%S.000Z")


def _element(name: str, inner: str) -> str:
    return f"<{name}>{inner}</{name}>"


def _root(name: str, inner: str) -> str:
    return f'<{name} xmlns="{_NAMESPACE}">{inner}</{name}>'


def _xml(text: str, status: int = 200) -> Response:
    body = f'<?xml version="1.0" encoding="UTF-8"?>\n{text}'.encode()
    return Response(status, body, "application/xml")

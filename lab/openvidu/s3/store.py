"""Buckets and objects as files, in the folder that the install folder's `minio-s3/` is."""

from __future__ import annotations

import hashlib
import os
import re
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import quote, unquote

_BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
_UNFINISHED = ".unfinished-"


class NoSuchBucketError(Exception):
    """The bucket doesn't exist."""


class NoSuchKeyError(Exception):
    """The bucket has no object of that name."""


class InvalidBucketNameError(Exception):
    """Not a name that a bucket may have."""


@dataclass(frozen=True)
class StoredObject:
    """What is known of one object without its content."""

    key: str
    size: int
    modified: datetime
    etag: str


class Store:
    """The buckets under one folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True)

    def create_bucket(self, name: str) -> bool:
        """Make a bucket; `False` where it is there already.

        Raises:
            InvalidBucketNameError: S3 takes 3 to 63 of a-z, 0-9, dot and dash.
        """
        if not _BUCKET.fullmatch(name):
            raise InvalidBucketNameError(name)
        try:
            (self._folder / name).mkdir()
        except FileExistsError:
            return False
        return True

    def buckets(self) -> list[str]:
        """The names of all buckets."""
        return sorted(path.name for path in self._folder.iterdir() if path.is_dir())

    def has_bucket(self, name: str) -> bool:
        """Whether the bucket is there."""
        return bool(_BUCKET.fullmatch(name)) and (self._folder / name).is_dir()

    def put(self, bucket: str, key: str, content: bytes) -> StoredObject:
        """Store an object: readers see the old one or the new one, whole.

        Raises:
            NoSuchBucketError: the bucket doesn't exist.
            OSError: the disk is full.
        """
        path = self._path(bucket, key)
        temporary = path.with_name(_UNFINISHED + secrets.token_hex(8))
        try:
            temporary.write_bytes(content)
            temporary.replace(path)
        finally:
            temporary.unlink(missing_ok=True)
        return self.head(bucket, key)

    def get(self, bucket: str, key: str) -> bytes:
        """An object's content.

        Raises:
            NoSuchBucketError: the bucket doesn't exist.
            NoSuchKeyError: the object doesn't exist.
        """
        try:
            return self._path(bucket, key).read_bytes()
        except FileNotFoundError as error:
            raise NoSuchKeyError(key) from error

    def head(self, bucket: str, key: str) -> StoredObject:
        """What is known of an object.

        Raises:
            NoSuchBucketError: the bucket doesn't exist.
            NoSuchKeyError: the object doesn't exist.
        """
        path = self._path(bucket, key)
        try:
            status, content = path.stat(), path.read_bytes()
        except FileNotFoundError as error:
            raise NoSuchKeyError(key) from error
        modified = datetime.fromtimestamp(status.st_mtime, UTC)
        etag = hashlib.md5(content, usedforsecurity=False).hexdigest()
        return StoredObject(key, status.st_size, modified, etag)

    def delete(self, bucket: str, key: str) -> None:
        """Remove an object; fine where there is none, as in S3.

        Raises:
            NoSuchBucketError: the bucket doesn't exist.
        """
        self._path(bucket, key).unlink(missing_ok=True)

    def keys(self, bucket: str, prefix: str = "") -> Iterator[str]:
        """The names of a bucket's objects that begin with `prefix`, in order.

        Raises:
            NoSuchBucketError: the bucket doesn't exist.
        """
        names = os.listdir(self._bucket(bucket))  # noqa: PTH208 - names, not paths
        found = (unquote(name) for name in names if not name.startswith(_UNFINISHED))
        yield from sorted(key for key in found if key.startswith(prefix))

    def _bucket(self, name: str) -> Path:
        if not self.has_bucket(name):
            raise NoSuchBucketError(name)
        return self._folder / name

    def _path(self, bucket: str, key: str) -> Path:
        # `.` and `..` are the only names that quoting leaves and a file can't have.
        name = quote(key, safe="")
        return self._bucket(bucket) / (name.replace(".", "%2E") if set(name) == {"."} else name)

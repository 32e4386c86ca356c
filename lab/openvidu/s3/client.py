"""The nodes' S3 client: what syncing the configuration and uploading recordings need."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import quote, urlsplit

from lab.openvidu import faults
from lab.openvidu.s3.signature import Keys, Signable, amz_date, authorization
from lab.openvidu.web.client import Answer, UnreachableError, request


class BucketError(Exception):
    """The bucket can't be used: no endpoint, no such bucket, or keys that are refused."""


@dataclass(frozen=True)
class Bucket:
    """One bucket behind a service endpoint, addressed in path style.

    Attributes:
        endpoint: `http://host:port`.
        name: the bucket's name.
        keys: access key and secret.
        region: the region, where the endpoint cares.
    """

    endpoint: str
    name: str
    keys: Keys
    region: str = "us-east-1"

    async def check(self) -> None:
        """Whether the bucket is there and the keys are right.

        Raises:
            BucketError: it isn't, or they aren't.
        """
        await self._call("HEAD", "", b"", expected=(200,))

    async def get(self, key: str) -> bytes | None:
        """An object's content; `None` where there is no such object.

        Raises:
            BucketError: the bucket can't be used.
        """
        answer = await self._call("GET", key, b"", expected=(200, 404))
        if answer.status == 404:
            if b"NoSuchBucket" in answer.body:
                raise BucketError(f"bucket {self.name}: it does not exist")
            return None
        return answer.body

    async def put(self, key: str, content: bytes) -> None:
        """Store an object.

        Raises:
            BucketError: the bucket can't be used.
        """
        await self._call("PUT", key, content, expected=(200,))

    async def delete(self, key: str) -> None:
        """Remove an object; fine where there is none.

        Raises:
            BucketError: the bucket can't be used.
        """
        await self._call("DELETE", key, b"", expected=(204, 404))

    async def create(self) -> bool:
        """Create the bucket; `False` where it was there.

        Raises:
            BucketError: it can't be created.
        """
        return (await self._call("PUT", "", b"", expected=(200, 409))).status == 200

    async def _call(
        self, method: str, key: str, body: bytes, *, expected: tuple[int, ...]
    ) -> Answer:
        if faults.look("s3-unreachable"):
            raise BucketError(f"bucket {self.name}: {self.endpoint} does not answer")
        path = f"/{self.name}" + (f"/{quote(key, safe='/-_.~')}" if key else "")
        headers = {
            "host": urlsplit(self.endpoint).netloc,
            "x-amz-content-sha256": hashlib.sha256(body).hexdigest(),
            "x-amz-date": amz_date(datetime.now(UTC)),
        }
        signable = Signable(method, path, "", headers)
        signed = headers | {"Authorization": authorization(signable, self.keys, self.region)}
        del signed["host"]
        try:
            url = self.endpoint.rstrip("/") + path
            answer = await request(method, url, headers=signed, body=body)
        except UnreachableError as error:
            raise BucketError(f"bucket {self.name}: {error}") from error
        if answer.status not in expected:
            raise BucketError(f"bucket {self.name}: {self.endpoint} answered {answer.status}")
        return answer

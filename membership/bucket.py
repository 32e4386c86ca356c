"""The bucket that holds the cluster's configuration.

Source: page, "Configuration management"; the object's name is that of OpenVidu Enterprise on AWS,
"Change configuration".
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from membership.errors import ProgramError
from openvidu import environment, ports
from openvidu.limit import LateError, within

OBJECT = ".env"
MOST_BYTES = 2**20
"""Of that object: many times the longest configuration."""
_MISSING = ("NoSuchKey", "NoSuchBucket")
_SECONDS = 5
_REGION = "us-east-1"
"""MinIO's own, as long as it's told no other."""
_BASES_OWN = f"http://127.0.0.1:{ports.S3}"


class BucketUnreadableError(ProgramError):
    """The bucket gives no answer, or another one than its content."""


class Bucket:
    """The bucket on the base, or another one."""

    def __init__(self, values: Mapping[str, str], *, timeout_seconds: float = 10) -> None:
        """Choose the bucket; nothing is asked yet.

        Args:
            values: as in `.env`: bucket, access key and secret key; endpoint and region where it
                isn't on the base.
            timeout_seconds: limit of reading or writing it, all in all.
        """
        self._values = values
        self._seconds = timeout_seconds

    def configuration(self) -> dict[str, str] | None:
        """The configuration that nodes get at their next start; None before the first node's.

        Raises:
            BucketUnreadableError: it can't be read; says why.
        """
        with _explained():
            text = within(self._seconds, self._read)
            return None if text is None else environment.parse(text)

    def change(self, values: Mapping[str, str]) -> None:
        """Change values in the bucket; everything else there is kept to the byte.

        Raises:
            BucketUnreadableError: it can't be read or written; says why.
        """
        with _explained():
            text = within(self._seconds, self._read) or ""
            for name, value in values.items():
                text = environment.with_value(text, name, value)
            within(self._seconds, lambda: self._write(text))

    @property
    def _name(self) -> str:
        return self._values[environment.S3_BUCKET]

    def _read(self) -> str | None:
        from botocore.exceptions import ClientError  # noqa: PLC0415 - as below

        try:
            answer = client(self._values).get_object(Bucket=self._name, Key=OBJECT)
        except ClientError as error:
            if error.response["Error"]["Code"] in _MISSING:
                return None
            raise
        body = answer["Body"].read(MOST_BYTES + 1)
        if len(body) > MOST_BYTES:
            raise ValueError(f"{OBJECT} there has more than {MOST_BYTES} bytes")
        return str(body.decode())

    def _write(self, text: str) -> None:
        client(self._values).put_object(Bucket=self._name, Key=OBJECT, Body=text.encode())


def client(values: Mapping[str, str]) -> Any:
    """A client of the bucket's service, as OpenVidu uses it: straight, by no proxy.

    Its limits are of each read: who calls it has one for the whole.

    Args:
        values: as of `Bucket`.
    """
    # Slow to import, and few actions need it.
    import boto3  # noqa: PLC0415
    from botocore.config import Config  # noqa: PLC0415

    return boto3.client(
        "s3",
        endpoint_url=values.get(environment.S3_ENDPOINT, _BASES_OWN),
        region_name=values.get(environment.S3_REGION, _REGION),
        aws_access_key_id=values[environment.S3_ACCESS_KEY],
        aws_secret_access_key=values[environment.S3_SECRET_KEY],
        config=Config(
            connect_timeout=_SECONDS,
            read_timeout=_SECONDS,
            retries={"total_max_attempts": 2},
            s3={"addressing_style": "path"},
            proxies={},
        ),
    )


@contextmanager
def _explained() -> Iterator[None]:
    from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415 - as above

    try:
        yield
    except (BotoCoreError, ClientError, LateError, ValueError) as error:
        raise BucketUnreadableError(str(error)) from None

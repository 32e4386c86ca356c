"""The node's `.env`, and its synchronisation with the bucket.

Source: page, "Configuration management": the first node's file goes into the bucket; from then
on the bucket's wins over `/opt/openvidu/.env` in everything but the node's private address.
The object is called `.env` (AWS page of OpenVidu Enterprise, "Change configuration").
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from lab.openvidu.node.redis_link import Address
from lab.openvidu.s3.client import Bucket
from lab.openvidu.s3.signature import Keys
from openvidu import environment, ports, webhooks

OBJECT = ".env"
_REDIS_HOST = "OPENVIDU_ENTERPRISE_HA_REDIS_HOST"
_S3_ENDPOINT = "OPENVIDU_ENTERPRISE_HA_S3_CONFIG_SERVICE_ENDPOINT"
_S3_REGION = "OPENVIDU_ENTERPRISE_HA_S3_CONFIG_REGION"
DEFAULT_EVENTS = f"[{','.join(webhooks.EVENTS)}]"
"""Source: repository of OpenVidu 2.30.0, the server's `application.properties` and a node's `.env`:
all that there are."""


@dataclass(frozen=True)
class Settings:
    """What the replication manager was created with.

    Attributes:
        ip: the node's private address.
        secret: OPENVIDU_SECRET.
        redis: the cluster's Redis.
        bucket: the cluster's bucket.
        only_sync: whether to sync the configuration and end (INITIAL_CONFIG_SYNC).
    """

    ip: str
    secret: str
    redis: Address
    bucket: Bucket
    only_sync: bool

    @classmethod
    def parse(cls, values: Mapping[str, str]) -> Settings:
        """Read the settings from the container's environment."""
        return cls(
            ip=values[environment.NODE_PRIVATE_IP],
            secret=values[environment.OPENVIDU_SECRET],
            redis=Address(
                values[_REDIS_HOST],
                int(values.get(environment.REDIS_PORT) or ports.REDIS),
                values.get(environment.REDIS_PASSWORD, ""),
            ),
            bucket=bucket(values),
            only_sync=values.get("INITIAL_CONFIG_SYNC") == "true",
        )


def bucket(values: Mapping[str, str]) -> Bucket:
    """The bucket of the cluster's configuration."""
    return Bucket(
        values[_S3_ENDPOINT],
        values[environment.S3_BUCKET],
        Keys(values[environment.S3_ACCESS_KEY], values[environment.S3_SECRET_KEY]),
        values.get(_S3_REGION) or "us-east-1",
    )


def for_bucket(text: str) -> str:
    """A node's `.env` without what is the node's own."""
    lines = text.splitlines(keepends=True)
    return "".join(line for line in lines if not line.startswith(f"{environment.NODE_PRIVATE_IP}="))


def from_bucket(text: str, ip: str) -> str:
    """The cluster's `.env` with the node's own address."""
    return with_line(for_bucket(text), environment.NODE_PRIVATE_IP, ip)


def with_line(text: str, key: str, value: str) -> str:
    """`text` with `key` set to `value`, whatever characters that has."""
    lines = text.splitlines()
    new = f"{key}={value}"
    for number, line in enumerate(lines):
        if line.startswith(f"{key}="):
            lines[number] = new
            break
    else:
        lines.append(new)
    return "\n".join(lines) + "\n"


def as_text(value: object) -> str | None:
    """A value from the body of POST /openvidu/api/restart as `.env` has it; `None`: not taken."""
    match value:
        case bool():
            return "true" if value else "false"
        case str() | int() | float():
            return str(value)
        case list():
            return json.dumps(value, separators=(",", ":"))
        case _:
            return None


def replace_file(path: Path, text: str) -> None:
    """Write a file so that readers see the old one or the new one, with its permissions."""
    mode = path.stat().st_mode & 0o777 if path.exists() else 0o600
    temporary = path.with_name(f"{path.name}.new")
    try:
        temporary.touch(mode=0o600)
        temporary.write_text(text)
        temporary.chmod(mode)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)

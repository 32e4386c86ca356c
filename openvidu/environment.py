"""`.env` files: their keys, how OpenVidu's scripts read them, and how to write and read them.

Values are stored as they stand, one `KEY=value` a line, without quoting. OpenVidu's scripts
read them with `grep -v '^#' .env | grep KEY | cut -d= -f2` (repository, `base-services`), and
docker compose reads the same file by its own rules. `render` takes only text that all of
them, and Python, read back unchanged.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping

NODE_IPS = "OPENVIDU_ENTERPRISE_HA_NODE_IPS"
NODE_PRIVATE_IP = "OPENVIDU_ENTERPRISE_HA_NODE_PRIVATE_IP"
OPENVIDU_SECRET = "OPENVIDU_SECRET"  # noqa: S105 - the name of a key
REDIS_HOST = "OPENVIDU_ENTERPRISE_HA_REDIS_HOST"
REDIS_PASSWORD = "OPENVIDU_ENTERPRISE_HA_REDIS_PASSWORD"  # noqa: S105 - the name of a key
REDIS_PORT = "OPENVIDU_ENTERPRISE_HA_REDIS_PORT"
S3_ENDPOINT = "OPENVIDU_ENTERPRISE_HA_S3_CONFIG_SERVICE_ENDPOINT"
S3_REGION = "OPENVIDU_ENTERPRISE_HA_S3_CONFIG_REGION"
S3_BUCKET = "OPENVIDU_ENTERPRISE_HA_S3_CONFIG_BUCKET"
S3_ACCESS_KEY = "OPENVIDU_ENTERPRISE_HA_S3_CONFIG_ACCESS_KEY"
S3_SECRET_KEY = "OPENVIDU_ENTERPRISE_HA_S3_CONFIG_SECRET_KEY"  # noqa: S105 - the name of a key
TARGET_GROUP = "TARGET_GROUP_ARN"
"""No key of OpenVidu's: tells the membership program which load balancer it edits."""
ICE_SERVERS = "OPENVIDU_WEBRTC_ICE_SERVERS"
WEBHOOK_ENDPOINT = "OPENVIDU_WEBHOOK_ENDPOINT"
WEBHOOK_HEADERS = "OPENVIDU_WEBHOOK_HEADERS"
LISTS = {WEBHOOK_HEADERS, "OPENVIDU_WEBHOOK_EVENTS"}
"""Lists: `[a,b]` or `["a","b"]` in `.env`, a JSON array in a call of the API.

Source: repository, `.env` of nodes; REST API reference, "POST /openvidu/api/restart".
"""
ELASTICSEARCH_HOST = "OPENVIDU_PRO_ELASTICSEARCH_HOST"
KIBANA_HOST = "OPENVIDU_PRO_KIBANA_HOST"
ELASTICSEARCH_USERNAME = "ELASTICSEARCH_USERNAME"
ELASTICSEARCH_PASSWORD = "ELASTICSEARCH_PASSWORD"  # noqa: S105 - the name of a key

DEFAULTS: Mapping[str, str] = {
    "HTTP_PORT": "80",
    "HTTPS_PORT": "443",
    "OPENVIDU_RECORDING": "false",
    "OPENVIDU_WEBHOOK": "false",
}
"""What OpenVidu goes by where a file doesn't say it.

Source: repository, Compose file of the base, and `.env` of nodes.
"""

BASE_REQUIRED = (
    "DOMAIN_OR_PUBLIC_IP",
    OPENVIDU_SECRET,
    "CERTIFICATE_TYPE",
    NODE_IPS,
    REDIS_PASSWORD,
    S3_BUCKET,
    S3_ACCESS_KEY,
    S3_SECRET_KEY,
    ELASTICSEARCH_USERNAME,
    ELASTICSEARCH_PASSWORD,
)
"""Keys that `base-services start` wants to be there and not empty (repository, `base-services`)."""
LOOKED_FOR = (*BASE_REQUIRED, "LETSENCRYPT_EMAIL")
"""Keys whose names it looks for in whole lines: also in other keys' values."""

LOGINS = (
    OPENVIDU_SECRET,
    REDIS_HOST,
    REDIS_PORT,
    REDIS_PASSWORD,
    S3_ACCESS_KEY,
    S3_SECRET_KEY,
    ELASTICSEARCH_HOST,
    KIBANA_HOST,
    ELASTICSEARCH_USERNAME,
    ELASTICSEARCH_PASSWORD,
)
"""Where nodes log in, and with what: with the wrong values in the bucket no node starts."""

PROBE = "preflight-"
"""Not OpenVidu's: how what is put into bucket and Redis is named, to see whether that works."""

NO_NODES = "127.0.0.1"
"""Stands in NODE_IPS while the cluster has no ready node.

`base-services` refuses an empty list, and nginx an empty upstream. Nothing listens on port
4443 of the loopback address there, so a request gets 502 until the first node joins.
"""

SECRET_PATTERN = re.compile(r"[a-zA-Z0-9_-]+")
"""Source: page, note under "Installing Base Services" step 6; checked by `base-services`."""

ELASTICSEARCH_PASSWORD_LENGTH = 7
"""Shortest ELASTICSEARCH_PASSWORD that `base-services` takes."""
MINIO_SECRET_KEY_LENGTH = 8
"""Shortest secret key that MinIO takes."""

_NAME = re.compile(r"[A-Z_][A-Z0-9_]*")
# Printable ASCII without what one of the readers treats in its own way: `=` (cut), `#`, `$`,
# backslash and back-tick (docker compose), and not starting with a quote or a space.
_VALUE = re.compile(r"(?![ '\"])[ -\"%-<>-\[\]-_a-~]*(?<! )")


_WITH_EQUALS = {
    ICE_SERVERS,
    WEBHOOK_HEADERS,
    WEBHOOK_ENDPOINT,
    "OPENVIDU_PRO_DOCKER_REGISTRIES",
    "HTTPS_HSTS",
    "ES_JAVA_OPTS",
    "JAVA_OPTIONS",
}
"""No script reads these, and OpenVidu documents them with `=`.

Source: documentation, "Allow users behind firewalls" and "OpenVidu configuration"; image
`openvidu-proxy`.
"""


class UnwritableValueError(ValueError):
    """A key or value that not every reader of `.env` would read back unchanged.

    Attributes:
        key: the name of the key; the value is never part of the error.
    """

    def __init__(self, key: str, reason: str) -> None:
        super().__init__(f"{key}: {reason}")
        self.key = key


def is_writable(value: str) -> bool:
    """Whether every reader of `.env` reads `value` back unchanged."""
    return _VALUE.fullmatch(value) is not None


def render(values: Mapping[str, str], *, header: str) -> str:
    """The text of an `.env` file.

    Args:
        values: keys and values, in the order in which to write them.
        header: one line that is put first as a comment.

    Raises:
        UnwritableValueError: a key or value would be read back differently.
    """
    for key, value in values.items():
        if not _NAME.fullmatch(key):
            raise UnwritableValueError(key, "a name must have only uppercase letters, digits and _")
        if not is_writable(value.replace("=", "") if key in _WITH_EQUALS else value):
            raise UnwritableValueError(
                key, "a value is printable ASCII without = # $ ` or backslash, unquoted"
            )
    lines = [f"# {header}", *(f"{key}={value}" for key, value in values.items())]
    return "\n".join(lines) + "\n"


def parse(text: str) -> dict[str, str]:
    """Keys and values of an `.env` file; comments and lines without `=` are left out."""
    pairs = (line.split("=", 1) for line in text.splitlines() if not line.startswith("#"))
    return {pair[0]: pair[1] for pair in pairs if len(pair) == 2}


def items(value: str) -> list[str]:
    """The items of a list, in either of its forms."""
    try:
        return [str(item) for item in json.loads(value)]
    except (ValueError, TypeError):
        inner = value.strip().removeprefix("[").removesuffix("]")
        return [item.strip(' "') for item in inner.split(",") if item.strip()]


def with_value(text: str, key: str, value: str) -> str:
    """`text` with `key` set to `value` in place, everything else kept to the byte.

    A key that is missing is added as the last line.
    """
    if not is_writable(value):
        raise UnwritableValueError(key, "the value can't be written to .env")
    line = f"{key}={value}"
    pattern = re.compile(rf"^{re.escape(key)}=.*$", re.MULTILINE)
    if pattern.search(text):
        return pattern.sub(line, text, count=1)
    if text and not text.endswith("\n"):
        text += "\n"
    return f"{text}{line}\n"


def node_ips(text: str) -> tuple[str, ...]:
    """The load balancer's addresses in a base `.env`, without the stand-in for none."""
    listed = parse(text).get(NODE_IPS, "").split(",")
    return tuple(ip for ip in listed if ip and ip != NO_NODES)


def node_ips_value(ips: Iterable[str]) -> str:
    """The value of NODE_IPS for `ips`: sorted as addresses, never empty."""
    ordered = sorted(set(ips), key=lambda ip: tuple(int(part) for part in ip.split(".")))
    return ",".join(ordered) or NO_NODES

"""How full Elasticsearch, Redis and MinIO are, and what to do: `membership.pyz stores`. Pure."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from openvidu.roles import Role

FULL_PERCENT = 90
"""Elasticsearch lets go of what it has blocked below this; at 95 it blocks.
Source: Elasticsearch, "Cluster-level shard allocation", disk.watermark.high and flood_stage."""
_MIB, _GIB = 2**20, 2**30
_SHOWN = 3
_NAMES = {"elasticsearch": "Elasticsearch", "redis": "Redis", "minio": "MinIO"}


@dataclass(frozen=True)
class Store:
    """A service with something to fill up.

    Attributes:
        name: such as `Redis`.
        said: how it is, in words.
        problem: why somebody has to do something; None where nobody has to.
        next: what to type then.
        is_known: whether it could be asked.
    """

    name: str
    said: str
    problem: str | None = None
    next: str | None = None
    is_known: bool = True

    @property
    def remark(self) -> str | None:
        """What somebody has to do, and what to type; None where nothing is to be done."""
        return f"{self.name}: {self.problem}. Next: {self.next}" if self.problem else None


def parse(text: str, machine: str, role: Role) -> list[Store]:
    """Read what the base or a single master tells; whatever can't be read is unknown.

    Args:
        text: JSON; anything else where its program is of an earlier release.
        machine: such as `base`.
        role: what it's for.
    """
    try:
        told: Mapping[str, Mapping[str, Any]] = json.loads(text)
        return [_READ[name](one, machine, role) for name, one in told.items() if name in _READ]
    except (ValueError, KeyError, TypeError, AttributeError):
        return [
            Store(
                "Services",
                "unknown",
                f"how full Elasticsearch, Redis and MinIO are isn't known: {machine} doesn't tell",
                "pulumi up, if its program is from an earlier release",
                is_known=False,
            )
        ]


def _unknown(key: str, one: Mapping[str, Any], machine: str) -> Store | None:
    if "unknown" not in one:
        return None
    container = {"minio": "minio-s3"}.get(key, key)
    return Store(
        _NAMES[key],
        f"unknown: {one['unknown']}",
        f"how it is isn't known: {one['unknown']}",
        f"uv run openvidu-enterprise logs {machine} --service {container} --tail 50",
        is_known=False,
    )


def _elasticsearch(one: Mapping[str, Any], machine: str, role: Role) -> Store:
    if unknown := _unknown("elasticsearch", one, machine):
        return unknown
    status, blocked = str(one["status"]), list(one["readOnly"])
    if blocked:
        more = f" and {len(blocked) - _SHOWN} more" if len(blocked) > _SHOWN else ""
        named = f"{', '.join(blocked[:_SHOWN])}{more}"
        folder = f"{role.product.folder}/elasticsearch"
        return Store(
            "Elasticsearch",
            f"{status}, read-only: {named}",
            f"it accepts no more data: {named} is read-only, as is everything on a disk "
            "that is 95 % full",
            f"make room on {machine}, until less than {FULL_PERCENT} % are in use (df "
            f"{folder}): sudo docker image prune --all; then it accepts data again by "
            "itself. To undo what somebody has set by hand, in Kibana's Dev Tools: PUT "
            "_all/_settings "
            '{"index.blocks.read_only": null, "index.blocks.read_only_allow_delete": null}',
        )
    if status not in ("green", "yellow"):
        return Store(
            "Elasticsearch",
            status,
            f"its health is {status}: a part of its data isn't there",
            f"uv run openvidu-enterprise logs {machine} --service elasticsearch --tail 50",
        )
    # On one machine there is no place for copies.
    return Store("Elasticsearch", status)


def _redis(one: Mapping[str, Any], machine: str, role: Role) -> Store:
    if unknown := _unknown("redis", one, machine):
        return unknown
    used, limit, policy = int(one["used"]), int(one["limit"]), str(one["policy"])
    if not limit:
        return Store("Redis", f"{used / _MIB:.0f} MiB in use, no limit ({policy})")
    said = f"{used / _MIB:.0f} MiB in use of {limit / _MIB:.0f} MiB ({policy})"
    if 100 * used < FULL_PERCENT * limit:
        return Store("Redis", said)
    # Source: Redis, "Key eviction".
    then = (
        "at the limit it refuses to write, and no call can begin"
        if policy == "noeviction"
        else "at the limit it drops what nodes share about calls"
    )
    return Store(
        "Redis",
        said,
        f"{said}; {then}",
        f"on {machine}: cd {role.product.folder} && sudo docker compose exec redis redis-cli "
        "--askpass config set maxmemory 0; the limit isn't OpenVidu's",
    )


def _minio(one: Mapping[str, Any], machine: str, role: Role) -> Store:
    if unknown := _unknown("minio", one, machine):
        return unknown
    percent = int(one["percent"])
    said = f"{percent} % in use, {int(one['free']) / _GIB:.1f} GiB free"
    if percent < FULL_PERCENT:
        return Store("MinIO", said)
    # Source: minio, cmd/globals.go, diskFillFraction: 0.99.
    return Store(
        "MinIO",
        said,
        f"{said}; at 99 % it accepts no more data, and recordings stay on nodes",
        "delete recordings that nobody needs (DELETE /openvidu/api/recordings/ID), or enlarge the "
        f"disk (on AWS: pulumi config set dataVolumeSize); on {machine}: "
        f"sudo du -xh --max-depth=2 {role.product.folder}/minio-s3 | sort -h | tail",
    )


_READ: Mapping[str, Callable[[Mapping[str, Any], str, Role], Store]] = {
    "elasticsearch": _elasticsearch,
    "redis": _redis,
    "minio": _minio,
}

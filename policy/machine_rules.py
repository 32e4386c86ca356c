"""What machines are, and what happens before they go. Source: page, "Prerequisites"."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from components.resource_names import parse, standbys
from openvidu.roles import MAINS, NODE
from policy.resource import INSTANCE, LOCAL_COMMAND, Resource, Violation

_SECRET = re.compile(
    r"secret|passw(or)?d|license|private[ _-]?key|\bAKIA[0-9A-Z]{16}\b", re.IGNORECASE
)
_ROLES = {role.name: role for role in (*MAINS, NODE)}
_TYPE = re.compile(r"(?P<letters>[a-z]+)(?P<generation>[0-9]*)[^.]*\.(?P<size>.+)")
_BURSTABLE = {"nano": 0.5, "micro": 1.0, "small": 2.0, "medium": 4.0}
"""GiB of the family T's sizes below `large`; each has 2 processors at most."""
_CPUS = {"medium": 1, "large": 2, "xlarge": 4}
_MULTIPLE = re.compile(r"([0-9]+)xlarge")
_GIB_PER_CPU = {"a": 2.0, "c": 2.0, "m": 4.0, "r": 8.0, "t": 4.0}
"""Of EC2's families, by their letters; others aren't judged by their memory."""
_OLD_GIB_PER_CPU = {"c1": 0.875, "c3": 1.875, "c4": 1.875, "m1": 3.75, "m3": 3.75}


def imds_v1(one: Resource) -> Iterator[str]:
    """Instance metadata without a token: whatever can send a request could read it."""
    if one.type == INSTANCE:
        found = (one.props.get("metadataOptions") or {}).get("httpTokens")
        if found != "required":
            yield f"{one.name}: metadataOptions.httpTokens must be required (IMDSv2), got {found}"


def secrets_in_user_data(one: Resource) -> Iterator[str]:
    """User data is readable by whoever may describe the instance."""
    if one.type != INSTANCE:
        return
    for key in ("userData", "userDataBase64"):
        text = str(one.props.get(key) or "")
        if _SECRET.search(text) or _SECRET.search(_decoded(text)):
            yield f"{one.name}: {key} looks as if it contains a secret; put that there over SSH"


def small_instances(one: Resource) -> Iterator[str]:
    """Machines with less than their role asks for."""
    role = _ROLES.get(one.role)
    if one.type != INSTANCE or role is None:
        return
    found = str(one.props.get("instanceType") or "")
    has = _capacity(found)
    little = []
    if has.cpus is not None and has.cpus < role.least_cpus:
        little.append(f"{has.cpus} CPUs")
    if has.memory_gib is not None and has.memory_gib < role.least_memory_gib:
        little.append(f"{has.memory_gib:g} GiB")
    if little:
        yield (
            f"{one.name} is a {found} with {' and '.join(little)}; a {role.name} needs at least "
            f"{role.least_cpus} CPUs and {role.least_memory_gib} GiB"
        )


def missing_memberships(resources: Sequence[Resource]) -> Iterator[Violation]:
    """Nodes that would not be drained before they go; a standby takes no calls until it starts."""
    parsed = [found for one in resources if (found := parse(one.name))]
    waiting = standbys(parsed) - {one.machine for one in parsed if one.part == "start"}
    members = {one.name for one in resources if one.type == LOCAL_COMMAND and _drains(one)}
    nodes: dict[str, str] = {}
    for one in resources:
        found = parse(one.name)
        is_machine = found and (found.part == "start" or (one.type == INSTANCE and not found.part))
        if found and found.node and is_machine:
            nodes[found.machine] = one.urn
    for name, urn in nodes.items():
        if name not in waiting and f"{name}-membership" not in members:
            problem = (
                f"{name} has no {name}-membership that drains it before its machine is removed"
            )
            yield Violation(urn, problem)


@dataclass(frozen=True)
class _Capacity:
    """Processors and memory; None where that isn't known."""

    cpus: int | None = None
    memory_gib: float | None = None


def _capacity(instance_type: str) -> _Capacity:
    """That of an EC2 type, as far as its name tells."""
    match = _TYPE.fullmatch(instance_type)
    if not match:
        return _Capacity()
    letters, size = match["letters"], match["size"]
    if letters == "t" and size in _BURSTABLE:
        return _Capacity(2, _BURSTABLE[size])
    multiple = _MULTIPLE.fullmatch(size)
    cpus = 4 * int(multiple[1]) if multiple else _CPUS.get(size)
    each = _OLD_GIB_PER_CPU.get(letters + match["generation"], _GIB_PER_CPU.get(letters))
    return _Capacity(cpus, None if cpus is None or each is None else cpus * each)


def _drains(command: Resource) -> bool:
    """Whether a command has something to do when it goes: a membership's delete drains."""
    return bool(command.props.get("delete"))


def _decoded(text: str) -> str:
    try:
        return base64.b64decode(text, validate=True).decode(errors="replace")
    except (binascii.Error, ValueError):
        return ""

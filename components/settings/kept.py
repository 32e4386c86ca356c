"""What a deployed stack keeps, and what is proposed because of it. Pure.

A message that proposes another value would be followed by the next one, which refuses it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace

from components.previous_state import PreviousState
from components.settings.choices import AWS, EXISTING, HA, HA_MANAGED, SINGLE_MASTER
from components.settings.mistakes import Mistake, set_command
from components.settings.table import Settings
from openvidu.release import LATEST, VERSION_PATTERN, Step, step
from openvidu.roles import BASE, BASTION, MASTER

_SHAPES = {BASE.name: HA, MASTER.name: SINGLE_MASTER, BASTION.name: HA_MANAGED}
_SETS = re.compile(r"pulumi config set (\w+) (\S+)")


def another_kind(settings: Settings, previous: PreviousState) -> list[Mistake]:
    """Another kind of machines, or another shape, than a stack has.

    Args:
        settings: what is wanted.
        previous: what is deployed.
    """
    kept = _kind(previous)
    wanted = {"machines": settings.machines, "shape": settings.shape}
    return [
        Mistake(
            key,
            f"must stay as this stack's machines are, got {found}",
            f"{set_command(key, kept[key])}\n      or: pulumi stack init ANOTHER-STACK",
        )
        for key, found in wanted.items()
        if kept.get(key, found) != found
    ]


def proposed(
    mistakes: Sequence[Mistake], config: Mapping[str, str], previous: PreviousState
) -> list[Mistake]:
    """Mistakes, with what the stack has in place of a value that would be refused next.

    Args:
        mistakes: as if nothing were deployed.
        config: text by key.
        previous: what is deployed.
    """
    kept = dict(_kind(previous))
    if previous.network:
        kept["subnetCidr"] = previous.network
    if kept.get("shape") == HA_MANAGED and previous.zone_count:
        kept["availabilityZones"] = str(previous.zone_count)
    done = next((previous.done[name] for name in _SHAPES if name in previous.done), None)
    if done and done.version != LATEST:
        kept["openviduVersion"] = done.version
    return [_with(mistake, config, kept) for mistake in mistakes]


def _with(mistake: Mistake, config: Mapping[str, str], kept: Mapping[str, str]) -> Mistake:
    sets = _SETS.fullmatch(mistake.command)
    if sets is None or (key := sets[1]) not in kept or _may_be(key, sets[2], kept[key]):
        return mistake
    if key != mistake.key:
        return replace(mistake, command=f"pulumi config rm {mistake.key}")
    # What the stack has was taken: something else doesn't fit to it.
    others = [one for one in kept if config.get(one, kept[one]) != kept[one]]
    wrong = others[0] if config.get(key) == kept[key] and others else key
    return replace(mistake, command=set_command(wrong, kept[wrong]))


def _may_be(key: str, value: str, before: str) -> bool:
    """Whether a stack that has one value takes another."""
    if key == "openviduVersion" and VERSION_PATTERN.fullmatch(value):
        return step(before, value) in (Step.NONE, Step.UPGRADE)
    return value == before


def _kind(previous: PreviousState) -> Mapping[str, str]:
    names = previous.addresses.keys() | previous.hosts.keys()
    if not names:
        return {}
    shapes = [shape for name, shape in _SHAPES.items() if name in names]
    # What was taken over on AWS is among hosts, and in a network.
    machines = EXISTING if previous.hosts and not previous.vpc_id else AWS
    return {"machines": machines, **({"shape": shapes[0]} if shapes else {})}

"""What a preview does to nodes, base and calls."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from components.resource_names import ResourceName, parse
from openvidu.roles import BASE, BASTION, MAINS, MASTER

_MAINS = tuple(role.name for role in MAINS)
_INSTANCE = "aws:ec2/instance:Instance"
_REPLACED = ("replace", "create-replacement")
_PLUGIN = re.compile(r"using pulumi-[a-z-]+ from \$PATH at ")
"""The engine's own words about where a plugin is: nothing about the deployment."""
_WITHOUT: Mapping[str, str] = {
    BASE.name: (
        "The base is replaced at once, calls or not: Redis with all sessions and "
        "everybody's connections are lost with it, so every call is cut, and none can "
        "begin until the new base is up. Choose a moment without calls."
    ),
    MASTER.name: (
        "The master is replaced at once, calls or not: sessions and everybody's "
        "connections are lost with it, so every call is cut, and none can begin until "
        "the new one is up. Choose a moment without calls."
    ),
    BASTION.name: (
        "The bastion is replaced: calls go on, but until the new one is up no node "
        "joins, and none drains."
    ),
}
"""What another machine in the place of each of these means for calls."""
_UNCHANGED = ("same", "read", "read-replacement", "delete-replaced")
_PROJECT = "openvidu-enterprise"


@dataclass(frozen=True)
class Changes:
    """What a preview does.

    Attributes:
        added: nodes that come.
        drained: nodes that go, once their calls have ended.
        replaced: machines that others take the place of; nodes are drained first.
        upgraded: machines that get another version of OpenVidu.
        others: what else changes, as `update base-env`.
        warnings: what the program says of it, and what becomes of calls.
        errors: why it can't be done.
    """

    added: Sequence[str]
    drained: Sequence[str]
    replaced: Sequence[str]
    upgraded: Sequence[str]
    others: Sequence[str]
    warnings: Sequence[str]
    errors: Sequence[str]

    @property
    def is_empty(self) -> bool:
        """Whether nothing would change."""
        return not (self.added or self.drained or self.replaced or self.upgraded or self.others)


def changes_in(preview: Mapping[str, Any]) -> Changes:
    """Read a preview.

    Args:
        preview: as `pulumi preview --json` prints it, also where it has failed.
    """
    steps = [_Step.of(one) for one in preview.get("steps") or ()]
    steps = [one for one in steps if one.op not in _UNCHANGED]
    members = {one.owner: one.op for one in steps if one.part == "membership"}
    added = {name for name, op in members.items() if op == "create"}
    drained = {name for name, op in members.items() if op == "delete"}
    replaced = {one.name for one in steps if one.type == _INSTANCE and one.op in _REPLACED}
    replaced |= {name for name, op in members.items() if op in _REPLACED}
    # On a base that exists already: it's replaced where another machine has its place.
    replaced |= {
        one.owner
        for one in steps
        if one.op in _REPLACED and one.part == "install" and one.owner in _MAINS
    }
    upgraded = {one.owner for one in steps if one.op == "update" and one.part == "upgrade"}
    told = {*added, *drained, *replaced, *upgraded}
    others = [f"{one.op} {one.name}" for one in steps if one.is_told and one.owner not in told]
    lost = [one.name for one in steps if one.op in _REPLACED and one.part == "data"]
    force = (preview.get("config") or {}).get(f"{_PROJECT}:forceAfterDrainTimeout") == "true"
    gone = _by_number(drained | (replaced - {*_MAINS}))
    return Changes(
        _by_number(added),
        _by_number(drained),
        _by_number(replaced),
        _by_number(upgraded),
        sorted(set(others)),
        [
            *(f"{name} is replaced by an empty volume: the data on it is lost." for name in lost),
            *said(preview, "warning"),
            *(_WITHOUT[main] for main in _MAINS if main in replaced),
            *_of_calls(gone, force=force),
        ],
        said(preview, "error"),
    )


def _of_calls(gone: Sequence[str], *, force: bool) -> Iterator[str]:
    if gone and force:
        yield (
            f"Calls on {', '.join(gone)} that outlast drainTimeout will be cut: "
            "forceAfterDrainTimeout is set."
        )
    elif gone:
        yield (
            f"Calls on {', '.join(gone)} go on to their end: the update may take as long as "
            "they do."
        )


@dataclass(frozen=True)
class _Step:
    """One step.

    Attributes:
        op: what it does.
        type: of the resource.
        name: its logical name.
        owner: the machine that it belongs to; its own name where it belongs to none.
        part: what it is of this machine; empty where it's the machine, or belongs to none.
    """

    op: str
    type: str
    name: str
    owner: str
    part: str

    @classmethod
    def of(cls, step: Mapping[str, Any]) -> _Step:
        *_, kinds, name = step["urn"].split("::", 3)
        kind = kinds.rpartition("$")[2]
        reasons = step.get("replaceReasons") or ()
        pending = bool((step.get("oldState") or {}).get("pendingReplacement"))
        is_same_machine = bool(pending or reasons) and not any("triggers" in why for why in reasons)
        # On the same machine a command is carried out once more, for something else.
        again = kind.startswith("command:") and step["op"] in _REPLACED and is_same_machine
        found = parse(name) or ResourceName(name, "")
        return cls("update" if again else step["op"], kind, name, found.machine, found.part)

    @property
    def is_told(self) -> bool:
        """Whether it stands for something: components and the stack don't."""
        return not self.type.startswith((f"{_PROJECT}:", "pulumi:pulumi:Stack"))


def said(preview: Mapping[str, Any], severity: str) -> list[str]:
    """What the program and the engine have said of it, each once.

    Args:
        preview: as `pulumi preview --json` prints it.
        severity: `warning` or `error`.
    """
    found = (
        one["message"].strip().removeprefix(f"{severity}: ")
        for one in preview.get("diagnostics") or ()
        if one.get("severity") == severity
    )
    return [*dict.fromkeys(text for text in found if not _PLUGIN.match(text))]


def _by_number(names: Iterable[str]) -> list[str]:
    return sorted(names, key=lambda name: (len(name), name))

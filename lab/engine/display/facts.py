"""What a deployment tells about itself, and what there is to say about it in the end."""

from __future__ import annotations

import threading
from collections import Counter
from dataclasses import dataclass, field
from typing import Protocol

from lab.engine.model.diff import Diff
from lab.engine.model.state import ResourceState
from lab.engine.model.step import Op, Step
from lab.engine.model.values import Properties


@dataclass(frozen=True, slots=True)
class Message:
    """A line of a log.

    Attributes:
        severity: debug, info, warning or error.
        urn: the resource that it is about, or "" for the whole stack.
        ephemeral: whether it's a status that the next one replaces.
    """

    severity: str
    text: str
    urn: str = ""
    ephemeral: bool = False


class Display(Protocol):
    """Shows a deployment. Called from many threads at once."""

    def begin(self, step: Step) -> None:
        """A step begins."""

    def end(self, step: Step, error: str | None) -> None:
        """A step has ended; with an error if it failed."""

    def outputs(self, old: ResourceState | None, new: ResourceState) -> None:
        """A component, or the stack, has told its outputs."""

    def log(self, message: Message) -> None:
        """Somebody has said something."""

    def finish(self, *, failed: bool) -> None:
        """All is over."""


@dataclass(slots=True)
class Facts:
    """What is to be counted and repeated in the end; safe to use from many threads."""

    preview: bool
    stack_urn: str
    messages: list[Message] = field(default_factory=list)
    failed: set[str] = field(default_factory=set)
    counts: Counter[Op] = field(default_factory=Counter)
    refreshed: dict[str, Op] = field(default_factory=dict)
    old_outputs: Properties = field(default_factory=dict)
    new_outputs: Properties | None = None
    lock: threading.RLock = field(default_factory=threading.RLock)

    def ended(self, step: Step, error: str | None) -> None:
        """Take a step in."""
        with self.lock:
            if error is not None:
                self.failed.add(step.urn)
            elif not step.skipped and step.counts and not is_hidden(step.resource):
                # What an update does after a refresh counts in its place.
                if step.urn in self.refreshed:
                    self.counts[self.refreshed.pop(step.urn)] -= 1
                if step.op is Op.REFRESH:
                    self.refreshed[step.urn] = step.shown_op
                self.counts[step.shown_op] += 1

    def said(self, message: Message) -> None:
        """Take a message in, unless it was a passing one."""
        with self.lock:
            if not message.ephemeral:
                self.messages.append(message)
            if message.severity == "error":
                self.failed.add(message.urn or self.stack_urn)

    @property
    def changes(self) -> int:
        """How many resources changed, or would."""
        return sum(count for op, count in self.counts.items() if op is not Op.SAME)


def is_hidden(state: ResourceState) -> bool:
    """Default providers are the engine's own affair."""
    return state.is_provider and state.name.startswith("default")


def difference_text(diff: Diff | None) -> str:
    """Which properties differ, in short: `[diff: +tags~stdin,triggers]`."""
    if diff is None or diff.changed is False:
        return ""
    signs: dict[str, str] = {}
    if diff.detailed is not None:
        marks = {"add": "+", "delete": "-"}
        for path, one in diff.detailed.items():
            key = path.split(".")[0].split("[")[0] or path
            sign = marks.get(one.kind.removesuffix("-replace"), "~") if key == path else "~"
            signs.setdefault(key, sign)
    for key in (*diff.changed_keys, *diff.replace_keys):
        if diff.detailed is None or key not in signs:
            signs.setdefault(key, "~")
    groups = [(sign, sorted(key for key in signs if signs[key] == sign)) for sign in "+-~"]
    text = "".join(sign + ",".join(keys) for sign, keys in groups if keys)
    return f"[diff: {text}]" if text else ""

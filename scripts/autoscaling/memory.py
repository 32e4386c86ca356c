"""What autoscaling remembers from one run to the next: earlier looks, and the last change.

A file of the operator's own. Where it is lost nothing leaves before a new window has passed.
"""

from __future__ import annotations

import fcntl
import json
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from scripts.autoscaling.cluster_load import Demand
from scripts.autoscaling.decision import Past, Sample
from scripts.autoscaling.scaling_policy import Measure, Policy

_WINDOWS = 2
"""Windows that are kept: the last look before a window says what it began with."""


class OtherRunError(Exception):
    """Another autoscaler of this stack runs on this machine."""


def default_file(stack: str) -> Path:
    """Where the memory of a stack is kept.

    Source: XDG Base Directory Specification, `XDG_STATE_HOME`.
    """
    state = Path(os.environ.get("XDG_STATE_HOME") or Path.home() / ".local/state")
    return state / "openvidu-enterprise" / f"autoscale-{stack.replace('/', '-')}.json"


def with_look(past: Past, now: float, demand: Demand, policy: Policy) -> Past:
    """The past with another look; those that no decision asks for any more are dropped."""
    oldest = now - _WINDOWS * policy.window.total_seconds()
    kept = [one for one in past.samples if oldest <= one.at < now]
    return replace(past, samples=(*kept, Sample(now, demand)))


class Memory:
    """A past in a file."""

    def __init__(self, file: Path) -> None:
        self._file = file

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Keep other autoscalers of the stack out.

        Raises:
            OtherRunError: there is one.
        """
        self._file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        # Not the file itself: that one is replaced whole.
        with self._file.with_suffix(".lock").open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise OtherRunError(
                    f"another autoscaler of this stack runs: it holds {lock.name}."
                ) from None
            yield

    def read(self) -> Past:
        """The past; an empty one where there's none, or it isn't of that form."""
        try:
            found = json.loads(self._file.read_text())
            samples = tuple(
                Sample(float(one["at"]), {Measure(key): float(n) for key, n in one["of"].items()})
                for one in found["samples"]
            )
            changed = found["changed"]
            return Past(samples, None if changed is None else float(changed))
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            return Past()

    def write(self, past: Past) -> None:
        """Keep a past, whole or not at all."""
        text = json.dumps(
            {
                "changed": past.changed,
                "samples": [{"at": one.at, "of": dict(one.demand)} for one in past.samples],
            }
        )
        # Made with mode 0600.
        with tempfile.NamedTemporaryFile(
            "w", dir=self._file.parent, prefix=f".{self._file.name}.", delete=False
        ) as beside:
            beside.write(text + "\n")
        Path(beside.name).replace(self._file)

"""Looks at a deployment again and again, and has what was found ready for the page."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

from scripts.cluster_status import MachineStatus, Status
from scripts.live_page.timeline import Timeline
from scripts.masking import mask
from scripts.pulumi_cli import PulumiError


class LiveLooks:
    """What is known of a deployment, as of the last look and of those before.

    Attributes:
        stack: its name.
    """

    def __init__(
        self,
        stack: str,
        look: Callable[[], Status],
        secrets: Callable[[], Iterable[str]],
        interval: float,
    ) -> None:
        """Prepare; nothing is looked at yet.

        Args:
            stack: its name.
            look: looks; raises `PulumiError` where it can't.
            secrets: the stack's, the longest first, which texts must not hold; likewise.
            interval: seconds between looks.
        """
        self.stack = stack
        self._look, self._secrets = look, secrets
        self._lock = threading.Lock()
        self._timeline = Timeline()
        self._known_secrets: list[str] = []
        self._found: dict[str, Any] = {
            "stack": stack,
            "interval": interval,
            "looked": None,
            "problem": None,
            "status": None,
        }

    def look_again(self) -> None:
        """Look once. What can't be seen is told, and no reason to end."""
        at = datetime.now(UTC)
        try:
            found = self._seen()
        except (PulumiError, OSError) as error:
            with self._lock:
                self._timeline.miss(at)
                self._found["problem"] = self._clean(" ".join(str(error).split()))
            return
        shown = _shown(found, self._clean)
        with self._lock:
            self._timeline.add(at, found.machines)
            self._found |= {"looked": at.timestamp(), "problem": None, "status": shown}

    def as_json(self) -> Mapping[str, Any]:
        """What the page shows, ready for JSON."""
        with self._lock:
            now = datetime.now(UTC).timestamp()
            return {**self._found, "now": now, "timeline": self._timeline.as_json()}

    def _seen(self) -> Status:
        """Look; once more where that fails, as on a state that an update is just writing."""
        with suppress(PulumiError, OSError):
            return self._look_with_secrets()
        return self._look_with_secrets()

    def _look_with_secrets(self) -> Status:
        # An update may have brought others since.
        self._known_secrets = [*self._secrets()]
        return self._look()

    def _clean(self, text: str) -> str:
        return mask(text, self._known_secrets)


def _shown(found: Status, clean: Callable[[str], str]) -> Mapping[str, Any]:
    """Of a look what the page has a place for, and nothing else."""
    until = found.certificate
    return {
        "state": found.state,
        "isWell": found.is_well,
        "remarks": [clean(one) for one in found.remarks(datetime.now(UTC))],
        "machines": [_machine(one, clean) for one in found.machines],
        "services": [clean(f"{one.name}: {one.said}") for one in found.stores],
        "certificate": until.timestamp() if until else None,
    }


def _machine(one: MachineStatus, clean: Callable[[str], str]) -> Mapping[str, Any]:
    sessions = None if one.sessions is None else [*one.sessions]
    return {
        "name": one.name,
        "privateIp": one.private_ip,
        "state": one.state,
        "health": one.health,
        "version": one.version,
        "carriesCalls": one.carries_calls,
        "calls": one.calls,
        "participants": one.participants,
        "cpu": one.usage.cpu if one.usage else None,
        "memory": one.usage.memory if one.usage else None,
        "balanced": one.balanced,
        "aws": None if one.aws is None else "ok" if one.aws.is_well else clean(str(one.aws)),
        "sessions": sessions
        and [[clean(each.id), each.participants, each.since.timestamp()] for each in sessions],
    }

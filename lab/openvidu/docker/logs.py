"""`docker logs` and `docker compose logs`."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import TextIO

from lab.openvidu.docker.containers import Container

_POLL_SECONDS = 0.1


class Tail:
    """Prints what containers print, each line behind its container's name.

    When a line was printed isn't noted here: it counts as printed when its container printed last.
    """

    def __init__(
        self,
        containers: Sequence[Container],
        *,
        prefixed: bool,
        out: TextIO,
        timestamps: bool = False,
        since: timedelta | None = None,
    ) -> None:
        self._containers = containers
        self._read = {container.id: 0 for container in containers}
        self._out = out
        self._timestamps = timestamps
        self._from = time.time() - since.total_seconds() if since else 0.0
        width = max((len(label(container)) for container in containers), default=0)
        self._prefix = {
            container.id: f"{label(container):<{width}}  | " if prefixed else ""
            for container in containers
        }

    def print_new(self, *, lines: int | None = None) -> None:
        """Print what came since the last time; of that only the last `lines` of each."""
        for container in self._containers:
            try:
                with container.log.open("rb") as file:
                    file.seek(self._read[container.id])
                    new = file.read()
                    at = os.fstat(file.fileno()).st_mtime
            except FileNotFoundError:
                continue
            whole = new[: new.rfind(b"\n") + 1]
            self._read[container.id] += len(whole)
            if at < self._from:
                continue
            texts = whole.decode(errors="replace").splitlines()
            before = self._prefix[container.id] + (f"{_stamp(at)} " if self._timestamps else "")
            for text in texts if lines is None else texts[len(texts) - min(lines, len(texts)) :]:
                self._out.write(f"{before}{text}\n")
        self._out.flush()

    def follow(self) -> None:
        """Print until all the containers are gone."""
        while any(container.folder.exists() for container in self._containers):
            self.print_new()
            time.sleep(_POLL_SECONDS)

    def until_exit_of(self, container: Container) -> int:
        """Print until the process of one container has ended; its exit status."""
        while container.first_exit is None:
            self.print_new()
            time.sleep(_POLL_SECONDS / 2)
        self.print_new()
        return container.first_exit


def show(
    containers: Sequence[Container],
    *,
    follow: bool,
    lines: int | None,
    prefixed: bool,
    out: TextIO = sys.stdout,
    timestamps: bool = False,
    since: timedelta | None = None,
) -> None:
    """Print logs; with `follow` for as long as there are the containers."""
    tail = Tail(containers, prefixed=prefixed, out=out, timestamps=timestamps, since=since)
    tail.print_new(lines=lines)
    if follow:
        tail.follow()


def _stamp(at: float) -> str:
    """A time as Docker shows it: RFC 3339 with nanoseconds."""
    return f"{datetime.fromtimestamp(at, UTC):%Y-%m-%dT%H:%M:%S.%f}000Z"


def label(container: Container) -> str:
    """A container's name; where Compose chose it, without the project."""
    spec = container.spec
    chosen = f"{spec.project}-{spec.service}-1"
    return f"{spec.service}-1" if spec.project and spec.name == chosen else spec.name

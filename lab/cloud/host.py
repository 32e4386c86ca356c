"""A running host, seen from the supervisor: its process 1, and how to enter and to end it."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import BinaryIO, cast

from lab.cloud.control.models import Completed
from lab.cloud.facts import PROJECT
from lab.cloud.init import GO, Plan

_ENVIRONMENT = {
    "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    "HOME": "/root",
    "USER": "root",
    "LANG": "C.UTF-8",
}
_SHUTDOWN_SECONDS = 5.0
_REBOOT_STATUS = 128 + signal.SIGHUP
"""Source: reboot(2): a restart asked for in a process namespace ends its init by SIGHUP."""


class HostError(Exception):
    """A host could not be booted or entered."""


class Host:
    """One boot of a host.

    Attributes:
        pid: the host's process 1, as the lab's root namespace counts.
    """

    def __init__(
        self,
        plan: Plan,
        console: Path,
        plug: Callable[[int], None],
        ended: Callable[[Host, bool], None],
    ) -> None:
        """Boot; returns when the host's init has begun.

        Args:
            plan: what init is to do.
            console: file that gets what the host prints, after what is there.
            plug: connects the network namespace of a process.
            ended: called, in a thread, when the host has gone down by itself or was killed;
                with whether it asked to be started again.

        Raises:
            HostError: the host's init didn't start.
        """
        ours, theirs = socket.socketpair()
        with ours, theirs, console.open("ab") as printed:
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-m", "lab.cloud.init", str(theirs.fileno())],
                stdin=subprocess.DEVNULL,
                stdout=printed,
                stderr=printed,
                pass_fds=[theirs.fileno()],
                env={**os.environ, "PYTHONPATH": str(PROJECT)},
            )
            theirs.close()
            with ours.makefile("rwb") as stream:
                stream.write(f"{plan.as_json()}\n".encode())
                stream.flush()
                answer = stream.readline()
                if not answer:
                    self._process.wait()
                    raise HostError(f"{plan.hostname}: init didn't start; see {console}")
                self.pid = int(answer)
                try:
                    plug(self.pid)
                except BaseException:
                    self._process.kill()
                    self._process.wait()
                    raise
                stream.write(GO)
        self._ended = ended
        self._watcher = threading.Thread(target=self._watch, name=plan.hostname, daemon=True)
        self._watcher.start()

    @property
    def running(self) -> bool:
        """Whether the host's process 1 lives."""
        return self._process.poll() is None

    def shut_down(self) -> None:
        """Let the host end its processes, and wait; after some seconds kill it."""
        self._signal(signal.SIGTERM)
        try:
            self._process.wait(_SHUTDOWN_SECONDS)
        except subprocess.TimeoutExpired:
            self.kill()

    def kill(self) -> None:
        """End all of the host's processes at once, and wait for it."""
        self._signal(signal.SIGKILL)
        self._process.wait()

    def run(
        self, command: Sequence[str], stdin: str | None = None, timeout: float | None = None
    ) -> Completed:
        """Run a command in the host, as root, and wait until it ends.

        What it leaves running doesn't hold up the answer.

        Args:
            command: the command and its arguments.
            stdin: text for its standard input.
            timeout: seconds after which it's killed.

        Raises:
            HostError: the host is down.
            subprocess.TimeoutExpired: it was killed.
        """
        if not self.running:
            raise HostError("the host doesn't run")
        entered = ["nsenter", "--target", str(self.pid)]
        entered += ["--mount", "--uts", "--ipc", "--net", "--pid", "--", *command]
        with _memory() as given, _memory() as out, _memory() as err:
            given.write((stdin or "").encode())
            given.seek(0)
            done = subprocess.run(
                entered,
                stdin=given,
                stdout=out,
                stderr=err,
                env=_ENVIRONMENT,
                timeout=timeout,
                check=False,
            )
            return Completed(done.returncode, _text(out), _text(err))

    def _watch(self) -> None:
        status = self._process.wait()
        self._ended(self, status == _REBOOT_STATUS)

    def _signal(self, number: signal.Signals) -> None:
        # The launcher is ours, so its child's number isn't used again while it is there.
        if self.running:
            try:
                os.kill(self.pid, number)
            except ProcessLookupError:
                return


def _memory() -> BinaryIO:
    """A file without a name: unlike a pipe, a process left behind doesn't keep it from ending."""
    return cast(BinaryIO, os.fdopen(os.memfd_create("lab"), "w+b", buffering=0))


def _text(stream: BinaryIO) -> str:
    stream.seek(0)
    return stream.read().decode(errors="replace")

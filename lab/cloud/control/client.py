"""Asks the supervisor: JSON over HTTP on a unix socket."""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from lab.cloud.control.models import Completed, Host, Loss

SOCKET = "control.sock"


class ControlError(Exception):
    """The supervisor refused; the text says why."""


def address(directory_descriptor: int) -> str:
    """A short name for the socket in an open directory.

    A socket's name has room for 107 characters, which a lab's directory may exceed.
    """
    return f"/proc/self/fd/{directory_descriptor}/{SOCKET}"


class ControlClient:
    """The supervisor of one lab, as others talk to it."""

    def __init__(self, directory: Path) -> None:
        """Choose the lab; nothing is asked.

        Args:
            directory: the lab's directory.
        """
        self._directory = directory

    def hosts(self) -> list[Host]:
        """Every instance that the fake AWS knows, terminated ones too."""
        return [Host(**entry) for entry in self._ask("hosts")]

    def console(self, instance_id: str) -> str:
        """What a host has printed on its console, over all its boots."""
        return str(self._ask("console", instance_id=instance_id))

    def exec(
        self,
        instance_id: str,
        argv: Sequence[str],
        stdin: str | None = None,
        *,
        timeout: float | None = None,
    ) -> Completed:
        """Run a command in a host, as root, and wait until it ends.

        Args:
            instance_id: the host.
            argv: the command and its arguments.
            stdin: text for its standard input.
            timeout: seconds after which it's killed.

        Raises:
            ControlError: the host doesn't run, or the command was killed.
        """
        answer = self._ask(
            "exec", instance_id=instance_id, argv=list(argv), stdin=stdin, timeout=timeout
        )
        return Completed(**answer)

    def kill_host(self, instance_id: str, how: str = Loss.CRASH) -> None:
        """Lose a host: its cable is cut and its processes die at once.

        Args:
            instance_id: the host.
            how: `crash`, `stop` or `terminate`; see `Loss`.
        """
        self._ask("kill_host", instance_id=instance_id, how=str(how))

    def reboot_host(self, instance_id: str) -> None:
        """Reboot a host, also one that crashed, and wait until its init has begun again."""
        self._ask("reboot_host", instance_id=instance_id)

    def fault(self, kind: str, **options: Any) -> None:
        """Have the fake AWS misbehave; see `lab.cloud.faults` for kinds and options."""
        self._ask("fault", kind=kind, options=options)

    def clear_faults(self) -> None:
        """Have the fake AWS behave again."""
        self._ask("clear_faults")

    def faults(self) -> list[str]:
        """The faults that are set, a line each."""
        return [str(line) for line in self._ask("faults")]

    def targets(self) -> dict[str, list[str]]:
        """The addresses that are registered as targets, by the ARN of their target group."""
        return {str(arn): list(found) for arn, found in self._ask("targets").items()}

    def asked(self) -> dict[str, set[str]]:
        """The permissions that calls of the fake AWS have wanted, by the access key that signed."""
        return {str(key): set(found) for key, found in self._ask("asked").items()}

    def dns(self) -> dict[str, str]:
        """The names that were set, with address or `base`."""
        return {str(name): str(value) for name, value in self._ask("dns").items()}

    def set_dns(self, name: str, address: str | None) -> None:
        """Let a name resolve to an address, or to `base`; None forgets the name."""
        self._ask("set_dns", name=name, address=address)

    def _ask(self, method: str, **arguments: Any) -> Any:
        body = json.dumps(arguments).encode()
        request = (
            f"POST /{method} HTTP/1.0\r\nHost: lab\r\nContent-Type: application/json\r\n"
            f"Content-Length: {len(body)}\r\n\r\n"
        ).encode()
        directory = os.open(self._directory, os.O_RDONLY | os.O_DIRECTORY)
        try:
            with socket.socket(socket.AF_UNIX) as link:
                link.connect(address(directory))
                link.sendall(request + body)
                with link.makefile("rb") as stream:
                    answer = stream.read()
        except (ConnectionError, FileNotFoundError) as error:
            raise ControlError(
                f"the lab in {self._directory} doesn't answer ({error}). Start it: uv run lab up"
            ) from error
        finally:
            os.close(directory)
        head, _, content = answer.partition(b"\r\n\r\n")
        if not head:
            raise ControlError(f"the lab in {self._directory} ended while it was asked to {method}")
        found = json.loads(content)
        if head.split()[1] != b"200":
            raise ControlError(str(found["error"]))
        return found

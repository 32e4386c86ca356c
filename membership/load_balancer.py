"""The load balancer of the base services: its list of addresses, and how a change is applied.

Source: page, "Scale Up" step 3 and "Scale Down" step 2: edit OPENVIDU_ENTERPRISE_HA_NODE_IPS in
the base's `.env`, then `./base-services update-loadbalancer`, which keeps open connections.
"""

from __future__ import annotations

import os
import re
import subprocess
import tempfile
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import redis

from membership.lock import load_balancer_lock
from openvidu import environment, ports, release

_UPSTREAM = re.compile(rf"server\s+([0-9.]+):{ports.REPLICATION_MANAGER}\b")
_COMMAND_TIMEOUT_SECONDS = 120
KEEPER = "openvidu-load-balancer.service"
"""The unit that runs `keep`."""


class ReloadError(Exception):
    """The load balancer didn't take the new list; the old one is back in `.env`."""


class LoadBalancer:
    """nginx on the base, and the `.env` that it gets its list from."""

    def __init__(
        self, folder: Path = Path(release.BASE.folder), *, say: Callable[[str], None] = print
    ) -> None:
        """Prepare for edits.

        Args:
            folder: install folder of the base services.
            say: takes progress lines.
        """
        self._folder = folder
        self._say = say

    @property
    def is_configured(self) -> bool:
        """Whether there is a `.env`."""
        return self._env.exists()

    @property
    def values(self) -> dict[str, str]:
        """The base's `.env`, as it is now."""
        return environment.parse(self._env.read_text())

    @property
    def node_ips(self) -> tuple[str, ...]:
        """The addresses in `.env`."""
        return environment.node_ips(self._env.read_text())

    @property
    def _env(self) -> Path:
        return self._folder / ".env"

    def serving(self) -> set[str]:
        """The addresses in the configuration that nginx runs with.

        Raises:
            ReloadError: the load balancer's container can't be asked.
        """
        shown = self._run("docker", "compose", "exec", "-T", "loadbalancer", "nginx", "-T")
        if shown.returncode:
            raise ReloadError(f"nginx can't be asked for its configuration: {_last_line(shown)}")
        return set(_UPSTREAM.findall(shown.stdout)) - {environment.NO_NODES}

    def add(self, ip: str, *, purpose: str) -> None:
        """Put an address into the list, and have nginx serve it. Harmless when it's there."""
        self._edit(lambda ips: {*ips, ip}, purpose=purpose)

    def remove(self, ip: str, *, purpose: str) -> None:
        """Take an address out of the list, and out of nginx. Harmless when it's gone."""
        self._edit(lambda ips: set(ips) - {ip}, purpose=purpose)

    def apply_again(self) -> bool:
        """Have nginx serve the list in `.env`; returns whether it served another.

        Raises:
            ReloadError: nginx can't be asked, or doesn't take the list.
            LockTimeoutError: somebody else edits the list.
        """
        if self.serving() == set(self.node_ips):
            return False
        with self._lock("the list in .env"):
            self._apply(set(self.node_ips))
        return True

    def _edit(self, change: Callable[[tuple[str, ...]], set[str]], *, purpose: str) -> None:
        with self._lock(purpose):
            before = self._env.read_text()
            wanted = change(environment.node_ips(before))
            value = environment.node_ips_value(wanted)
            self._write(environment.with_value(before, environment.NODE_IPS, value))
            try:
                self._apply(wanted)
            except ReloadError as error:
                self._write(before)
                raise ReloadError(f"{error}; the old list is back in .env") from error
            self._keep_after_reboot()

    def _lock(self, purpose: str) -> AbstractContextManager[None]:
        client = redis.Redis(
            port=int(self.values.get(environment.REDIS_PORT) or ports.REDIS),
            password=self.values[environment.REDIS_PASSWORD],
            socket_timeout=10,
        )
        return load_balancer_lock(client, self._folder, purpose=purpose, say=self._say)

    def _keep_after_reboot(self) -> None:
        """Make sure that a rebooted base serves this list, and not its container's first one."""
        done = self._run("systemctl", "enable", "--now", "--quiet", KEEPER)
        if done.returncode:
            raise ReloadError(
                f"{KEEPER} can't be enabled: after a reboot the old list would be back: "
                f"{_last_line(done)}"
            )

    def _apply(self, wanted: set[str]) -> None:
        if self.serving() == wanted:
            return
        done = self._run(f"./{release.BASE.command}", "update-loadbalancer")
        if done.returncode:
            raise ReloadError(f"update-loadbalancer failed: {_last_line(done)}")
        serving = self.serving()
        if serving != wanted:
            raise ReloadError(
                f"after update-loadbalancer nginx serves {sorted(serving)}, not {sorted(wanted)}"
            )

    def _write(self, text: str) -> None:
        if self._env.read_text() == text:
            return
        descriptor, name = tempfile.mkstemp(dir=self._folder, prefix=".env.")
        try:
            with os.fdopen(descriptor, "w") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
            Path(name).replace(self._env)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise

    def _run(self, *command: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            command,
            cwd=self._folder,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=_COMMAND_TIMEOUT_SECONDS,
            check=False,
        )


def _last_line(done: subprocess.CompletedProcess[str]) -> str:
    lines = [line.strip() for line in (done.stdout + done.stderr).splitlines() if line.strip()]
    return f"exit status {done.returncode}, {lines[-1] if lines else 'no output'}"

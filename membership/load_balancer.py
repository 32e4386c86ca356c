"""The load balancer of the base services: its list of addresses, and how a change is applied.

Source: page, "Scale Up" step 3 and "Scale Down" step 2: edit OPENVIDU_ENTERPRISE_HA_NODE_IPS in
the base's `.env`, then `./base-services update-loadbalancer`, which keeps open connections.
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from membership.clock import Clock
from membership.disk import replace_file
from membership.errors import LoadBalancerError
from membership.lock import always, load_balancer_lock
from openvidu import environment, ports, release

_UPSTREAM = re.compile(rf"server\s+([0-9.]+):{ports.REPLICATION_MANAGER}\b")
_REFUSED = "[emerg]"
_NOT_FOUND = re.compile(
    r'\[emerg\] (?:\d+#\d+: )?host not found in upstream "([a-z][a-z0-9-]*):\d+"'
)
"""Upstreams are names of containers, which nginx finds only while they run. The numbers of process
and thread are there where it writes into its log, which may be all that's seen."""
KEEPER = "openvidu-load-balancer.service"
"""The unit that runs `keep`."""


_TIMEOUT = "/usr/bin/timeout"
"""Ends a command, with all that it has started, also where nobody waits for it any more."""


class ReloadError(LoadBalancerError):
    """The load balancer didn't take the new list, or can't be asked for its own."""


class LoadBalancer:
    """nginx on the base, and the `.env` that it gets its list from."""

    def __init__(
        self,
        folder: Path = Path(release.BASE.folder),
        *,
        say: Callable[[str], None] = print,
        clock: Clock | None = None,
        command_seconds: float = 120,
    ) -> None:
        """Prepare for edits.

        Args:
            folder: install folder of the base services.
            say: takes progress lines.
            clock: time; a wait for others that edit the list ends as its waits do.
            command_seconds: how long each command there may take.
        """
        self._folder = folder
        self._say = say
        self._clock = clock or Clock()
        self._command_seconds = command_seconds
        self._held: int | None = None
        """The lock, while this edits."""

    @property
    def is_configured(self) -> bool:
        """Whether there is a `.env` that an update has put there: the install's has no secret."""
        return self._env.exists() and bool(self.values.get(environment.OPENVIDU_SECRET))

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
        """The addresses in nginx's configuration, as it is on its disk.

        nginx runs with it, unless a reload has failed or was cut.

        Raises:
            ReloadError: the load balancer's container can't be asked.
        """
        shown = self._run("docker", "compose", "exec", "-T", "loadbalancer", "nginx", "-T")
        if shown.returncode:
            raise ReloadError(f"nginx refuses its configuration: {_reason(shown)}")
        return set(_UPSTREAM.findall(shown.stdout)) - {environment.NO_NODES}

    def add(self, ip: str, *, purpose: str, may: Callable[[], bool] = always) -> bool:
        """Put an address into the list, and have nginx serve it. Harmless when it's there.

        Args:
            ip: the address.
            purpose: what for; shown to whoever waits meanwhile.
            may: is asked once nobody else can edit the list: False leaves it as it is.

        Returns:
            Whether it was done.

        Raises:
            ReloadError: nginx doesn't take the list, or gives no answer.
            LockTimeoutError: somebody else edits the list.
            OSError: `.env` can't be written, as on a full disk; it's as it was.
        """
        return self._edit(lambda ips: {*ips, ip}, purpose, may)

    def remove(self, ip: str, *, purpose: str, may: Callable[[], bool] = always) -> bool:
        """Take an address out of the list, and out of nginx. Harmless when it's gone.

        Takes, returns and raises what `add` does.
        """
        return self._edit(lambda ips: set(ips) - {ip}, purpose, may)

    def apply_again(self) -> bool:
        """Have nginx serve the list in `.env`; returns whether it served another.

        Raises:
            ReloadError: nginx doesn't take the list.
            LockTimeoutError: somebody else edits the list.
        """
        if self._is_loaded(set(self.node_ips)):
            return False
        with self._lock("the list in .env"):
            self._apply(set(self.node_ips))
        return True

    def _edit(
        self, change: Callable[[tuple[str, ...]], set[str]], purpose: str, may: Callable[[], bool]
    ) -> bool:
        with self._lock(purpose):
            if not may():
                return False
            before = self._env.read_text()
            wanted = change(environment.node_ips(before))
            value = environment.node_ips_value(wanted)
            self._write(environment.with_value(before, environment.NODE_IPS, value))
            try:
                self._apply(wanted)
            except ReloadError as error:
                raise ReloadError(f"{error}; {self._put_back(before)}") from error
            self._keep_after_reboot()
            return True

    def _put_back(self, text: str) -> str:
        """Write the old list; returns what has become of it."""
        try:
            self._write(text)
        except OSError as error:
            return f"the new list stays in .env, as the old one can't be written: {error.strerror}"
        return "the old list is back in .env"

    @contextmanager
    def _lock(self, purpose: str) -> Iterator[None]:
        file = self._folder / ".env.lock"
        with load_balancer_lock(file, purpose=purpose, say=self._say, clock=self._clock) as held:
            self._held = held
            try:
                yield
            finally:
                self._held = None

    def _keep_after_reboot(self) -> None:
        """Make sure that a rebooted base serves this list, and not its container's first one."""
        done = self._run("systemctl", "enable", "--now", "--quiet", KEEPER)
        if done.returncode:
            raise ReloadError(
                f"{KEEPER} can't be enabled: after a reboot the old list would be back: "
                f"{_reason(done)}"
            )

    def _apply(self, wanted: set[str]) -> None:
        if self._is_loaded(wanted):
            return
        self._loaded.unlink(missing_ok=True)
        self._reload()
        serving = self.serving()
        if serving != wanted:
            raise ReloadError(
                f"after update-loadbalancer nginx serves {sorted(serving)}, not {sorted(wanted)}"
            )
        replace_file(self._loaded, environment.node_ips_value(wanted))

    def _is_loaded(self, wanted: set[str]) -> bool:
        """Whether nginx runs with a list: on its disk it may be all the same."""
        try:
            noted = self._loaded.read_text()
            return noted == environment.node_ips_value(wanted) and self.serving() == wanted
        except FileNotFoundError:
            return False
        except ReloadError as error:
            # What is missing is started with the next reload.
            self._say(str(error))
            return False

    @property
    def _loaded(self) -> Path:
        """Holds the list that was loaded last, if that ended well."""
        return self._folder / ".nodes-loaded"

    def _reload(self) -> None:
        """Hand the list over. A service without which nginx loads nothing is started first.

        The command ends with 0 when nginx refuses, and the list stays on the disk. Source: image
        `openvidu-proxy`, `update_enterprise_ha_nodes.sh`.
        """
        done = self._update()
        if lost := _NOT_FOUND.search(done.stdout + done.stderr):
            service = lost[1]
            self._say(f"nginx can't find {service}, which is now started: {_reason(done)}")
            self._run("docker", "compose", "up", "--detach", "--no-deps", service)
            done = self._update()
        if done.returncode or _REFUSED in done.stdout + done.stderr:
            raise ReloadError(f"update-loadbalancer failed: {_reason(done)}")

    def _update(self) -> subprocess.CompletedProcess[str]:
        # What would go on after this was killed could undo the next run's edit.
        return self._run(f"./{release.BASE.command}", "update-loadbalancer", held=self._held)

    def _write(self, text: str) -> None:
        if self._env.read_text() != text:
            replace_file(self._env, text)

    def _run(self, *command: str, held: int | None = None) -> subprocess.CompletedProcess[str]:
        """Run a command; one that doesn't end is ended, with all that it has started.

        Args:
            command: what is run.
            held: a lock that the command holds, too, should this be killed before it ends.

        Raises:
            ReloadError: it can't be run, or gives no answer within the limit.
        """
        shown = " ".join(command)
        # Later than this would: it's for when this was killed.
        alone = (_TIMEOUT, "--signal=KILL", f"{2 * self._command_seconds}")
        try:
            process = subprocess.Popen(
                command if held is None else (*alone, *command),
                pass_fds=() if held is None else (held,),
                cwd=self._folder,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
                start_new_session=True,
            )
        except OSError as error:
            raise ReloadError(f"{shown} can't be run: {error.strerror}") from None
        with process:
            try:
                out, err = process.communicate(timeout=self._command_seconds)
            except subprocess.TimeoutExpired:
                # What it has started could change the list later on, when nobody looks any more.
                os.killpg(process.pid, signal.SIGKILL)
                limit = f"{self._command_seconds:g} s"
                raise ReloadError(f"{shown} gives no answer within {limit}") from None
        return subprocess.CompletedProcess(command, process.returncode, out, err)


def _reason(done: subprocess.CompletedProcess[str]) -> str:
    """Why a command failed: nginx's own reason, which others come after; else its last line."""
    lines = [line.strip() for line in (done.stdout + done.stderr).splitlines() if line.strip()]
    said = [line for line in lines if _REFUSED in line] or lines or ["no output"]
    return f"exit status {done.returncode}, {said[-1]}"

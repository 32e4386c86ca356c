"""The base in a simulation: the real load balancer code, above a file and simulated commands."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from membership.load_balancer import KEEPER, LoadBalancer, ReloadError
from membership.lock import LEASE_SECONDS, LockTimeoutError
from openvidu import environment, ports, release
from tests.membership.simulation.cluster import SimulatedCluster
from tests.membership.simulation.faults import Fault, Kind
from tests.membership.simulation.stage import Killed, Stage

_KEEP_SECONDS = 5.0
_EMERG = "nginx: [emerg] no"


class SimulatedBase(LoadBalancer):
    """Edits `.env` for real; nginx, systemd and the lock are simulated."""

    def __init__(self, folder: Path, stage: Stage, cluster: SimulatedCluster, fault: Fault) -> None:
        super().__init__(folder, say=lambda _: None)
        self._stage = stage
        self._cluster = cluster
        self._fault = fault
        self._lease_ends = 0.0
        self._holder: object | None = None
        self._keeps = False
        self._disk = set(cluster.served)
        self._first = tuple(sorted(cluster.served))
        value = environment.node_ips_value(cluster.served)
        self._env.write_text(f"{environment.NODE_IPS}={value}\n")

    def reboot(self) -> None:
        """nginx comes back with the list that its container was made with."""
        self._cluster.served = self._disk = set(self._first)

    def keep(self) -> None:
        """What the unit does, once it's enabled."""
        while True:
            self._stage.sleep(_KEEP_SECONDS)
            if self._keeps:
                try:
                    self.apply_again()
                except (ReloadError, LockTimeoutError):
                    continue

    @contextmanager
    def _lock(self, purpose: str) -> Iterator[None]:
        deadline = self._stage.now + 2 * LEASE_SECONDS
        while self._stage.now < self._lease_ends or self._redis_is_away():
            if self._stage.now > deadline:
                raise LockTimeoutError(f"locked by {self._holder}")
            self._stage.sleep(0.2)
        self._holder, self._lease_ends = purpose, self._stage.now + LEASE_SECONDS
        try:
            yield
        except Killed:
            # Nobody gives the lock back; its lease ends.
            raise
        except BaseException:
            self._lease_ends = 0.0
            raise
        self._lease_ends = 0.0

    def _redis_is_away(self) -> bool:
        return self._fault.strikes(Kind.REDIS, self._stage.now)

    def _run(self, *command: str) -> subprocess.CompletedProcess[str]:
        self._stage.step()
        match command:
            case ("docker", *_, "-T"):
                if self._fault.strikes(Kind.NGINX_SILENT, self._stage.now):
                    return _ended(1, _EMERG)
                lines = (f"server {ip}:{ports.REPLICATION_MANAGER};" for ip in self._disk)
                return _ended(0, "\n".join(lines))
            case (update, "update-loadbalancer") if update == f"./{release.BASE.command}":
                if self._fault.strikes(Kind.NGINX, self._stage.now):
                    return _ended(1, _EMERG)
                self._disk = set(self.node_ips)
                # The command may be killed between the two.
                self._stage.step()
                if self._fault.strikes(Kind.NGINX_SILENT, self._stage.now):
                    return _ended(0, _EMERG)
                self._cluster.serve(self.node_ips)
                return _ended(0)
            case ("systemctl", "enable", *_, unit) if unit == KEEPER:
                self._keeps = True
                return _ended(0)
        raise AssertionError(command)


def _ended(status: int, out: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.CompletedProcess((), status, out, "")

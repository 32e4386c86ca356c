"""The base in a simulation: the real load balancer code, above files and simulated commands."""

from __future__ import annotations

import subprocess
from pathlib import Path

from membership.load_balancer import KEEPER, LoadBalancer, ReloadError
from membership.lock import LockTimeoutError
from openvidu import environment, ports, release
from tests.membership.simulation.cluster import SimulatedCluster
from tests.membership.simulation.faults import Fault, Kind
from tests.membership.simulation.stage import Stage

_KEEP_SECONDS = 5.0
_EMERG = "nginx: [emerg] no"


class SimulatedBase(LoadBalancer):
    """Edits `.env` for real, under the real lock; nginx and systemd are simulated."""

    def __init__(self, folder: Path, stage: Stage, cluster: SimulatedCluster, fault: Fault) -> None:
        super().__init__(folder, say=lambda _: None, clock=stage.clock)
        self._stage = stage
        self._cluster = cluster
        self._fault = fault
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

    def _run(self, *command: str, held: int | None = None) -> subprocess.CompletedProcess[str]:
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

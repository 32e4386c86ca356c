"""A lab's parts, put together: networks, names, the fake AWS, machines, control."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from typing import Any

from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app

from lab import directory as labs
from lab.cloud import authority, metadata, namespaces, services
from lab.cloud.aws import asked, completed, power, server, sessions
from lab.cloud.aws.view import View
from lab.cloud.control.models import Loss
from lab.cloud.control.server import Methods, serve
from lab.cloud.facts import API_ADDRESS, API_PORT, AWS_ADDRESS
from lab.cloud.faults import Faults
from lab.cloud.fleet import Fleet
from lab.cloud.host import HostError
from lab.cloud.machine import MachineError, Site
from lab.cloud.managed import holdings
from lab.cloud.managed.services import Services
from lab.cloud.names import NO_SERVERS, Names
from lab.cloud.network import Network
from lab.cloud.options import Options
from lab.cloud.volumes import Volumes
from scripts.checks.dns import RESOLV_CONF


def start(options: Options) -> None:
    """Start a lab in this process; it runs in threads.

    Args:
        options: what the supervisor was told.

    Raises:
        OSError, NetworkError: the kernel refuses something that a lab needs.
        ImportError: a module with stand-ins isn't there.
    """
    lab = _Lab(options)
    serve(options.directory, lab.methods())
    front = ["lab.cloud.front", str(options.directory), AWS_ADDRESS, "443"]
    logs = options.directory / "log"
    services.keep_running([sys.executable, "-P", "-m", *front], logs / "front.log")
    for number, command in enumerate(
        importlib.import_module(options.services).ROOT_SERVICES(options.directory), 1
    ):
        services.keep_running(command, logs / f"service-{number}.log")


class _Lab:
    """The parts of a running lab."""

    def __init__(self, options: Options) -> None:
        certificate = authority.create(options.directory)
        hosts_file = options.directory / "etc" / "hosts"
        self.network = Network()
        self.network.set_up()
        self.names = Names(hosts_file)
        namespaces.bind(hosts_file, "/etc/hosts")
        if RESOLV_CONF.exists():
            resolv_conf = hosts_file.with_name(RESOLV_CONF.name)
            resolv_conf.write_text(NO_SERVERS)
            namespaces.bind(resolv_conf, RESOLV_CONF)
        self.view = View(power.Settled())
        self.faults = Faults(self._lose)
        self.asked = asked.Asked()
        self.volumes = Volumes(options.directory)
        self.managed = Services(
            options.directory,
            self.network,
            subnet=self.view.subnet,
            rules=self.view.rules,
            taken=self.view.private_addresses,
        )
        self.view.members = self.managed.members
        self.fleet = Fleet(
            Site(
                options.directory,
                certificate.read_text(),
                hosts_file,
                self.network,
                self.volumes,
                _hidden(options.directory),
                importlib.import_module(options.image),
            ),
            self.view,
            boot_seconds=options.boot_seconds,
            boot_delay=self.faults.boot_delay,
            changed=self._sync,
        )
        self._open_api()

    def methods(self) -> Methods:
        """What the control API answers to."""
        return {
            "hosts": self._hosts,
            "console": self.fleet.console,
            "exec": self._exec,
            "kill_host": lambda instance_id, how: self.fleet.lose(instance_id, Loss(how)),
            "reboot_host": self.fleet.reboot_now,
            "fault": self.faults.add,
            "clear_faults": self.faults.clear,
            "faults": self.faults.list,
            "dns": self.names.chosen,
            "set_dns": self.names.set,
            "targets": holdings.targets,
            "asked": self.asked.list,
        }

    def _open_api(self) -> None:
        """Complete moto, and let it answer."""
        completed.install(self.fleet, self.faults, self.managed.health)
        sessions.install(self._agent)
        self.asked.install()
        metadata.serve(self.view.metadata)
        moto = DomainDispatcherApplication(create_backend_app)
        gate = server.Gate(moto, self.view.lock, self.faults, self._sync)
        server.serve(gate, API_ADDRESS, API_PORT)
        server.warm_up(gate)

    def _sync(self) -> None:
        """Bring networks and names to what the fake AWS holds."""
        with self.view.lock:
            managed = holdings.services()
            # Rules of instances may name a group that these are in.
            appliances = self.managed.interfaces(managed)
            instances = self.view.instances()
            found = [entry.interface for entry in instances if entry.interface]
            self.network.sync([*found, *appliances])
            named = {
                name: entry.interface.private_ip
                for entry in instances
                if entry.interface
                for name in (entry.private_dns_name, entry.hostname)
            }
            serving = ("base", "master")
            bases = [
                entry.interface.public_ip
                for entry in instances
                if entry.interface and entry.interface.public_ip and entry.role in serving
            ]
            view = self.view
            self.volumes.sync(view.volumes(), view.snapshots(), view.origins())
            known = {**self.managed.names(managed), **self.view.records()}
            for name, stands_for in self.view.aliases().items():
                if address := known.get(stands_for.removeprefix("dualstack.")):
                    known[name] = address
            self.names.sync(named, bases[-1] if bases else None, known)

    def _hosts(self) -> list[dict[str, Any]]:
        return [self._host(entry) for entry in self.view.instances()]

    def _host(self, entry: Any) -> dict[str, Any]:
        host = self.fleet.host(entry.instance_id)
        return {
            "instance_id": entry.instance_id,
            "name": entry.name,
            "role": entry.role,
            "private_ip": entry.interface.private_ip if entry.interface else "",
            "public_ip": entry.interface.public_ip if entry.interface else None,
            "running": host is not None,
            "pid": host.pid if host else None,
            "state": entry.state,
        }

    def _exec(
        self, instance_id: str, argv: list[str], stdin: str | None, timeout: float | None
    ) -> dict[str, Any]:
        host = self.fleet.host(instance_id)
        if host is None:
            raise HostError(f"{instance_id} doesn't run. See: uv run lab status")
        done = host.run(argv, stdin, timeout)
        return {"status": done.status, "stdout": done.stdout, "stderr": done.stderr}

    def _agent(self, instance_id: str) -> int | None:
        """Process 1 of the machine whose agent is connected to AWS; None where none is."""
        host = self.fleet.host(instance_id)
        return host.pid if host and sessions.OPENS in self.view.may(instance_id) else None

    def _lose(self, name: str, how: Loss) -> None:
        """Lose the machine whose Name tag ends so."""
        for entry in self.view.instances():
            if entry.name.endswith(name) and entry.state != "terminated":
                self.fleet.lose(entry.instance_id, how)
                return
        raise MachineError(f"no machine's Name ends in {name!r}")


def _hidden(directory: Path) -> list[Path]:
    """What machines must not see: this lab's files, and those of other labs."""
    home = labs.home()
    return [home, directory] if home != Path("/") else [directory]

"""An appliance: a network namespace with one interface, and what runs there."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from dataclasses import replace
from pathlib import Path

from lab.cloud.facts import PROJECT
from lab.cloud.firewall import Rule
from lab.cloud.network import Interface, Network

_RESTART_SECONDS = 0.5


class Appliance:
    """Where a managed service runs. What it runs is started again when it ends."""

    def __init__(self, interface: Interface, network: Network, module: str, folder: Path) -> None:
        """Make the namespace, connect it, and start what runs there.

        Args:
            interface: its address, and who may connect.
            network: the lab's networks.
            module: what runs there, as `python -m MODULE FOLDER`.
            folder: its files.
        """
        self.interface = interface
        self._network = network
        self._removed = threading.Event()
        self._holder = subprocess.Popen(
            ["unshare", "--net", "--", "sh", "-c", "echo; exec sleep infinity"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
        )
        if self._holder.stdout:
            # Its namespace is there once it has said something.
            self._holder.stdout.readline()
        network.plug(interface, self._holder.pid)
        command = [sys.executable, "-P", "-m", module, str(folder)]
        entered = ["nsenter", f"--net=/proc/{self._holder.pid}/ns/net", "--", *command]
        threading.Thread(
            target=self._keep, args=(entered, folder), name=interface.instance_id, daemon=True
        ).start()

    def with_rules(self, rules: tuple[Rule, ...]) -> Interface:
        """Its interface, with other rules."""
        self.interface = replace(self.interface, rules=rules)
        return self.interface

    def remove(self) -> None:
        """End what runs there, and the namespace."""
        self._removed.set()
        self._network.unplug(self.interface.instance_id)
        self._holder.kill()
        self._holder.wait()

    def _keep(self, command: list[str], folder: Path) -> None:
        while not self._removed.is_set():
            with (folder / "log").open("ab") as log:
                running = subprocess.Popen(
                    command,
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    cwd=PROJECT,
                    env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "PYTHONPATH": str(PROJECT)},
                    start_new_session=True,
                )
                while running.poll() is None and not self._removed.wait(_RESTART_SECONDS):
                    continue
            if running.poll() is None:
                running.terminate()
                running.wait()
            time.sleep(_RESTART_SECONDS)

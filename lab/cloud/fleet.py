"""The machines behind the instances, each with its own queue of work.

What a machine is to do comes from the EC2 API (`aws.power`) or the control API. What became of
it is told to the fake AWS (`aws.view`), and every change is followed by `changed`.
"""

from __future__ import annotations

import threading
import time
import traceback
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field

from lab.cloud.aws import checks
from lab.cloud.aws.view import View
from lab.cloud.control.models import Loss
from lab.cloud.host import Host
from lab.cloud.machine import Machine, MachineError, Order, Site


@dataclass
class _Entry:
    """A machine, its worker, a flag that ends the worker's waiting, and whether it has crashed."""

    machine: Machine
    worker: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(1))
    hurry: threading.Event = field(default_factory=threading.Event)
    lost: bool = False


class Fleet:
    """Every machine of a lab; can be used from any thread."""

    def __init__(
        self,
        site: Site,
        view: View,
        *,
        boot_seconds: float,
        boot_delay: Callable[[str], float],
        changed: Callable[[], None],
    ) -> None:
        """Begin without machines.

        Args:
            site: what all machines share.
            view: the fake AWS.
            boot_seconds: how long an instance is pending.
            boot_delay: seconds by which the machine of that name boots later.
            changed: called when an instance's state has changed.
        """
        self._site = site
        self._view = view
        self._boot_seconds = boot_seconds
        self._boot_delay = boot_delay
        self._changed = changed
        self._lock = threading.Lock()
        self._entries: dict[str, _Entry] = {}

    def launch(self, instance_id: str) -> None:
        """Boot a new machine."""
        machine = Machine(instance_id, self._site, lambda again: self._ended(instance_id, again))
        with self._lock:
            self._entries[instance_id] = _Entry(machine)
        self._submit(instance_id, self._launch)

    def start(self, instance_id: str) -> None:
        """Boot a machine that was stopped."""
        self._submit(instance_id, self._power_on)

    def stop(self, instance_id: str) -> None:
        """Shut a machine down, and keep its disk."""
        self._entry(instance_id).hurry.set()
        self._submit(instance_id, self._stop)

    def reboot(self, instance_id: str) -> None:
        """Shut a machine down and boot it, without waiting for that."""
        self._submit(instance_id, self._reboot)

    def terminate(self, instance_id: str) -> None:
        """Shut a machine down and discard it."""
        self._entry(instance_id).hurry.set()
        self._submit(instance_id, self._terminate)

    def make_image(self, instance_id: str, image_id: str) -> None:
        """Copy the disk of a machine that is down; its image is available after that."""
        self._submit(instance_id, lambda _, entry: self._make_image(entry, image_id))

    def console(self, instance_id: str) -> str:
        """What a machine has printed."""
        file = self._entry(instance_id).machine.console
        return file.read_text(errors="replace") if file.exists() else ""

    def host(self, instance_id: str) -> Host | None:
        """The machine's host, while it runs."""
        return self._entry(instance_id).machine.host

    def reached(self, instance_id: str) -> str:
        """What EC2's check of the machine finds, as in `aws.checks`."""
        entry = self._entry(instance_id)
        if entry.machine.host:
            return checks.PASSED if entry.machine.answers else checks.FAILED
        return checks.FAILED if entry.lost else checks.INITIALIZING

    def reboot_now(self, instance_id: str) -> None:
        """Reboot a machine, and wait until its init has begun again.

        Raises:
            MachineError: its instance isn't running.
        """
        state = self._view.instance(instance_id).state
        if state != "running":
            raise MachineError(f"{instance_id} is {state}; only a running instance is rebooted")
        self._submit(instance_id, self._reboot).result()

    def lose(self, instance_id: str, how: Loss) -> None:
        """Lose a machine as in a power failure, and wait until it's lost.

        Raises:
            MachineError: its instance is terminated.
        """
        state = self._view.instance(instance_id).state
        if state == "terminated":
            raise MachineError(f"{instance_id} is terminated already")
        entry = self._entry(instance_id)
        entry.hurry.set()
        entry.machine.kill()
        self._submit(instance_id, lambda wanted, found: self._lost(wanted, found, how)).result()

    def _launch(self, instance_id: str, entry: _Entry) -> None:
        begun = time.monotonic()
        order = self._order(instance_id)
        entry.machine.make(order)
        left = self._boot_seconds - (time.monotonic() - begun)
        if not entry.hurry.wait(max(0.0, left)):
            self._run(instance_id, entry)

    def _power_on(self, instance_id: str, entry: _Entry) -> None:
        if not entry.hurry.wait(self._boot_seconds):
            self._run(instance_id, entry)

    def _run(self, instance_id: str, entry: _Entry) -> None:
        """Say that the instance runs, and boot its host."""
        self._settle(instance_id, "running")
        delay = self._boot_delay(self._view.instance(instance_id).name)
        if not entry.hurry.wait(delay):
            self._boot(instance_id, entry)

    def _boot(self, instance_id: str, entry: _Entry) -> None:
        entry.lost = False
        order = self._order(instance_id)
        entry.machine.boot(order.hostname, order.interface)
        # Rules may have changed since they were read.
        self._changed()

    def _stop(self, instance_id: str, entry: _Entry) -> None:
        entry.hurry.clear()
        entry.machine.shut_down()
        self._settle(instance_id, "stopped")

    def _reboot(self, instance_id: str, entry: _Entry) -> None:
        entry.hurry.clear()
        entry.machine.shut_down()
        self._boot(instance_id, entry)

    def _terminate(self, instance_id: str, entry: _Entry) -> None:
        entry.machine.shut_down()
        entry.machine.discard()
        self._settle(instance_id, "terminated")

    def _make_image(self, entry: _Entry, image_id: str) -> None:
        entry.machine.copy_disk(image_id)
        self._view.settle_image(image_id)

    def _lost(self, instance_id: str, entry: _Entry, how: Loss) -> None:
        entry.hurry.clear()
        # The boot that was under way may have gone on until now.
        entry.machine.kill()
        match how:
            case Loss.CRASH:
                entry.lost = True
                self._changed()
            case Loss.STOP:
                self._settle(instance_id, "stopped")
            case Loss.TERMINATE:
                entry.machine.discard()
                self._settle(instance_id, "terminated")

    def _ended(self, instance_id: str, again: bool) -> None:
        """A host went down by itself: by `reboot`, by `poweroff`, or because its init died."""
        self._submit(instance_id, self._reboot if again else self._stop)

    def _settle(self, instance_id: str, state: str, why: str = "") -> None:
        self._view.settle(instance_id, state, why)
        self._changed()

    def _order(self, instance_id: str) -> Order:
        found = self._view.instance(instance_id)
        if found.interface is None:
            raise MachineError(f"{instance_id} has no network interface: it is {found.state}")
        size = self._view.size(instance_id)
        return Order(
            found.hostname,
            self._view.authorized_key(instance_id),
            self._view.user_data(instance_id),
            found.interface,
            self._view.image_of(instance_id),
            size.cpus,
            size.memory_mib,
        )

    def _entry(self, instance_id: str) -> _Entry:
        with self._lock:
            if instance_id not in self._entries:
                known = ", ".join(self._entries) or "none"
                raise MachineError(f"no machine {instance_id!r}; there are: {known}")
            return self._entries[instance_id]

    def _submit(self, instance_id: str, work: Callable[[str, _Entry], None]) -> Future[None]:
        """Put work at the end of a machine's queue."""
        entry = self._entry(instance_id)

        def run() -> None:
            try:
                work(instance_id, entry)
            except Exception as error:
                self._fail(instance_id, entry, error)
                raise

        return entry.worker.submit(run)

    def _fail(self, instance_id: str, entry: _Entry, error: Exception) -> None:
        """A machine that doesn't boot is terminated, as AWS does when its own side fails."""
        traceback.print_exc()
        entry.machine.say(f"the lab could not go on with this machine: {error}")
        entry.machine.kill()
        entry.machine.discard()
        self._settle(instance_id, "terminated", str(error))

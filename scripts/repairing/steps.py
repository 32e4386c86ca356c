"""How each step of a repair is taken, and watched to its end."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from components.aws.health import InstanceHealth
from scripts.memberships import Concluded
from scripts.pulumi_cli import PulumiCli, PulumiError
from scripts.repairing.ladder import Step
from scripts.repairing.look import Patient

_POLL_SECONDS = 3.0
_PROGRESS_SECONDS = 15.0
_INSTANCE_SECONDS = 600.0
"""An instance that hangs is waited for before it's forced: AWS's own attempt takes minutes."""
_LOGIN_SECONDS = 900.0
"""As long as an update waits for a machine."""
_RECONNECT_SECONDS = "120"
_STATE_OF_BOOT = "boot"
_SERVING = "serving"


@dataclass(frozen=True)
class Steps:
    """The steps for one machine.

    Attributes:
        patient: the machine.
        pulumi: the stack.
        start: what starts the services of a base or master, as the last update did.
        say: takes progress lines.
        now: seconds that have passed, since whenever.
        sleep: waits for so many.
    """

    patient: Patient
    pulumi: PulumiCli
    start: str | None
    say: Callable[[str], None]
    now: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep

    def take(self, step: Step) -> None:
        """Take a step, and wait for its end.

        Raises:
            PulumiError: it failed, or didn't end within its limit.
            BotoCoreError, ClientError: AWS doesn't do it.
        """
        actions: Mapping[Step, Callable[[], None]] = {
            Step.SERVICES: self._services,
            Step.DOCKER: self._docker,
            Step.REBOOT: self._reboot,
            Step.STOP_START: self._stop_start,
            Step.REPLACE: self._replace,
        }
        actions[step]()

    def _services(self) -> None:
        membership = self.patient.membership
        if membership:
            # One that serves joins without a start: what is down beside would stay so.
            found = membership.conclude()
            if isinstance(found, Concluded) and found.conclusion == _SERVING:
                start = membership.environment["START_NODE"]
                self.patient.machine.run("start-node", START_NODE=start)
            status = membership.run("join", RECONNECT_SECONDS=_RECONNECT_SECONDS)
        elif self.start is None:
            return
        else:
            status = self.patient.machine.run("start", TEXT=self.start)
        if status:
            raise PulumiError("its services didn't start; it says so above")

    def _docker(self) -> None:
        if self.patient.machine.run("restart-docker"):
            raise PulumiError("Docker didn't restart; it says so above")
        self._services()

    def _reboot(self) -> None:
        before = self._boot()
        if self.patient.is_owners:
            # The connection ends with the machine.
            self.patient.machine.run("reboot")
        else:
            self.patient.ec2().reboot_instances(InstanceIds=self._ids)
        self._wait_for_boot(before)
        self._services()

    def _stop_start(self) -> None:
        ec2, ids = self.patient.ec2(), self._ids
        before = self._boot()
        if not self._is("stopped"):
            ec2.stop_instances(InstanceIds=ids)
            try:
                self._wait("to stop", lambda: self._is("stopped"), _INSTANCE_SECONDS)
            except PulumiError:
                ec2.stop_instances(InstanceIds=ids, Force=True)
                self._wait("to be stopped by force", lambda: self._is("stopped"), _INSTANCE_SECONDS)
        ec2.start_instances(InstanceIds=ids)
        self._wait("to run", lambda: self._is("running"), _INSTANCE_SECONDS)
        self._wait_for_boot(before)
        self._services()

    def _replace(self) -> None:
        if not self._is("terminated", "missing"):
            self.patient.ec2().terminate_instances(InstanceIds=self._ids)
            self._wait("to end", lambda: self._is("terminated", "missing"), _INSTANCE_SECONDS)
        if self.pulumi.up("--refresh"):
            raise PulumiError("the update failed; it says why above")

    @property
    def _ids(self) -> list[str]:
        return [self.patient.arn.instance_id] if self.patient.arn else []

    def _is(self, *states: str) -> bool:
        """Whether AWS says that the instance is in one of these states."""
        found = self.patient.health()
        return isinstance(found, InstanceHealth) and found.state in states

    def _boot(self) -> str | None:
        """What tells its boots apart; None where it can't be asked."""
        try:
            return self.patient.machine.ask(_STATE_OF_BOOT, 20)
        except PulumiError:
            return None

    def _wait_for_boot(self, before: str | None) -> None:
        self._wait("to let in again", lambda: self._boot() not in (None, before), _LOGIN_SECONDS)

    def _wait(self, what: str, holds: Callable[[], bool], limit: float) -> None:
        """Wait until something holds, and tell that it's waited for.

        Raises:
            PulumiError: it doesn't, for so long.
        """
        name, began, told = self.patient.machine.name, self.now(), 0.0
        while not holds():
            passed = self.now() - began
            if passed > limit:
                raise PulumiError(f"waited {limit:g} s for {name} {what}")
            if passed - told >= _PROGRESS_SECONDS:
                told = passed
                self.say(f"{name}: waiting for it {what}, {passed:.0f} s of {limit:g} s")
            self.sleep(_POLL_SECONDS)

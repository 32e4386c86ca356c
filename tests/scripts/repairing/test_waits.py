"""A step waits for what it has begun, tells so, and not for ever; by a clock that is told."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest

from components.aws.arn import InstanceArn
from components.aws.health import InstanceHealth
from scripts.pulumi_cli import PulumiCli, PulumiError
from scripts.repairing.ladder import Step
from scripts.repairing.look import Patient
from scripts.repairing.steps import Steps
from scripts.stack_machines import Machine

ARN = InstanceArn.parse("arn:aws:ec2:eu-west-1:123456789012:instance/i-0a")


@dataclass
class World:
    """An instance and its machine, by the seconds that have passed.

    Attributes:
        state: what AWS says, by the seconds and by what was asked for.
        boot: what tells its boots apart, by the seconds; None while it doesn't answer.
        passed: seconds.
        asked: what was asked of AWS.
        told: progress.
    """

    state: Callable[[float, list[str]], str] = lambda _, __: "running"
    boot: Callable[[float], str | None] = lambda _: "first"
    passed: float = 0.0
    asked: list[str] = field(default_factory=list)
    told: list[str] = field(default_factory=list)

    def sleep(self, seconds: float) -> None:
        self.passed += seconds

    def stop_instances(self, *, Force: bool = False, **_: Any) -> None:  # noqa: N803 - boto3's
        self.asked.append("stop by force" if Force else "stop")

    def start_instances(self, **_: Any) -> None:
        self.asked.append("start")

    def reboot_instances(self, **_: Any) -> None:
        self.asked.append("reboot")


@dataclass(frozen=True)
class Host(Machine):
    world: World = field(default_factory=World)

    def ask(self, action: str, limit: float | None = None, **more: str) -> str:
        found = self.world.boot(self.world.passed)
        if found is None:
            raise PulumiError("base, 203.0.113.5: can't be reached: Connection timed out")
        return found


@dataclass(frozen=True)
class Instance(Patient):
    world: World = field(default_factory=World)

    def ec2(self) -> Any:
        return self.world

    def health(self) -> InstanceHealth:
        return InstanceHealth("i-0a", self.world.state(self.world.passed, self.world.asked))


def take(step: Step, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.which", lambda _: "pulumi")
    host = Host("base", "203.0.113.5", {}, "", world=world)
    patient = Instance(host, host, None, ARN, lambda _: pytest.fail("no AWS"), 443, world=world)
    steps = Steps(
        patient, PulumiCli("dev"), None, world.told.append, lambda: world.passed, world.sleep
    )
    steps.take(step)


def test_a_reboot_ends_with_the_next_boot(monkeypatch: pytest.MonkeyPatch) -> None:
    # It answers a while longer, and then not.
    world = World(boot=lambda now: "first" if now < 20 else None if now < 90 else "second")
    take(Step.REBOOT, world, monkeypatch)
    assert world.asked == ["reboot"]
    assert 90 <= world.passed < 95
    assert world.told[0] == "base: waiting for it to let in again, 15 s of 900 s"
    assert len(world.told) == 5


@pytest.mark.parametrize("boot", [None, "first"], ids=["silent", "as it was"])
def test_a_machine_that_does_not_come_back_is_not_waited_for_for_ever(
    boot: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = World(boot=lambda now: boot if now else "first")
    with pytest.raises(PulumiError, match="waited 900 s for base to let in again"):
        take(Step.REBOOT, world, monkeypatch)
    assert 900 < world.passed < 910


def test_an_instance_that_hangs_is_stopped_by_force(monkeypatch: pytest.MonkeyPatch) -> None:
    def state(_: float, asked: list[str]) -> str:
        if asked[-1:] == ["start"]:
            return "running"
        return "stopped" if "stop by force" in asked else "stopping"

    world = World(state, lambda now: "second" if now else None)
    take(Step.STOP_START, world, monkeypatch)
    assert world.asked == ["stop", "stop by force", "start"]
    assert 600 < world.passed < 620


def test_one_that_not_even_force_stops_is_not_started(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World(lambda _, __: "stopping")
    with pytest.raises(PulumiError, match="waited 600 s for base to be stopped by force"):
        take(Step.STOP_START, world, monkeypatch)
    assert world.asked == ["stop", "stop by force"]
    assert 1200 < world.passed < 1220

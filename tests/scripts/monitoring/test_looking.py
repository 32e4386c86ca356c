"""A look that failed, hangs or is old isn't shown as the cluster's state."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime

from prometheus_client import CollectorRegistry, generate_latest

from scripts.cluster_status import MachineStatus, Status, Usage
from scripts.monitoring.looking import Looking
from scripts.monitoring.metrics import Look
from scripts.pulumi_cli import PulumiError

INTERVAL = 60.0
NODE = MachineStatus("node-1", "10.5.0.6", "serving", "UP", calls=7, usage=Usage(1, 2))
SEEN = Status({"clusterStatus": "UP"}, [NODE], None)
UNSEEN = Status(None, [NODE], None, reason="base: no answer within 30 s")


@dataclass
class World:
    """A cluster that can be looked at, or not, and a clock."""

    answer: Status | Exception = SEEN
    now: float = 1000.0
    said: list[str] = field(default_factory=list)

    def look(self, at: datetime) -> Look:
        if isinstance(self.answer, Exception):
            raise self.answer
        return Look(self.answer, at)

    def looking(self) -> Looking:
        return Looking(self.look, self.said.append, interval=INTERVAL, monotonic=lambda: self.now)


def shown(looking: Looking) -> dict[str, float]:
    registry = CollectorRegistry()
    registry.register(looking)
    lines = generate_latest(registry).decode().splitlines()
    pairs = [line.rsplit(" ", 1) for line in lines if not line.startswith("#")]
    return {name.removeprefix("openvidu_enterprise_"): float(value) for name, value in pairs}


def test_before_the_first_look_nothing_is_known() -> None:
    assert shown(World().looking()) == {"up": 0}


def test_a_look_is_shown_with_when_it_was() -> None:
    looking = World().looking()
    before = datetime.now(UTC).timestamp()
    looking.look_again()
    found = shown(looking)
    assert found["up"] == found["last_look_success"] == 1
    assert before <= found["last_look_timestamp_seconds"] <= datetime.now(UTC).timestamp()
    assert found['calls{machine="node-1"}'] == 7


def test_a_look_that_failed_takes_the_numbers_of_the_one_before_away() -> None:
    world = World()
    looking = world.looking()
    looking.look_again()
    world.answer = PulumiError("pulumi stack export failed:\nno such stack")
    looking.look_again()
    found = shown(looking)
    assert found["up"] == found["last_look_success"] == 0
    assert not [name for name in found if not name.startswith(("up", "last_look"))]


def test_a_cluster_that_could_not_be_asked_is_not_up_and_what_else_was_seen_is_shown() -> None:
    world = World(UNSEEN)
    looking = world.looking()
    looking.look_again()
    found = shown(looking)
    assert found["up"] == found["last_look_success"] == 0
    assert found['machine_up{machine="node-1"}'] == 1


def test_while_a_look_hangs_the_one_before_is_shown_only_as_long_as_it_is_fresh() -> None:
    world = World()
    looking = world.looking()
    looking.look_again()
    world.now += 2 * INTERVAL
    assert shown(looking)["up"] == 1
    world.now += 2 * INTERVAL
    found = shown(looking)
    assert found["up"] == 0
    # When the last look was, and that it was one, is still so.
    assert found["last_look_success"] == 1
    assert set(found) == {
        *("up", "last_look_success", "last_look_timestamp_seconds", "last_look_duration_seconds")
    }


def test_that_the_cluster_is_not_seen_is_told_once_and_that_it_is_again() -> None:
    world = World()
    looking = world.looking()
    for answer in (SEEN, UNSEEN, UNSEEN, PulumiError("locked\nby somebody"), SEEN, SEEN):
        world.answer = answer
        looking.look_again()
    assert world.said == [
        "not seen: base: no answer within 30 s",
        "not seen: locked by somebody",
        "the cluster is seen again",
    ]

"""The drain, against worlds that are told what to show."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

import pytest

from membership import drain as drain_module
from membership.cluster import (
    Answers,
    Health,
    MediaNode,
    Refused,
    Silent,
    Unknown,
    Unreachable,
)
from membership.drain import Node, Seen, drain, has_left
from membership.errors import MembershipError
from openvidu.api import RUNNING, WAITING_IDLE_TO_TERMINATE

NODE = Node("node-2", "10.5.0.7", "i-2")
BUSY = MediaNode("media_2", NODE.ip, RUNNING, ("call-1", "call-2"))
OTHER = MediaNode("media_1", "10.5.0.6", RUNNING, ())


class Clock:
    """Time that passes only when somebody sleeps."""

    def __init__(self) -> None:
        self.now = 0.0

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


class World:
    """A cluster and a load balancer in one, that keeps what was done to it in order."""

    def __init__(self, looks: Iterable[tuple[object, Health]], others: tuple[str, ...]) -> None:
        self._looks = iter(looks)
        self._now: tuple[object, Health] = ([], Unknown("not asked yet"))
        self.node_ips = (NODE.ip, *others)
        self.done: list[str] = []
        self.waiting = False
        self.others_health: Health = Answers(200)

    def media_nodes(self) -> object:
        self._now = next(self._looks, self._now)
        listed = self._now[0]
        if isinstance(listed, list) and self.waiting:
            return [
                MediaNode(item.id, item.ip, WAITING_IDLE_TO_TERMINATE, item.sessions)
                if item.ip == NODE.ip
                else item
                for item in listed
            ]
        return listed

    def health(self, ip: str) -> Health:
        return self._now[1] if ip == NODE.ip else self.others_health

    def stop_new_sessions(self, node: MediaNode) -> None:
        self.done.append(f"PATCH {node.id}")
        self.waiting = True

    def remove(self, ip: str, *, purpose: str) -> None:
        self.done.append(f"remove {ip}")


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(drain_module, "time", clock)
    return clock


def run(world: World, *, force: bool = False) -> list[str]:
    said: list[str] = []
    drain(
        NODE,
        world,  # type: ignore[arg-type]
        world,  # type: ignore[arg-type]
        limit=timedelta(hours=6),
        force=force,
        say=said.append,
    )
    return said


def test_the_address_leaves_after_the_node_has_left(clock: Clock) -> None:
    looks = [([BUSY, OTHER], Answers(200))] * 5 + [([OTHER], Silent())] * 3
    world = World(looks, ("10.5.0.6",))
    run(world)
    assert world.done == ["PATCH media_2", "remove 10.5.0.7"]


def test_one_look_is_never_enough(clock: Clock) -> None:
    looks = [
        ([OTHER], Silent()),
        ([OTHER], Silent()),
        *[([BUSY, OTHER], Answers(200))] * 50,
        *[([OTHER], Silent())] * 3,
    ]
    run(World(looks, ("10.5.0.6",)))
    assert clock.now > 50 * drain_module.POLL_SECONDS


@pytest.mark.parametrize(
    "look",
    [
        (Unknown("GET … answered 500"), Silent()),
        (Unknown("time-out"), Answers(200)),
        ([OTHER], Answers(200)),
        ([OTHER], Unknown("read time-out")),
        ([BUSY, OTHER], Silent()),
    ],
)
def test_doubt_keeps_the_machine(clock: Clock, look: tuple[object, Health]) -> None:
    world = World([look], ("10.5.0.6",))
    with pytest.raises(MembershipError, match="The machine stays"):
        run(world)
    assert "remove 10.5.0.7" not in world.done


@pytest.mark.parametrize("status", [400, 401, 403, 405, 501])
def test_a_refusal_stops_at_once(clock: Clock, status: int) -> None:
    world = World([(Refused(status, "no"), Answers(200))], ("10.5.0.6",))
    with pytest.raises(MembershipError, match=str(status)):
        run(world)
    assert clock.now == 0


def test_a_dead_node_drains_at_once(clock: Clock) -> None:
    world = World([([OTHER], Unreachable("no route to host"))], ("10.5.0.6",))
    run(world)
    assert world.done == ["remove 10.5.0.7"]
    assert clock.now < 10


def test_the_last_node_leaves_when_nobody_is_left_to_ask(clock: Clock) -> None:
    nobody = Unknown("GET … answered 502")
    looks: list[tuple[object, Health]] = [([BUSY], Answers(200))] * 3 + [(nobody, Silent())]
    world = World(looks, ())
    run(world)
    assert world.done == ["PATCH media_2", "remove 10.5.0.7"]


def test_nodes_that_leave_together_do_not_wait_for_one_another(clock: Clock) -> None:
    nobody = Unknown("GET … answered 502")
    looks: list[tuple[object, Health]] = [([BUSY], Answers(200))] * 3 + [(nobody, Silent())]
    world = World(looks, ("10.5.0.6",))
    world.others_health = Silent()
    run(world)
    assert world.done == ["PATCH media_2", "remove 10.5.0.7"]


def test_a_call_that_never_ends_meets_the_limit(clock: Clock) -> None:
    world = World([([BUSY, OTHER], Answers(200))], ("10.5.0.6",))
    with pytest.raises(MembershipError, match="2 calls after 6:00:00") as caught:
        run(world)
    assert "forceAfterDrainTimeout" in str(caught.value)
    assert world.done == ["PATCH media_2"]


def test_force_takes_it_out_and_says_what_it_cuts(clock: Clock) -> None:
    world = World([([BUSY, OTHER], Answers(200))], ("10.5.0.6",))
    assert "node-2: the limit is over; cutting 2 calls" in run(world, force=True)
    assert world.done == ["PATCH media_2", "remove 10.5.0.7"]


def test_progress_tells_calls_time_and_limit(clock: Clock) -> None:
    looks = [([BUSY, OTHER], Answers(200))] * 6 + [([OTHER], Silent())] * 3
    assert "node-2: waiting for 2 calls, 0:00:10 of 6:00:00" in run(World(looks, ("10.5.0.6",)))


def test_unknown_is_gone_only_when_alone() -> None:
    unknown = Unknown("502")
    assert has_left(Seen(unknown, Silent(), alone=True))
    assert not has_left(Seen(unknown, Silent(), alone=False))

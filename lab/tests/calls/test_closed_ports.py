"""Which ports are closed, as told from the calls whose sound comes and those whose doesn't."""

from __future__ import annotations

from typing import Any

import pytest

from lab.calls.account import Account
from lab.calls.plan import Way
from lab.calls.record import Event
from lab.calls.report import report
from lab.calls.runs import Generated
from lab.calls.watch.sight import Happened

NODE_1, NODE_2 = "10.5.0.6", "10.5.0.7"
SEEN: list[Event] = [
    {"at": 0.0, "event": Happened.MACHINE_STARTED, "name": "node-1", "ip": NODE_1},
    {"at": 0.0, "event": Happened.MACHINE_STARTED, "name": "node-2", "ip": NODE_2},
]


def heard(at: float, way: str, node: str = NODE_1) -> list[Event]:
    return _call(at, "opened", session="ses", node=node, heard=way)


def refused(at: float, way: str, node: str = NODE_1) -> list[Event]:
    return _call(at, "refused", status=0, reason="", node=node, unheard=way)


def cut(at: float, way: str, node: str = NODE_1) -> list[Event]:
    call = f"1-1-{at:g}"
    silent = {"at": at + 9, "event": "cut", "call": call, "heard": at + 2, "code": 0}
    return [*heard(at, way, node), {**silent, "reason": "", "unheard": way}]


def _call(at: float, what: str, **facts: Any) -> list[Event]:
    call = f"1-1-{at:g}"
    begun = {"at": at, "event": "begun", "call": call, "length": 60.0}
    return [begun, {"at": at + 1, "event": what, "call": call, **facts}]


def closed(*calls: list[Event]) -> list[str]:
    events = [event for call in calls for event in call]
    return Account(report([Generated(events, alive=True)]), SEEN).closed_ports


@pytest.mark.parametrize("turn", [Way.TURN_UDP, Way.TURN_TCP])
@pytest.mark.parametrize("silent", [refused, cut])
def test_who_is_heard_by_turn_alone_is_behind_closed_ports(turn: Way, silent: Any) -> None:
    assert closed(heard(1, turn), silent(2, Way.STRAIGHT)) == [
        "node-1: no sound comes in by UDP 40000-65535, and by TURN it does. Is the rule "
        "node-media-udp-from-world-ipv4 there? See: uv run lab run -- openvidu-enterprise preflight"
    ]


def test_ports_that_were_closed_once_and_are_open_again_are_open() -> None:
    assert not closed(heard(1, Way.TURN_UDP), cut(2, Way.STRAIGHT), heard(20, Way.STRAIGHT))


def test_ports_that_were_open_once_and_are_closed_since_are_closed() -> None:
    assert closed(heard(1, Way.STRAIGHT), heard(2, Way.TURN_UDP), refused(20, Way.STRAIGHT))


def test_a_machine_that_falls_silent_after_a_call_by_turn_has_no_ports_to_blame() -> None:
    ended = {"at": 10.0, "event": "ended", "call": "1-1-1"}
    assert not closed([*heard(1, Way.TURN_UDP), ended], cut(2, Way.STRAIGHT))


def test_a_machine_of_which_nothing_comes_at_all_has_no_ports_to_blame() -> None:
    assert not closed(cut(1, Way.TURN_UDP), cut(2, Way.STRAIGHT))


def test_one_machine_tells_nothing_of_another() -> None:
    assert not closed(heard(1, Way.TURN_UDP, NODE_2), refused(2, Way.STRAIGHT, NODE_1))


def test_the_json_has_it_where_there_is_something_to_say() -> None:
    events = [*heard(1, Way.TURN_UDP), *refused(2, Way.STRAIGHT)]
    account = Account(report([Generated(events, alive=True)]), SEEN)
    assert account.as_json()["closedPorts"] == account.closed_ports
    assert "closedPorts" not in Account(report([]), []).as_json()

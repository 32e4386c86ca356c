"""From events to what became of calls, and to what cut them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from lab.calls.account import Account
from lab.calls.causes import UNSEEN, cause
from lab.calls.record import Event
from lab.calls.report import Report, Result, report
from lab.calls.runs import Generated, Runs
from lab.calls.watch.sight import Happened

NODE_1, NODE_2 = "10.5.0.6", "10.5.0.7"


def event(at: float, what: str, call: str = "1-1-1", **facts: Any) -> Event:
    return {"at": at, "event": what, "call": call, **facts}


def begun(at: float, call: str = "1-1-1") -> Event:
    return event(at, "begun", call, length=60.0)


def opened(at: float, call: str = "1-1-1", node: str = NODE_1) -> Event:
    return event(at, "opened", call, session=f"ses_{call}", node=node)


def cut(at: float, heard: float, call: str = "1-1-1") -> Event:
    return event(at, "cut", call, heard=heard, code=1006, reason="the connection broke")


def of(*events: Event, alive: bool = True) -> Report:
    return report([Generated(list(events), alive)])


def seen(at: float, what: Happened, name: str = "node-1", ip: str = NODE_1) -> Event:
    return {"at": at, "event": what.value, "name": name, "ip": ip}


def test_a_call_that_lasted_has_ended() -> None:
    (call,) = of(begun(1), opened(2), event(62, "ended")).calls
    assert (call.result, call.start, call.end, call.node_ip) == (Result.ENDED, 2, 62, NODE_1)


def test_a_call_that_is_not_over_is_live_while_its_generator_is() -> None:
    assert of(begun(1), opened(2)).count(Result.LIVE) == 1


def test_a_killed_generators_calls_are_neither_ended_nor_cut() -> None:
    found = of(begun(1), opened(2), begun(1, "1-1-2"), alive=False)
    assert found.count(Result.UNKNOWN) == 2
    assert found.count(Result.ENDED) == found.count(Result.CUT) == 0
    assert not found.spotless


def test_a_call_that_broke_is_cut() -> None:
    (call,) = of(begun(1), opened(2), cut(20, 12)).calls
    assert (call.result, call.end, call.last_heard, call.code) == (Result.CUT, 20, 12, 1006)


def test_a_call_that_opened_on_a_further_try_is_not_refused() -> None:
    tried = event(2, "tried", status=502, reason="502 Bad Gateway")
    (call,) = of(begun(1), tried, opened(4), event(64, "ended")).calls
    assert (call.result, call.tries, call.reason) == (Result.ENDED, 2, "")


def test_a_refused_call_keeps_its_status() -> None:
    tried = event(2, "tried", status=502, reason="502 Bad Gateway")
    refused = event(5, "refused", status=503, reason="no node")
    (call,) = of(begun(1), tried, tried, refused).calls
    assert (call.result, call.tries, call.code, call.end) == (Result.REFUSED, 3, 503, 5)


def test_calls_with_sound_tell_their_longest_gap_and_what_was_lost_each_and_in_all() -> None:
    events: list[Event] = []
    heard_of = ((40, 0, "straight"), (7000, 3, "straight"), (60, 1, "turn-tcp"))
    for number, (gap, lost, way) in enumerate(heard_of, start=1):
        name = f"1-1-{number}"
        heard = event(61, "sound", name, gap=gap, since=30, lost=lost, way=way)
        events += [begun(1, name), opened(2, name), heard, event(62, "ended", name)]
    found = Account(of(*events, begun(1, "1-1-4"), opened(2, "1-1-4")), []).as_json()
    assert [call.get("sound") for call in found["calls"]] == [
        {"way": "straight", "longestGap": 40, "longestGapAt": 30, "packetsLost": 0},
        {"way": "straight", "longestGap": 7000, "longestGapAt": 30, "packetsLost": 3},
        {"way": "turn-tcp", "longestGap": 60, "longestGapAt": 30, "packetsLost": 1},
        None,
    ]
    assert found["sound"] == {
        "calls": 3,
        "longestGap": {"median": 60, "worst": 7000},
        "packetsLost": {"median": 1, "worst": 3},
        "ways": {
            "straight": {
                "calls": 2,
                "longestGap": {"median": 3520, "worst": 7000},
                "packetsLost": {"median": 1.5, "worst": 3},
            },
            "turn-tcp": {
                "calls": 1,
                "longestGap": {"median": 60, "worst": 60},
                "packetsLost": {"median": 1, "worst": 1},
            },
        },
    }


def test_calls_without_sound_tell_nothing_of_it() -> None:
    assert "sound" not in Account(of(begun(1), opened(2), event(62, "ended")), []).as_json()


def test_every_call_is_counted_once() -> None:
    found = of(
        *(begun(n, f"1-1-{n}") for n in range(1, 5)),
        opened(5, "1-1-1"),
        opened(5, "1-1-2"),
        event(6, "ended", "1-1-1"),
        cut(6, 5, "1-1-2"),
        event(6, "refused", "1-1-3", status=503, reason=""),
    )
    shown = Account(found, []).as_json()
    assert shown["started"] == len(shown["calls"]) == 4
    results = ("live", "ended", "cut", "refused", "unknown")
    assert [shown[name] for name in results] == [1, 1, 1, 1, 0]


def test_the_account_names_the_node_and_the_step() -> None:
    events = [seen(0, Happened.MACHINE_STARTED), seen(11, Happened.MACHINE_LOST)]
    (call,) = Account(of(begun(1), opened(2), cut(20, 10)), events).as_json()["calls"]
    assert (call["node"], call["step"], call["stepAt"]) == ("node-1", "node-1 crashed", 11)


@pytest.mark.parametrize(
    ("events", "text"),
    [
        ([], UNSEEN),
        ([seen(11, Happened.MACHINE_LOST)], "node-1 crashed"),
        ([seen(14, Happened.NODE_LEFT), seen(15, Happened.MACHINE_LOST)], "node-1 crashed"),
        ([seen(11, Happened.PROXY_RESTARTED, "base", "10.5.0.5")], "the load balancer"),
        ([seen(11, Happened.DRAIN_STARTED)], "node-1 began to drain"),
        ([seen(11, Happened.NODE_LEFT, "node-2", NODE_2)], "may have passed it on"),
        ([seen(11, Happened.DRAIN_STARTED, "node-2", NODE_2)], UNSEEN),
        ([seen(11, Happened.ADDRESS_ADDED)], UNSEEN),
        ([seen(1, Happened.MACHINE_LOST)], UNSEEN),
        ([seen(40, Happened.MACHINE_LOST)], UNSEEN),
    ],
)
def test_a_cut_is_put_down_to_the_gravest_step_near_it(events: list[Event], text: str) -> None:
    assert text in cause(NODE_1, 10, 20, events).text


@pytest.mark.parametrize(
    ("events", "text"),
    [
        ([seen(30, Happened.NODE_LEFT)], "OpenVidu on node-1 stopped"),
        ([seen(30, Happened.NODE_LEFT, "node-2", NODE_2)], "may have passed it on"),
        (
            [seen(19, Happened.PROXY_RESTARTED, "base", "10.5.0.5"), seen(30, Happened.NODE_LEFT)],
            "load",
        ),
        ([seen(30, Happened.MACHINE_LOST)], UNSEEN),
        ([seen(40, Happened.NODE_LEFT)], UNSEEN),
    ],
    ids=["its own", "another", "something nearer", "something else", "too late"],
)
def test_a_server_that_has_stopped_is_missed_by_the_cluster_later(
    events: list[Event], text: str
) -> None:
    assert text in cause(NODE_1, 19, 20, events).text


def test_a_fault_that_somebody_has_set_is_named_where_nothing_else_was_seen(tmp_path: Path) -> None:
    runs = Runs(tmp_path)
    runs.note_fault("media-disconnected", "node-1", NODE_1)
    (told,) = Account.of(runs, []).events
    at = told["at"]
    said = "lab fault set media-disconnected on node-1"
    assert cause(NODE_1, at, at + 5, [told]).text == said
    assert cause(NODE_1, at, at + 5, [told, seen(at + 1, Happened.MACHINE_LOST)]).text == (
        "node-1 crashed"
    )


def test_a_reconnection_is_no_cut_and_is_put_down_to_its_step() -> None:
    back = event(20, "reconnected", heard=18.0, seconds=0.5)
    found = of(begun(1), opened(2), back, event(62, "ended"))
    assert (found.count(Result.ENDED), found.spotless) == (1, True)
    left = seen(19, Happened.NODE_LEFT, "node-2", NODE_2)
    shown = Account(found, [left]).as_json()
    assert shown["reconnected"] == 1
    assert shown["calls"][0]["reconnections"] == [
        {
            "at": 20,
            "seconds": 0.5,
            "step": "OpenVidu on node-2 stopped, which may have passed it on",
        }
    ]


def test_a_drain_that_begins_is_no_excuse_where_a_node_stopped() -> None:
    events = [
        seen(19, Happened.DRAIN_STARTED),
        seen(20, Happened.NODE_LEFT, "node-2", NODE_2),
    ]
    assert "node-2 stopped" in cause(NODE_1, 18, 20, events).text

"""What the picture of a demo shows."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from lab.calls import picture
from lab.calls.account import Account
from lab.calls.lanes import Bar, Span, Step, bars, timeline
from lab.calls.record import Event
from lab.calls.report import Call, Heard, Reconnection, Report, Result
from lab.calls.watch.sight import Happened

START = 1000.0
IP = "10.5.0.6"


def call(start: float, end: float | None, result: Result = Result.ENDED, ip: str = IP) -> Call:
    at = None if end is None else START + end
    return Call("1-1-1", START + start, result, 60.0, ip, "ses_1", at)


def seen(at: float, what: Happened, name: str = "node-1", ip: str = IP) -> Event:
    return {"at": START + at, "event": what.value, "name": name, "ip": ip}


def step(at: float, text: str) -> Event:
    return {"at": START + at, "event": "step", "text": text}


LIFE = [
    step(0, "1 node"),
    seen(2, Happened.MACHINE_STARTED),
    seen(10, Happened.ADDRESS_ADDED),
    step(12, ""),
    step(30, "destroy"),
    seen(31, Happened.DRAIN_STARTED),
    seen(50, Happened.NODE_LEFT),
    seen(55, Happened.ADDRESS_REMOVED),
    seen(58, Happened.MACHINE_REMOVED),
]


def test_calls_that_overlap_are_in_rows_of_their_own() -> None:
    found = bars([call(0, 10), call(5, 15), call(10, 20), call(12, None)], START, 30)
    assert found == [
        Bar(Span(0, 10), Result.ENDED, 0),
        Bar(Span(5, 15), Result.ENDED, 1),
        Bar(Span(10, 20), Result.ENDED, 0),
        Bar(Span(12, 30), Result.ENDED, 2),
    ]


def test_a_reconnection_is_marked_on_its_call_and_explained(tmp_path: Path) -> None:
    back = Reconnection(START + 20, 0.5, START + 19)
    calls = Report((replace(call(11, 50), reconnections=(back,)),))
    shown = timeline(Account(calls, LIFE), START, START + 60)
    assert [bar.reconnections for lane in shown.lanes for bar in lane.bars] == [(20.0,)]
    file = tmp_path / "one.svg"
    picture.draw(shown, "One node", "1 call", file)
    assert "user reconnected" in file.read_text()


def test_the_longest_silence_of_a_call_is_drawn_with_its_length(tmp_path: Path) -> None:
    heard = Heard(640, START + 20, 0, "straight")
    calls = Report((replace(call(11, 50), sound=heard),))
    shown = timeline(Account(calls, LIFE), START, START + 60)
    ((bar,),) = (lane.bars for lane in shown.lanes)
    assert bar.gap == Span(20, 20.64)
    file = tmp_path / "one.svg"
    picture.draw(shown, "One node", "1 call", file)
    assert ">640 ms<" in file.read_text()
    assert "longest silence" in file.read_text()


def test_a_nodes_life_is_laid_out() -> None:
    shown = timeline(Account(Report((call(11, 50),)), LIFE), START, START + 60)
    (lane,) = shown.lanes
    assert (lane.name, lane.machine, lane.drains) == ("node-1", [Span(2, 58)], [Span(31, 50)])
    assert [(mark.at, mark.what) for mark in lane.marks] == [
        (10, Happened.ADDRESS_ADDED),
        (55, Happened.ADDRESS_REMOVED),
        (58, Happened.MACHINE_REMOVED),
    ]
    assert shown.steps == [Step("1 node", Span(0, 12)), Step("destroy", Span(30, 60))]


def test_a_machine_that_stays_lasts_to_the_end() -> None:
    (lane,) = timeline(Account(Report(), LIFE[:3]), START, START + 60).lanes
    assert lane.machine == [Span(2, 60)]


def test_nodes_are_in_the_order_of_their_numbers_and_the_base_has_no_lane() -> None:
    names = ("node-10", "base", "node-2")
    events = [
        seen(1, Happened.MACHINE_STARTED, name, f"10.5.0.{number}")
        for number, name in enumerate(names)
    ]
    shown = timeline(Account(Report(), events), START, START + 5)
    assert [lane.name for lane in shown.lanes] == ["node-2", "node-10"]


def test_the_same_content_gives_the_same_file_and_text_stays_text(tmp_path: Path) -> None:
    calls = Report((call(11, 50), call(12, 40, Result.CUT)))
    shown = timeline(Account(calls, LIFE), START, START + 60)
    files = [tmp_path / "one.svg", tmp_path / "two.svg"]
    for file in files:
        picture.draw(shown, "One node", "2 calls", file)
    one, two = (file.read_text() for file in files)
    assert one == two
    assert ">node-1" in one
    assert "call that was cut" in one
    assert "reconnected" not in one
    assert "silence" not in one
    assert "dc:date" not in one

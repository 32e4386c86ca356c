"""Which change a gap in the sound of a call belongs to."""

from __future__ import annotations

from dataclasses import replace

import pytest

from lab.bench.drains.gaps import Phase, gaps
from lab.calls.report import Call, Heard, Reconnection, Result
from lab.errors import LabError

CHANGE = Phase("a change", is_loss=False, begun=100.0, over=130.0)
NODE = "10.5.0.6"


def call(start: float, end: float, gap: int, since: float) -> Call:
    heard = Heard(gap, since, 0, "straight")
    return Call("1-1-1", start, Result.ENDED, 15.0, NODE, end=end, sound=heard)


def test_a_gap_counts_for_the_change_in_which_it_lies() -> None:
    before, meanwhile, after = (
        call(90, 105, 900, 95),
        call(105, 120, 70, 110),
        call(125, 140, 800, 135),
    )
    found = gaps(CHANGE, [before, meanwhile, after])
    assert (found.calls, found.longest, found.seconds) == (3, 70, 30)


def test_a_gap_that_reaches_into_a_change_counts() -> None:
    assert gaps(CHANGE, [call(90, 105, 2000, 99)]).longest == 2000


def test_a_call_that_was_over_before_counts_for_nothing() -> None:
    gone = replace(call(80, 99, 900, 90), result=Result.CUT, last_heard=95)
    found = gaps(CHANGE, [gone, call(105, 120, 70, 110)])
    assert (found.calls, found.cut, found.longest) == (1, 0, 70)


def test_cut_and_refused_calls_and_sockets_that_came_back_are_counted() -> None:
    back = Reconnection(at=110, seconds=1.0, last_heard=109)
    calls = [
        replace(call(90, 120, 5100, 112), result=Result.CUT, last_heard=112),
        replace(call(120, 123, 0, 0), result=Result.REFUSED, sound=None),
        replace(call(90, 140, 60, 110), reconnections=(back, back)),
    ]
    found = gaps(CHANGE, calls)
    assert (found.cut, found.refused, found.reconnected, found.longest) == (1, 1, 2, 5100)


def test_a_change_without_calls_with_sound_gives_no_figure() -> None:
    with pytest.raises(LabError, match="a change: expected calls with sound"):
        gaps(CHANGE, [replace(call(90, 120, 0, 0), sound=None)])

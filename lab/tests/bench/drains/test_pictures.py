"""What two browsers saw, and what their clients said, as the figures have it."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from lab.bench.drains.figures import Said
from lab.bench.drains.pictures import Change, pictures
from lab.calls.report import Call, Result, Seen
from lab.errors import LabError

CHANGE = Change("its own node crashes", lambda _: None, is_loss=True)


def call(result: Result, *said: Mapping[str, object]) -> Call:
    seen = Seen(6100, 100.5, "a word", said)
    return Call("1-1-1", 90.0, result, 3600.0, "10.5.0.6", end=130.0, seen=seen)


def said(at: float, words: str) -> Mapping[str, object]:
    return {"at": at, "user": 2, "words": words}


def test_moments_count_from_the_change() -> None:
    lost = call(Result.CUT, said(106.0, "sessionDisconnected: nodeCrashed"))
    found = pictures(CHANGE, 100.0, 130.0, [lost])
    assert (found.seconds, found.freeze, found.froze_after, found.cut) == (30.0, 6100, 0.5, True)
    assert found.said == (Said(6.0, 2, "sessionDisconnected: nodeCrashed"),)


def test_what_clients_say_when_their_page_leaves_is_not_due_to_the_change() -> None:
    left = call(
        Result.ENDED,
        said(101.0, "reconnecting"),
        said(129.9, "streamDestroyed: disconnect"),
        said(129.9, "sessionDisconnected: disconnect"),
    )
    found = pictures(CHANGE, 100.0, 130.0, [left])
    assert [one.words for one in found.said] == ["reconnecting"]
    assert not found.cut


def test_a_call_without_browsers_gives_no_figure() -> None:
    with pytest.raises(LabError, match="its own node crashes: expected one call between browsers"):
        pictures(CHANGE, 100.0, 130.0, [])

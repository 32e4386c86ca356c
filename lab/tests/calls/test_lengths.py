"""Lengths of calls, from the command line."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lab.calls.lengths import LengthError, Lengths, duration
from lab.cli.calls import require_length
from lab.errors import LabError

SECONDS = st.integers(min_value=1, max_value=10**5)


@pytest.mark.parametrize(
    ("text", "seconds"), [("90", 90), ("60s", 60), ("1.5m", 90), ("2h", 7200), (" 3m ", 180)]
)
def test_a_duration_is_read(text: str, seconds: float) -> None:
    assert duration(text) == seconds


@pytest.mark.parametrize("text", ["", "0s", "-1s", "1d", "1m30s", "60 s", "1e3", "9999h", "٣s"])
def test_what_is_no_duration_is_refused_and_named(text: str) -> None:
    with pytest.raises(LengthError, match="expected"):
        duration(text)


@given(st.text())
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        found = Lengths.parse(text)
    except LengthError:
        return
    assert 0 < found.shortest <= found.longest


@given(SECONDS, SECONDS)
def test_a_range_is_in_order(first: int, last: int) -> None:
    text = f"{first}s..{last}s"
    if first <= last:
        assert Lengths.parse(text) == Lengths(first, last)
    else:
        with pytest.raises(LengthError, match=r"MIN\.\.MAX"):
            Lengths.parse(text)


@given(SECONDS, SECONDS, st.integers(), st.integers(min_value=1))
def test_a_length_lies_in_its_range_and_is_the_same_again(
    shortest: int, more: int, seed: int, number: int
) -> None:
    lengths = Lengths(shortest, shortest + more)
    chosen = lengths.choose(seed, number)
    assert lengths.shortest <= chosen <= lengths.longest
    assert lengths.choose(seed, number) == chosen


def test_calls_of_one_seed_differ_in_length() -> None:
    assert len({Lengths(60, 180).choose(1, number) for number in range(30)}) > 20


@pytest.mark.parametrize("text", ["5", "4s..60s"])
def test_a_call_too_short_to_lose_its_sound_is_refused(text: str) -> None:
    with pytest.raises(
        LabError, match=r"must be more than 5s .* Such as --length 6s; with --media 0"
    ):
        require_length(Lengths.parse(text), 1)
    require_length(Lengths.parse(text), 0)
    require_length(Lengths.parse("6s"), 1)

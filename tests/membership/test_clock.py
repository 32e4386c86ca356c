"""The clock of all waits is one that no step of the time of day reaches."""

from __future__ import annotations

import time

import pytest

from membership.clock import Clock


def test_waits_are_measured_since_the_boot_and_not_by_the_time_of_day(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    clock = Clock()
    before = clock.monotonic()
    stepped = time.time() + 3600
    monkeypatch.setattr(time, "time", lambda: stepped)
    assert clock.now() == stepped
    assert 0 <= clock.monotonic() - before < 60
    # It goes on while a machine sleeps, which CLOCK_MONOTONIC doesn't.
    assert clock.monotonic() == pytest.approx(time.clock_gettime(time.CLOCK_BOOTTIME), abs=60)

"""Work in the order of dependencies."""

from __future__ import annotations

import threading
from graphlib import CycleError

import pytest

from lab.bench.in_order import run_in_order

DIAMOND = {"roof": ["left", "right"], "left": ["floor"], "right": ["floor"], "floor": []}


class Works:
    """Notes what is done, and how much at a time; each piece waits until so many run together."""

    def __init__(self, fails: str = "", together: int = 1) -> None:
        self.done: list[str] = []
        self.most = 0
        self._running = 0
        self._fails = fails
        self._all_there = threading.Barrier(together, timeout=30)
        self._lock = threading.Lock()

    def __call__(self, key: str) -> None:
        with self._lock:
            self._running += 1
            self.most = max(self.most, self._running)
        if key == self._fails:
            raise RuntimeError(key)
        self._all_there.wait()
        with self._lock:
            self.done.append(key)
            self._running -= 1


@pytest.mark.parametrize("parallel", [1, 4])
def test_each_waits_for_its_dependencies(parallel: int) -> None:
    work = Works()
    run_in_order(DIAMOND, work, parallel)
    assert work.done[0] == "floor"
    assert sorted(work.done[1:3]) == ["left", "right"]
    assert work.done[3] == "roof"


def test_what_does_not_depend_on_one_another_runs_at_the_same_time() -> None:
    both_are_there = threading.Barrier(2, timeout=30)
    run_in_order({"left": [], "right": []}, lambda _: (both_are_there.wait(), None)[1], 2)


def test_no_more_run_at_a_time_than_asked() -> None:
    work = Works(together=3)
    run_in_order({number: [] for number in map(str, range(60))}, work, 3)
    assert len(work.done) == 60
    assert work.most == 3


def test_nothing_begins_after_a_failure() -> None:
    work = Works(fails="floor")
    with pytest.raises(RuntimeError, match="floor"):
        run_in_order(DIAMOND, work, 2)
    assert work.done == []


def test_a_circle_is_refused() -> None:
    work = Works()
    with pytest.raises(CycleError):
        run_in_order({"a": ["b"], "b": ["a"]}, work, 2)
    assert work.done == []

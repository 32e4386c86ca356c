"""The unit on the base that brings the load balancer back to its list."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest

from membership.load_balancer import LoadBalancer, ReloadError
from membership.reconcile import LONGEST_SECONDS, POLL_SECONDS, SOON_SECONDS, reconcile
from tests.membership.worlds import VirtualClock


class EnoughError(Exception):
    """The test has seen enough."""


class Listening(VirtualClock):
    """Notes the pauses, and ends after so many."""

    def __init__(self, many: int) -> None:
        super().__init__()
        self.pauses: list[float] = []
        self._many = many

    def sleep(self, seconds: float) -> None:
        super().sleep(seconds)
        self.pauses.append(seconds)
        if len(self.pauses) == self._many:
            raise EnoughError


class Container(LoadBalancer):
    """A load balancer that can't be asked before some time has passed, and then has to change."""

    def __init__(self, clock: Listening, comes_up: float) -> None:
        super().__init__(Path("/nowhere"))
        self._clock = clock
        self._comes_up = comes_up
        self._changed = False

    @property
    def node_ips(self) -> tuple[str, ...]:
        return ("10.5.0.6",)

    def apply_again(self) -> bool:
        if self._clock.passed < self._comes_up:
            raise ReloadError("it can't be asked")
        changes, self._changed = not self._changed, True
        return changes


def test_a_load_balancer_that_comes_up_is_asked_again_soon() -> None:
    clock, said = Listening(8), []
    with pytest.raises(EnoughError):
        reconcile(Container(clock, comes_up=3.0), said.append, clock)
    assert clock.pauses[0] == SOON_SECONDS
    assert clock.pauses[-1] == POLL_SECONDS
    assert said[-1] == "the load balancer serves 10.5.0.6 again"


def test_one_that_does_not_come_up_is_asked_less_and_less_often() -> None:
    clock, said = Listening(40), []
    with pytest.raises(EnoughError):
        reconcile(Container(clock, comes_up=float("inf")), said.append, clock)
    assert all(before <= after for before, after in pairwise(clock.pauses))
    assert clock.pauses[-1] == LONGEST_SECONDS
    assert "it can't be asked" in said[-1]


def test_a_load_balancer_that_hangs_is_asked_again(base_folder: Path) -> None:
    (base_folder / "served").write_text("10.5.0.6")
    (base_folder / "hang-reload").touch()
    clock, said = Listening(2), []
    with pytest.raises(EnoughError):
        reconcile(LoadBalancer(base_folder, command_seconds=0.3), said.append, clock)
    assert len(said) == 2
    assert "update-loadbalancer gives no answer within 0.3 s" in said[-1]

"""A wait tells for how long it has waited: soon at first, and less often later."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from lab.providers.aws import call
from lab.providers.aws.call import Call


class Clock:
    """Time passes by waiting alone; nobody cancels."""

    def __init__(self) -> None:
        self.now = 0.0

    def monotonic(self) -> float:
        return self.now

    def wait(self, seconds: float) -> bool:
        self.now += seconds
        return False


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    monkeypatch.setattr(call, "time", made)
    return made


def test_half_an_hour_is_told_soon_and_then_less_often(clock: Clock) -> None:
    said: list[float] = []

    def status(message: str, urn: str) -> None:
        assert message.startswith("waiting for the domain: ")
        said.append(clock.now)

    parts: Any = {"clients": None, "log": SimpleNamespace(status=status), "cancelled": clock}
    one = Call(region="eu-west-1", name="search", urn="urn", token="", **parts)
    one.wait("the domain", lambda: True if clock.now > 1800 else None, seconds=3600)
    pauses = [after - before for before, after in zip([0, *said], said, strict=False)]
    assert pauses[0] < 10
    assert pauses[-1] > 60
    assert len(said) < 60

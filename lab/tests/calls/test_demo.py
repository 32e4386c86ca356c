"""What a demo tells: of calls that went wrong, and of nothing that was before it."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest

from lab.calls.account import Account
from lab.calls.lengths import Lengths
from lab.calls.report import Call, Heard, Report, Result
from lab.calls.runs import Runs
from lab.calls.watch import watching
from lab.calls.watch.sight import Happened, Machine, Sight
from lab.demo import Demo, Load, subtitle, wrong

IP = "10.5.0.7"


def call(number: int, start: float, result: Result) -> Call:
    return Call(f"1-1-{number}", start, result, 60.0, IP, end=start + 20, last_heard=start + 10)


def test_a_cut_call_is_named_with_its_step_and_earlier_ones_are_left_out() -> None:
    calls = (
        call(1, 50, Result.CUT),
        call(2, 100, Result.ENDED),
        call(3, 101, Result.CUT),
    )
    crash = {"at": 112, "event": Happened.MACHINE_LOST.value, "name": "node-2", "ip": IP}
    account = Account(Report(calls), [crash])
    assert wrong(account, since=100) == ["  call 1-1-3 on node-2, cut: node-2 crashed"]
    assert "1 ended well, 2 cut, 0 refused" in subtitle(account)
    assert "Longest silence" not in subtitle(account)


def test_it_tells_how_long_one_heard_nothing_at_most() -> None:
    heard = (Heard(60, 110, 0, "straight"), Heard(90, 111, 1, "turn-tcp"))
    calls = (replace(call(n, 100, Result.ENDED), sound=one) for n, one in enumerate(heard))
    said = subtitle(Account(Report(tuple(calls)), []))
    assert said.endswith("\nLongest silence in the 2 calls with sound: 90 ms")


class Idle(Demo):
    """A demo that does nothing."""

    def _rehearse(self) -> None:
        pass


def test_what_happened_since_somebody_looked_last_is_no_part_of_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = Runs(tmp_path).folder
    folder.mkdir(parents=True)
    before = Sight({"i-2": Machine("node-2", IP, running=True)})
    (folder / "last-look.json").write_text(json.dumps(before.as_json()))
    monkeypatch.setattr(watching, "look", lambda _: Sight())
    stack = SimpleNamespace(supervisor=SimpleNamespace(directory=tmp_path))
    load = Load(4, Lengths.parse("1s..2s"))
    found = Idle(stack, load, lambda _: pytest.fail("no calls")).run()  # type: ignore[arg-type]
    (removed,) = found.account.events
    assert removed["event"] == Happened.MACHINE_REMOVED
    assert removed["at"] <= found.start

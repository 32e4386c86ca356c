"""What a demo says of calls that went wrong."""

from __future__ import annotations

from lab.calls.account import Account
from lab.calls.report import Call, Report, Result
from lab.calls.watch.sight import Happened
from lab.demo import subtitle, wrong

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

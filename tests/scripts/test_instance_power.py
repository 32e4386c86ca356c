"""A standby's instance is started and stopped, and is not what AWS doesn't say it is."""

from __future__ import annotations

import sys
from types import SimpleNamespace
from typing import Any

import pytest
from botocore.exceptions import ClientError

from components.aws.arn import GONE_STATUS
from scripts import instance_power
from scripts.instance_power import LIMIT_SECONDS, GoneError, PowerError, start, stop

ID = "i-0abc"


class Ec2:
    """Says one state after the other, the last one again and again."""

    def __init__(self, *states: str, refuses: str = "") -> None:
        self.states = list(states)
        self.refuses = refuses
        self.done: list[str] = []

    def describe_instances(self, **_: Any) -> dict[str, Any]:
        state = self.states.pop(0) if len(self.states) > 1 else self.states[0]
        if state == "missing":
            raise _error("InvalidInstanceID.NotFound", "DescribeInstances")
        found = [{"State": {"Name": state}}] if state else []
        return {"Reservations": [{"Instances": found}]}

    def start_instances(self, **_: Any) -> None:
        self._do("start")

    def stop_instances(self, **_: Any) -> None:
        self._do("stop")

    def _do(self, what: str) -> None:
        if self.refuses:
            raise _error(self.refuses, what)
        self.done.append(what)


def _error(code: str, what: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": "no"}}, what)


def nothing(_: float) -> None:
    """No time passes."""


@pytest.mark.parametrize(
    ("states", "done"),
    [
        (["running"], []),
        (["pending", "pending", "running"], []),
        (["stopped", "stopped", "pending", "running"], ["start"]),
        (["stopping", "stopping", "stopped", "stopped", "running"], ["start"]),
    ],
)
def test_an_instance_is_started_where_it_is_stopped(states: list[str], done: list[str]) -> None:
    ec2 = Ec2(*states)
    start(ec2, ID, nothing)  # type: ignore[arg-type]
    assert (ec2.done, ec2.states) == (done, ["running"])


@pytest.mark.parametrize(
    ("states", "done"),
    [
        (["stopped"], []),
        (["running", "stopping", "stopped"], ["stop"]),
    ],
)
def test_an_instance_is_stopped_once(states: list[str], done: list[str]) -> None:
    ec2 = Ec2(*states)
    stop(ec2, ID, nothing)  # type: ignore[arg-type]
    assert ec2.done == done


@pytest.mark.parametrize("action", [start, stop])
@pytest.mark.parametrize("state", ["terminated", "shutting-down", "missing"])
def test_one_that_is_gone_is_told_apart(action: Any, state: str) -> None:
    with pytest.raises(GoneError, match=r"pulumi up --refresh"):
        action(Ec2(state), ID, nothing)


@pytest.mark.parametrize(
    ("action", "account", "ends"),
    [
        ("start", "123456789012", GONE_STATUS),
        ("stop", "123456789012", None),
        ("start", "999999999999", "are of account 999999999999, not 123456789012"),
        ("stop", "999999999999", "are of account 999999999999, not 123456789012"),
    ],
)
def test_what_another_account_does_not_have_is_not_gone(
    action: str, account: str, ends: int | str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    identity = SimpleNamespace(get_caller_identity=lambda: {"Account": account})
    session = SimpleNamespace(client=lambda name: identity if name == "sts" else Ec2("missing"))
    monkeypatch.setattr(instance_power.aws_session, "of_environment", lambda _: session)
    monkeypatch.setattr(sys, "argv", ["instance_power", action])
    monkeypatch.setenv("INSTANCE_ARN", f"arn:aws:ec2:eu-west-1:123456789012:instance/{ID}")
    if ends is None:
        instance_power.main()
        return
    with pytest.raises(SystemExit) as ended:
        instance_power.main()
    assert ended.value.code == ends or str(ends) in str(ended.value.code)


def test_where_aws_has_no_capacity_it_is_said_what_to_do() -> None:
    ec2 = Ec2("stopped", refuses="InsufficientInstanceCapacity")
    with pytest.raises(PowerError, match=r"(?s)It stays stopped.*Next: pulumi up"):
        start(ec2, ID, nothing)  # type: ignore[arg-type]


def test_what_aws_may_not_be_asked_is_no_answer() -> None:
    with pytest.raises(ClientError):
        stop(Ec2("running", refuses="UnauthorizedOperation"), ID, nothing)  # type: ignore[arg-type]


@pytest.mark.parametrize("state", ["running", ""])
def test_one_that_does_not_stop_is_no_success(state: str) -> None:
    waited: list[float] = []
    with pytest.raises(PowerError, match="Next: pulumi up"):
        stop(Ec2(state), ID, waited.append)  # type: ignore[arg-type]
    assert sum(waited) in (0, LIMIT_SECONDS)

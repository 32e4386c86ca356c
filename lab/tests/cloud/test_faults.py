"""Faults of the fake AWS: which calls they hit, and how they are asked for."""

from __future__ import annotations

import pytest

from lab.cloud.aws import checks
from lab.cloud.control.models import Loss
from lab.cloud.faults import FaultError, Faults, Quotas


@pytest.fixture
def faults() -> Faults:
    return Faults(lambda host, how: None)


def codes(faults: Faults, *actions: str, instance_type: str = "") -> list[str | None]:
    found = [faults.refusal(action, instance_type) for action in actions]
    return [refusal.code if refusal else None for refusal in found]


def test_without_faults_every_call_passes(faults: Faults) -> None:
    assert codes(faults, "RunInstances", "DescribeVpcs") == [None, None]


def test_a_throttle_ends_by_itself(faults: Faults) -> None:
    faults.add("throttle", {"times": "2"})
    assert codes(faults, "A", "B", "C") == ["RequestLimitExceeded"] * 2 + [None]


def test_the_third_machine_gets_no_capacity(faults: Faults) -> None:
    faults.add("no-capacity", {"after": 2, "times": 1})
    code = "InsufficientInstanceCapacity"
    found = codes(faults, "RunInstances", "CreateTags", "RunInstances", "RunInstances")
    assert found == [None, None, None, code]
    assert codes(faults, "RunInstances") == [None]


def test_no_capacity_of_one_type(faults: Faults) -> None:
    faults.add("no-capacity", {"instance-type": "c5.4xlarge"})
    assert codes(faults, "RunInstances", instance_type="c5.2xlarge") == [None]
    assert codes(faults, "RunInstances", instance_type="c5.4xlarge") != [None]


def test_any_error_can_be_asked_for(faults: Faults) -> None:
    faults.add("api-error", {"code": "InternalError", "status": "503", "actions": "A,B"})
    assert codes(faults, "A", "B", "C") == ["InternalError", "InternalError", None]
    refusal = faults.refusal("A", "")
    assert refusal
    assert refusal.status == 503


def test_a_rate_of_nothing_hits_nothing(faults: Faults) -> None:
    faults.add("throttle", {"rate": 0})
    assert codes(faults, *["A"] * 20) == [None] * 20


def test_a_delay_is_for_the_named_machine(faults: Faults) -> None:
    faults.add("boot-delay", {"seconds": "180", "host": "node-1"})
    assert faults.boot_delay("project-stack-node-1") == 180
    assert faults.boot_delay("project-stack-base") == 0


def test_checks_fail_as_much_later_as_is_asked_for(faults: Faults) -> None:
    now, found = 0.0, checks.FAILED
    late = checks.Late(lambda _: found, faults.check_seconds, lambda: now)
    assert late.found("i-0a") == checks.FAILED
    faults.add("late-checks", {"seconds": "60"})
    found = checks.PASSED
    assert late.found("i-0a") == checks.PASSED
    found, now = checks.FAILED, 100.0
    assert late.found("i-0a") == checks.PASSED
    now = 160.0
    assert late.found("i-0a") == checks.FAILED
    faults.clear()
    assert faults.check_seconds() == 0


def test_a_retirement_is_over_when_the_machine_has_moved(faults: Faults) -> None:
    faults.add("retire-host", {"host": "node-2"})
    faults.moved("project-stack-node-1")
    assert faults.retires("project-stack-node-2")
    assert not faults.retires("project-stack-node-1")
    faults.moved("project-stack-node-2")
    assert not faults.retires("project-stack-node-2")


def test_an_answer_comes_late_once(faults: Faults) -> None:
    faults.add("late-answer", {"seconds": 30, "actions": "RunInstances", "times": 1})
    found = [faults.lateness(action, "") for action in ("CreateTags", "RunInstances")]
    assert found == [0, 30]
    assert faults.lateness("RunInstances", "") == 0
    assert codes(faults, "RunInstances") == [None]


def test_clear_ends_all(faults: Faults) -> None:
    faults.add("throttle", {})
    faults.add("quota", {"vcpus": 8})
    assert faults.list() == ["throttle", "quota vcpus=8"]
    faults.clear()
    assert (faults.list(), faults.quotas) == ([], Quotas())
    assert codes(faults, "A") == [None]


def test_a_machine_is_lost_in_the_way_that_was_asked() -> None:
    lost: list[tuple[str, Loss]] = []
    faults = Faults(lambda host, how: lost.append((host, how)))
    faults.add("lose-host", {"host": "node-2", "how": "stop"})
    for timer in faults._set.timers:
        timer.join()
    assert lost == [("node-2", Loss.STOP)]


@pytest.mark.parametrize(
    ("kind", "options", "said"),
    [
        ("nothing", {}, "there are: throttle"),
        ("throttle", {"time": 1}, "no option 'time'"),
        ("throttle", {"times": "many"}, "must be a number"),
        ("throttle", {"times": 1.5}, "must be a whole number"),
        ("throttle", {"after": -1}, "must be 0 or more"),
        ("boot-delay", {}, "seconds=180"),
        ("late-answer", {}, "seconds=180"),
        ("lose-host", {}, "host=node-1"),
        ("retire-host", {}, "host=node-1"),
        ("lose-host", {"host": "base", "how": "burn"}, "must be one of crash, stop, terminate"),
        ("api-error", {}, "code=InternalError"),
    ],
)
def test_a_wrong_fault_is_refused(
    faults: Faults, kind: str, options: dict[str, str | float], said: str
) -> None:
    with pytest.raises(FaultError, match=said):
        faults.add(kind, options)
    assert faults.list() == []

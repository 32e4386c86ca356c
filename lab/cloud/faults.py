"""How the fake AWS can be made to misbehave, and what it refuses by quota.

`lab fault set KIND NAME=VALUE …` and `ControlClient.fault(kind, **options)` set one; options are
text or numbers. `lab/cli/fault_table.py` tells what each takes. `host` is the end of a machine's
Name tag, as `node-1`; any without it.
"""

from __future__ import annotations

import random
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from lab.cloud.control.models import Loss


class FaultError(ValueError):
    """A fault that doesn't exist, or is asked for in the wrong way."""


@dataclass(frozen=True)
class Refusal:
    """An error that a call gets instead of an answer.

    Attributes:
        code: AWS's error code.
        status: HTTP status.
        message: the error's text.
    """

    code: str
    status: int
    message: str


@dataclass(frozen=True)
class Quotas:
    """Service quotas of the account, for each region.

    Attributes:
        vcpus: virtual CPUs of running standard instances. AWS gives a new account few.
        addresses: Elastic IP addresses. AWS gives an account 5.
    """

    vcpus: int = 1024
    addresses: int = 200


@dataclass(kw_only=True)
class _Aim:
    """Which calls a fault hits."""

    actions: frozenset[str]
    instance_type: str = ""
    times: int | None = None
    after: int = 0
    rate: float = 1.0

    def hits(self, action: str, instance_type: str) -> bool:
        """Whether this call is hit; counts it."""
        if self.times == 0 or (self.actions and action not in self.actions):
            return False
        if self.instance_type and instance_type != self.instance_type:
            return False
        if self.after > 0:
            self.after -= 1
            return False
        # Chance is wanted, not secrecy.
        if random.random() >= self.rate:  # noqa: S311
            return False
        if self.times is not None:
            self.times -= 1
        return True


@dataclass(kw_only=True)
class _Strike(_Aim):
    refusal: Refusal


@dataclass(kw_only=True)
class _Late(_Aim):
    seconds: float


@dataclass
class _Delay:
    seconds: float
    host: str


@dataclass
class _Set:
    strikes: list[_Strike] = field(default_factory=list)
    late: list[_Late] = field(default_factory=list)
    delays: list[_Delay] = field(default_factory=list)
    timers: list[threading.Timer] = field(default_factory=list)
    retiring: list[str] = field(default_factory=list)
    check_seconds: float = 0.0
    said: list[str] = field(default_factory=list)


_Options = Mapping[str, str | float]
_START = frozenset({"RunInstances", "StartInstances"})
_COUNTS = frozenset({"times", "after", "rate"})
KNOWN: Mapping[str, frozenset[str]] = {
    "throttle": _COUNTS | {"actions"},
    "no-capacity": _COUNTS | {"instance-type"},
    "api-error": _COUNTS | {"actions", "code", "status", "message"},
    "late-answer": _COUNTS | {"actions", "seconds"},
    "boot-delay": frozenset({"seconds", "host"}),
    "lose-host": frozenset({"host", "how", "after"}),
    "retire-host": frozenset({"host"}),
    "late-checks": frozenset({"seconds"}),
    "quota": frozenset({"vcpus", "addresses"}),
}
"""Kinds, and the options that each takes."""


class Faults:
    """The faults of one lab; can be used from any thread."""

    def __init__(self, lose: Callable[[str, Loss], None]) -> None:
        """Begin without faults.

        Args:
            lose: loses the machine whose Name tag ends so, in that way.
        """
        self._lose = lose
        self._lock = threading.Lock()
        self._set = _Set()
        self._quotas = Quotas()

    @property
    def quotas(self) -> Quotas:
        """The quotas in force."""
        return self._quotas

    def add(self, kind: str, options: _Options) -> None:
        """Set a fault.

        Raises:
            FaultError: the kind or an option doesn't exist, or a value is wrong.
        """
        given = {name.replace("_", "-"): value for name, value in options.items()}
        if kind not in KNOWN:
            raise FaultError(f"no fault {kind!r}; there are: {', '.join(KNOWN)}")
        if unknown := sorted(given.keys() - KNOWN[kind]):
            takes = ", ".join(sorted(KNOWN[kind]))
            raise FaultError(f"{kind}: no option {unknown[0]!r}; it takes: {takes}")
        with self._lock:
            self._add(kind, given)
            shown = " ".join(f"{name}={value}" for name, value in given.items())
            self._set.said.append(f"{kind} {shown}".strip())

    def clear(self) -> None:
        """End all faults, and take back the quotas."""
        with self._lock:
            for timer in self._set.timers:
                timer.cancel()
            self._set = _Set()
            self._quotas = Quotas()

    def list(self) -> list[str]:
        """The faults as they were set."""
        with self._lock:
            return [*self._set.said]

    def refusal(self, action: str, instance_type: str) -> Refusal | None:
        """What an EC2 call gets instead of its answer, if something.

        Args:
            action: such as `RunInstances`.
            instance_type: the call's instance type; empty where it has none.
        """
        with self._lock:
            for strike in self._set.strikes:
                if strike.hits(action, instance_type):
                    return strike.refusal
        return None

    def lateness(self, action: str, instance_type: str) -> float:
        """Seconds by which the answer to an EC2 call comes later.

        Args:
            action: such as `RunInstances`.
            instance_type: the call's instance type; empty where it has none.
        """
        with self._lock:
            hit = [late for late in self._set.late if late.hits(action, instance_type)]
            return sum(late.seconds for late in hit)

    def boot_delay(self, name: str) -> float:
        """Seconds by which a machine boots later.

        Args:
            name: its Name tag.
        """
        with self._lock:
            return sum(delay.seconds for delay in self._set.delays if name.endswith(delay.host))

    def retires(self, name: str) -> bool:
        """Whether AWS has scheduled the retirement of the host below a machine.

        Args:
            name: its Name tag.
        """
        with self._lock:
            return any(name.endswith(host) for host in self._set.retiring)

    def check_seconds(self) -> float:
        """Seconds by which status checks that fail are told later."""
        with self._lock:
            return self._set.check_seconds

    def moved(self, name: str) -> None:
        """A machine starts, on another host."""
        with self._lock:
            left = [host for host in self._set.retiring if not name.endswith(host)]
            self._set.retiring[:] = left

    def _add(self, kind: str, given: _Options) -> None:
        match kind:
            case "throttle":
                refusal = Refusal("RequestLimitExceeded", 503, "Request limit exceeded.")
                self._set.strikes.append(_Strike(refusal=refusal, **_aim(kind, given)))
            case "no-capacity":
                refusal = Refusal(
                    "InsufficientInstanceCapacity",
                    500,
                    "We currently do not have sufficient capacity in the Availability Zone "
                    "you requested. Our system will be working on provisioning additional "
                    "capacity.",
                )
                aim = {**_aim(kind, given), "actions": _START}
                self._set.strikes.append(_Strike(refusal=refusal, **aim))
            case "api-error":
                if not given.get("code"):
                    raise FaultError("api-error: say which: code=InternalError")
                refusal = Refusal(
                    str(given["code"]),
                    _whole(kind, given, "status") or 500,
                    str(given.get("message", "asked for by a fault")),
                )
                self._set.strikes.append(_Strike(refusal=refusal, **_aim(kind, given)))
            case "late-answer":
                seconds = _seconds(kind, given)
                self._set.late.append(_Late(seconds=seconds, **_aim(kind, given)))
            case "boot-delay":
                delay = _Delay(_seconds(kind, given), str(given.get("host", "")))
                self._set.delays.append(delay)
            case "lose-host":
                self._set.timers.append(self._timer(given))
            case "retire-host":
                if not given.get("host"):
                    raise FaultError("retire-host: say which: host=node-1")
                self._set.retiring.append(str(given["host"]))
            case "late-checks":
                self._set.check_seconds = _seconds(kind, given)
            case "quota":
                self._quotas = replace(
                    self._quotas,
                    **{
                        name: value
                        for name in ("vcpus", "addresses")
                        if (value := _whole(kind, given, name)) is not None
                    },
                )

    def _timer(self, given: _Options) -> threading.Timer:
        if not given.get("host"):
            raise FaultError("lose-host: say which: host=node-1")
        try:
            how = Loss(str(given.get("how", Loss.CRASH)))
        except ValueError:
            raise FaultError(
                f"lose-host: how must be one of {', '.join(Loss)}, got {given['how']!r}"
            ) from None
        after = _number("lose-host", given, "after", 0)
        timer = threading.Timer(after, self._lose, (str(given["host"]), how))
        timer.daemon = True
        timer.start()
        return timer


def _aim(kind: str, given: _Options) -> dict[str, Any]:
    return {
        "actions": frozenset(filter(None, str(given.get("actions", "")).split(","))),
        "instance_type": str(given.get("instance-type", "")),
        "times": _whole(kind, given, "times"),
        "after": _whole(kind, given, "after") or 0,
        "rate": _number(kind, given, "rate", 1.0),
    }


def _seconds(kind: str, given: _Options) -> float:
    if "seconds" not in given:
        raise FaultError(f"{kind}: say how long: seconds=180")
    return _number(kind, given, "seconds", 0)


def _number(kind: str, given: _Options, name: str, default: float) -> float:
    value = given.get(name, default)
    try:
        found = float(value)
    except ValueError:
        raise FaultError(f"{kind}: {name} must be a number, got {value!r}") from None
    if found < 0:
        raise FaultError(f"{kind}: {name} must be 0 or more, got {value!r}")
    return found


def _whole(kind: str, given: _Options, name: str) -> int | None:
    if name not in given:
        return None
    found = _number(kind, given, name, 0)
    if found != int(found):
        raise FaultError(f"{kind}: {name} must be a whole number, got {given[name]!r}")
    return int(found)

"""What can be made to go wrong on a host of the simulated OpenVidu, and how to ask for it.

A fault is a file `/etc/openvidu-lab/faults/KIND` on the host that is to misbehave; taking it
away ends the fault. The file holds options, one `name=value` a line; it may be empty. Every
kind takes `times=N`: it ends by itself after it has struck N times.

`python -m lab.openvidu.faults set drain answer=405`, `... clear [KIND]` and `... list` do that
from a shell on the host; `write` and `clear` from Python.

The mirror's and the certificate authority's faults are read from the lab's own directory
(`DIR/faults`), because they don't run on a host; they strike all hosts, or the one in `client=`.

`lab/cli/fault_table.py` tells what each kind does.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from lab.openvidu import surroundings

FOLDER = Path("/etc/openvidu-lab/faults")

_ANSWER = re.compile(r"[1-5][0-9][0-9]|hang|half|drip|not-json|close")
_YES_OR_NO = re.compile("true|false")
_SECONDS = re.compile(r"[0-9]+(\.[0-9]+)?")
_ANY = re.compile(".*")

OPTIONS: Mapping[str, Mapping[str, re.Pattern[str]]] = {
    "drain": {"answer": _ANSWER},
    "api": {"answer": _ANSWER},
    "media-disconnected": {},
    "start": {"status": re.compile("[1-9][0-9]?")},
    "s3-unreachable": {},
    "redis-unreachable": {},
    "slow-upload": {"seconds": _SECONDS, "abandon": _YES_OR_NO},
    "reload": {},
    "slow-reload": {"seconds": _SECONDS},
    "compose": {"version": re.compile(r"[0-9]+\.[0-9]+\.[0-9]+")},
    "exec-needs-tty": {},
    "partition": {
        "from": re.compile("base|peers|operator|all"),
        "way": re.compile("both|in|out"),
        "how": re.compile("drop|reject"),
    },
    "hang": {},
    "pull": {"image": _ANY},
    "download": {"answer": re.compile("404|cut"), "file": _ANY, "client": _ANY},
    "letsencrypt": {"reason": _ANY},
}
"""Kinds, and the options that each takes besides `times`, with what they may be."""

_COUNTED = "times"


class FaultError(ValueError):
    """A fault that doesn't exist, or is asked for in the wrong way."""


@dataclass(frozen=True)
class Fault:
    """One thing that is to go wrong.

    Attributes:
        kind: a key of `OPTIONS`.
        options: what the kind takes, as text.
        times: how often it strikes before it ends; `None` for as long as the file is there.
    """

    kind: str
    options: Mapping[str, str] = field(default_factory=dict)
    times: int | None = None

    def option(self, name: str, default: str) -> str:
        """The value of an option."""
        return self.options.get(name, default)

    def render(self) -> str:
        """The text of the fault's file."""
        lines = [f"{name}={value}\n" for name, value in sorted(self.options.items())]
        return "".join(lines) + (f"{_COUNTED}={self.times}\n" if self.times is not None else "")


def parse(kind: str, text: str) -> Fault:
    """Read the text of a fault's file.

    Raises:
        FaultError: the kind or an option doesn't exist, or `times` is not a positive number.
    """
    if kind not in OPTIONS:
        raise FaultError(f"no fault {kind!r}; there are: {', '.join(sorted(OPTIONS))}")
    options: dict[str, str] = {}
    times: int | None = None
    for line in filter(None, map(str.strip, text.splitlines())):
        name, equals, value = line.partition("=")
        if not equals:
            raise FaultError(f"{kind}: {line!r} is not name=value")
        if name == _COUNTED:
            if not value.isdecimal() or int(value) < 1:
                raise FaultError(
                    f"{kind}: times must be a whole number of 1 or more, got {value!r}"
                )
            times = int(value)
        elif name not in OPTIONS[kind]:
            known = ", ".join(sorted([*OPTIONS[kind], _COUNTED]))
            raise FaultError(f"{kind}: no option {name!r}; it takes: {known}")
        elif not OPTIONS[kind][name].fullmatch(value):
            raise FaultError(f"{kind}: {name} must be {OPTIONS[kind][name].pattern}, got {value!r}")
        else:
            options[name] = value
    return Fault(kind, options, times)


def write(fault: Fault, folder: Path = FOLDER) -> None:
    """Make `fault` strike from now on.

    Raises:
        FaultError: the fault doesn't exist or an option is wrong.
    """
    parse(fault.kind, fault.render())
    folder.mkdir(parents=True, exist_ok=True)
    temporary = folder / f".{fault.kind}.{os.getpid()}"
    temporary.write_text(fault.render())
    temporary.replace(folder / fault.kind)
    if fault.kind in surroundings.KINDS and folder == FOLDER:
        surroundings.begin(fault.kind, fault.options)


def clear(kind: str | None = None, folder: Path = FOLDER) -> None:
    """End the fault `kind`, or all of them."""
    for name in OPTIONS if kind is None else (kind,):
        if name in surroundings.KINDS and folder == FOLDER and (folder / name).exists():
            surroundings.end(name)
        (folder / name).unlink(missing_ok=True)


def look(kind: str, folder: Path = FOLDER) -> Fault | None:
    """The fault `kind` where one is set; counts as no strike.

    Raises:
        FaultError: the file is there but can't be read as a fault.
    """
    try:
        return parse(kind, (folder / kind).read_text())
    except FileNotFoundError:
        return None


def strike(kind: str, folder: Path = FOLDER) -> Fault | None:
    """The fault `kind` where one is set, counting this time.

    Raises:
        FaultError: the file is there but can't be read as a fault.
    """
    fault = look(kind, folder)
    if fault is None or fault.times is None:
        return fault
    if fault.times == 1:
        clear(kind, folder)
    else:
        write(Fault(kind, fault.options, fault.times - 1), folder)
    return fault


def active(folder: Path = FOLDER) -> list[Fault]:
    """All faults that are set."""
    return [fault for kind in OPTIONS if (fault := look(kind, folder)) is not None]


def main(arguments: list[str], folder: Path = FOLDER) -> int:
    """`set KIND [name=value ...]`, `clear [KIND]` or `list`; returns the exit status."""
    match arguments:
        case ["set", kind, *options]:
            try:
                write(parse(kind, "\n".join(options)), folder)
            except FaultError as error:
                sys.stderr.write(f"{error}\n")
                return 2
        case ["clear"]:
            clear(folder=folder)
        case ["clear", kind]:
            clear(kind, folder)
        case ["list"]:
            for fault in active(folder):
                sys.stdout.write(" ".join([fault.kind, *fault.render().split()]) + "\n")
        case _:
            sys.stderr.write("usage: set KIND [name=value ...] | clear [KIND] | list\n")
            return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

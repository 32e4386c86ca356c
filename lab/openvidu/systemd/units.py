"""Unit files: what they say, and which are enabled."""

from __future__ import annotations

import shlex
from dataclasses import dataclass, field
from pathlib import Path

FOLDER = Path("/etc/systemd/system")
_TARGET = "multi-user.target"
_DESCRIPTIVE = {"Unit": {"Description", "Documentation", "After", "Wants", "Requires", "Before"}}
_RESTARTS = ("no", "on-failure", "always")


class UnitError(Exception):
    """A unit can't be used; its text is what systemctl prints."""


@dataclass(frozen=True)
class Unit:
    """A service.

    Attributes:
        name: such as `x.service`.
        command: what it runs.
        environment: variables for it.
        restart: `no`, `on-failure` or `always`.
        restart_seconds: how long it's waited before.
        wanted: whether it can be enabled.
    """

    name: str
    command: list[str]
    environment: dict[str, str] = field(default_factory=dict)
    restart: str = "no"
    restart_seconds: float = 0.1
    wanted: bool = False


def load(name: str) -> Unit:
    """Read a unit's file.

    Raises:
        UnitError: there's none, or it says something that isn't known here.
    """
    try:
        text = (FOLDER / name).read_text()
    except FileNotFoundError:
        raise UnitError(f"Unit file {name} does not exist.") from None
    return parse(name, text)


def parse(name: str, text: str) -> Unit:
    """What a unit file says.

    Raises:
        UnitError: it says something that isn't known here.
    """
    section = ""
    found: dict[str, str] = {}
    environment: dict[str, str] = {}
    for line in map(str.strip, text.splitlines()):
        if not line or line[0] in "#;":
            continue
        if line[0] == "[":
            section = line.strip("[]")
            continue
        key, _, value = line.partition("=")
        if key in _DESCRIPTIVE.get(section, ()):
            continue
        if (section, key) == ("Service", "Environment"):
            environment |= dict(word.split("=", 1) for word in shlex.split(value))
        else:
            found[f"{section}.{key}"] = value
    unit = Unit(
        name,
        shlex.split(found.pop("Service.ExecStart", "")),
        environment,
        found.pop("Service.Restart", "no"),
        float(found.pop("Service.RestartSec", "0.1").removesuffix("s")),
        found.pop("Install.WantedBy", "") == _TARGET,
    )
    if found.pop("Service.Type", "simple") != "simple" or unit.restart not in _RESTARTS or found:
        raise UnitError(f"{name}: the lab's systemd doesn't know {sorted(found) or unit}")
    if not unit.command:
        raise UnitError(f"{name}: Service has no ExecStart= setting. Refusing.")
    return unit


def link(name: str) -> Path:
    """What is there when a unit is enabled."""
    return FOLDER / f"{_TARGET}.wants" / name


def enable(name: str) -> None:
    """Have it start at boot.

    Raises:
        UnitError: there's none, or its file doesn't say so.
    """
    if not load(name).wanted:
        raise UnitError(f"The unit files have no installation config: {name}")
    there = link(name)
    if not there.is_symlink():
        there.parent.mkdir(parents=True, exist_ok=True)
        there.symlink_to(FOLDER / name)


def enabled() -> list[str]:
    """The units that start at boot."""
    return sorted(path.name for path in link("").glob("*.service"))

"""What machines are like that differ from Ubuntu's image: a file of `lab up --host-like`."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import IPv4Address
from pathlib import Path
from typing import Any

import yaml

from lab.errors import LabError

FILE = "host-like.yaml"
"""Where a lab keeps it, in its directory."""
PACKAGES, SNAP, DOCKER_CE = _DOCKERS = ("packages", "snap", "docker-ce")
UBUNTU, DEBIAN = _RELEASES = ("ubuntu", "debian")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_VALUE = re.compile(r'[^"\\\n]*')


@dataclass(frozen=True)
class HostLike:
    """How machines differ.

    Attributes:
        environment: what pam gives to logins and to sudo, as from /etc/environment.
        shell: of the user that logs in.
        login: what a login prints, from .bashrc.
        ssh_limit: whether more than six logins in 30 s from one address are refused, as by ufw.
        release: whose packages it has: `ubuntu` (24.04) or `debian` (13).
        docker: where it's from (`packages`, `snap`, or `docker-ce`, Docker's own and without
            Compose) where it's there from the start; empty where it isn't.
        apt_daily_seconds: how long it updates itself after each boot, as Ubuntu's apt-daily does.
        docker_disk_gib: free on a disk of its own for /var/lib/docker; None where it has none.
        image_mb: what each image of containers has to be downloaded of, in MB.
        pull_mb_per_second: how fast images come; 0 where they take no time.
        own_name: what /etc/hosts has at 127.0.1.1; all other names are in DNS alone.
        home: files in the home of the user that logs in, by name.
        addresses: private addresses of the machines that are so; empty for all.
    """

    environment: tuple[tuple[str, str], ...] = ()
    shell: str = ""
    login: str = ""
    ssh_limit: bool = False
    release: str = UBUNTU
    docker: str = ""
    apt_daily_seconds: int = 0
    docker_disk_gib: int | None = None
    image_mb: int = 0
    pull_mb_per_second: int = 0
    own_name: str = ""
    home: tuple[tuple[str, str], ...] = ()
    addresses: tuple[str, ...] = ()


USUAL = HostLike()


def of(directory: Path, private_ip: str) -> HostLike:
    """What a machine of a lab is like that is made now.

    Args:
        directory: the lab's.
        private_ip: the machine's.
    """
    file = directory / FILE
    if not file.exists():
        return USUAL
    kinds = parse(file.read_text())
    of_all = [one for one in kinds if not one.addresses]
    own = [one for one in kinds if private_ip in one.addresses]
    return [USUAL, *of_all, *own][-1]


def parse(text: str) -> list[HostLike]:
    """The kinds of machines that a file describes: one, or a list of them.

    Raises:
        LabError: it has something else than is taken; names it.
    """
    try:
        found = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise LabError(f"--host-like: the file is no YAML: {error}") from None
    return [_parse(one) for one in (found if isinstance(found, list) else [found])]


def _parse(found: Any) -> HostLike:
    if not isinstance(found, dict):
        raise LabError(f"--host-like: takes names and values, found {found!r}. See: docs/lab.md")
    if unknown := sorted(map(str, found.keys() - _TAKES.keys())):
        raise LabError(f"--host-like: no {unknown[0]}; it takes: {', '.join(_TAKES)}")
    values: dict[str, Any] = {}
    for name, value in found.items():
        attribute, parse_value, takes = _TAKES[name]
        try:
            values[attribute] = parse_value(value)
        except (TypeError, ValueError, AttributeError):
            raise LabError(f"--host-like: {name} must be {takes}, got {value!r}") from None
    return HostLike(**values)


def _environment(value: Any) -> tuple[tuple[str, str], ...]:
    for name, text in value.items():
        if not _NAME.fullmatch(name) or not _VALUE.fullmatch(text):
            raise ValueError
    return tuple(value.items())


def _shell(value: Any) -> str:
    if not Path(value).is_absolute() or not Path(value).exists():
        raise ValueError
    return str(value)


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError
    return value


def _truth(value: Any) -> bool:
    if not isinstance(value, bool):
        raise TypeError
    return value


def _one_of(*choices: str) -> Callable[[Any], str]:
    def parse_value(value: Any) -> str:
        if value not in choices:
            raise ValueError
        return str(value)

    return parse_value


def _files(value: Any) -> tuple[tuple[str, str], ...]:
    for name, text in value.items():
        if Path(name).name != name or not isinstance(text, str):
            raise ValueError
    return tuple(value.items())


def _whole(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise ValueError
    return value


def _addresses(value: Any) -> tuple[str, ...]:
    return tuple(str(IPv4Address(one)) for one in value)


_TAKES = {
    "environment": ("environment", _environment, 'variables and texts without " and backslash'),
    "shell": ("shell", _shell, "the path of a shell that this computer has"),
    "login": ("login", _text, "a text"),
    "sshLimit": ("ssh_limit", _truth, "true or false"),
    "release": ("release", _one_of(*_RELEASES), " or ".join(_RELEASES)),
    "docker": ("docker", _one_of(*_DOCKERS), " or ".join(_DOCKERS)),
    "aptDailySeconds": ("apt_daily_seconds", _whole, "a whole number"),
    "dockerDiskGib": ("docker_disk_gib", _whole, "a whole number"),
    "imageMb": ("image_mb", _whole, "a whole number"),
    "pullMbPerSecond": ("pull_mb_per_second", _whole, "a whole number"),
    "ownName": ("own_name", _text, "a name"),
    "home": ("home", _files, "names of files with their texts"),
    "addresses": ("addresses", _addresses, "a list of private addresses"),
}
"""By the name in the file: the attribute, what parses it, and what it takes in words."""
NAMES = tuple(_TAKES)

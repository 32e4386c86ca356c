"""Mistakes in a stack's configuration, and the one error that lists them all."""

from __future__ import annotations

import ipaddress
import json
import re
import shlex
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from components.ssh_way import PORT


@dataclass(frozen=True)
class Mistake:
    """One thing that is wrong in the configuration.

    Attributes:
        key: configuration key, without namespace.
        problem: what was found and what is taken instead; never a secret's value.
        command: what to type next.
    """

    key: str
    problem: str
    command: str

    def __str__(self) -> str:
        return f"  {self.key}: {self.problem}\n      {self.command}"


def of_no_use(keys: Mapping[str, object], problem: str) -> list[Mistake]:
    """What is said of keys that have a value and nothing to be for.

    Args:
        keys: their values.
        problem: what they would be for.
    """
    return [
        Mistake(key, problem, f"pulumi config rm {key}") for key, found in keys.items() if found
    ]


class ConfigurationError(Exception):
    """The configuration can't be deployed; nothing has been registered.

    Attributes:
        mistakes: all of them, in the order in which the keys are documented.
    """

    def __init__(self, mistakes: Sequence[Mistake]) -> None:
        self.mistakes = tuple(mistakes)
        count = "a mistake" if len(mistakes) == 1 else f"{len(mistakes)} mistakes"
        lines = [f"The configuration has {count}. Nothing was changed."]
        super().__init__("\n".join([*lines, *(str(mistake) for mistake in mistakes)]))


class MemberError(ValueError):
    """One part of a value doesn't fit; the message says what is taken instead.

    Attributes:
        place: path to the part within the value, as `[1].publicIp`.
        found: what is there.
    """

    def __init__(self, place: str, found: object, takes: str) -> None:
        super().__init__(takes)
        self.place = place
        self.found = found

    def within(self, place: str) -> MemberError:
        """The same of a value that has this one at `place`."""
        return MemberError(place + self.place, self.found, str(self))


def shown(found: object) -> str:
    """A value as a message has it: in quotes, and not too long."""
    text = found if isinstance(found, str) else json.dumps(found)
    return json.dumps(text if len(text) <= 60 else text[:57] + "...", ensure_ascii=False)


_PLAIN = re.compile(r"[A-Za-z_$][\w$]*", re.ASCII)
_PATH = re.compile(r"""[\w$]+(?:\.[\w$]+|\[\d+\]|\["(?:\\"|[^":\\]|\\(?!"))*"\])*""", re.ASCII)
"""What Pulumi reads as a path, where it's one of a configuration. Source: pulumi,
sdk/go/common/resource/properties_path.go; a key of a configuration has no colon."""


def member(name: str) -> str:
    """The path to a member within an object, as `.NAME` or `["a.b"]`."""
    escaped = name.replace('"', '\\"')
    return f".{name}" if _PLAIN.fullmatch(name) else f'["{escaped}"]'


def path_command(verb: str, path: str) -> str:
    """The command that does something to one part of a value; what it's set to comes after it.

    Args:
        verb: `set`, `set --secret` or `rm`.
        path: such as `hosts[0].publicIp`; of a part that no path leads to, all goes.
    """
    if not _PATH.fullmatch(path):
        key = re.split(r"[.\[]", path, maxsplit=1)[0]
        return f"pulumi config rm {key}, and so on: set its other members again"
    word = f"'{path}'" if "'" not in path else shlex.quote(path)
    return f"pulumi config {verb} --path {word}"


_OF_THE_WAY = {"sshPort": PORT, "sshJump.host": "203.0.113.2", "sshJump.port": PORT}
"""Values that are taken for parts of a host that no example has."""


def set_member_command(
    key: str, place: str, example: str, *, secret: bool = False, taken: Collection[str] = ()
) -> str:
    """The command that sets one part of a list, and no other.

    Args:
        key: the list's key.
        place: as in `MemberError`.
        example: a list that is taken; empty where none is known.
        secret: whether its value is asked for.
        taken: addresses that others in the list have.
    """
    if place.endswith(".hostKey"):
        return f"{path_command('rm', key + place)} && uv run openvidu-enterprise host-keys"
    if secret:
        return path_command("set --secret", key + place)
    if not example:
        return path_command("rm", key + place)
    first = json.loads(example)[0]
    if isinstance(first, dict):
        index, _, named = place.lstrip("[").partition("].")
        if named in _OF_THE_WAY:
            return f"{path_command('set', key + place)} {_OF_THE_WAY[named]}"
        if named not in first:
            return path_command("rm", key + place)
        # Each host has an address of its own.
        first = ipaddress.IPv4Address(first[named]) + int(index)
        while str(first) in taken:
            first += 1
    return f"{path_command('set', key + place)} {first}"


def set_list_command(key: str, items: Iterable[object]) -> str:
    """The commands that set a list to these items, whatever it holds."""
    each = (f"pulumi config set --path '{key}[{place}]' {item}" for place, item in enumerate(items))
    return " && ".join([f"pulumi config rm {key}", *each])


def set_command(key: str, example: str, *, secret: bool = False) -> str:
    """The command that sets `key` to `example`; a secret's value is asked for, not typed."""
    if secret and example.startswith("["):
        return f"pulumi config set --secret --path '{key}[0]'"
    if secret:
        return f"pulumi config set --secret {key}"
    if example.startswith("["):
        first = json.loads(example)[0]
        if isinstance(first, dict):
            name, value = next(iter(first.items()))
            return f"pulumi config set --path '{key}[0].{name}' {value}"
        return f"pulumi config set --path '{key}[0]' {first}"
    return f"pulumi config set {key} {example}"

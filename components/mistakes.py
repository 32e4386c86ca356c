"""Mistakes in a stack's configuration, and the one error that lists them all."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass


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

"""What a table about a function (an invoke) says."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from lab.providers.aws.call import Call
from lab.providers.aws.schema import Check, Property, State

Answer: TypeAlias = Callable[[Call, State], State]
"""Returns the function's result, by Pulumi's names."""


@dataclass(frozen=True, kw_only=True)
class Function:
    """One function.

    Attributes:
        name: Its name in Pulumi.
        noun: What it looks up, in messages.
        inputs: Its arguments.
        outputs: What else is in its result.
        answer: The calls.
        checks: Conditions on several arguments.
    """

    name: str
    noun: str
    inputs: Mapping[str, Property]
    outputs: frozenset[str]
    answer: Answer
    checks: tuple[Check, ...] = ()

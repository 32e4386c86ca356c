"""One of AWS's services that take the place of base services."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi


@dataclass(frozen=True)
class Part:
    """What was made.

    Attributes:
        values: fields of `endpoints.MadeServices`.
        ready: what has to be there before they can be used.
    """

    values: Mapping[str, pulumi.Input[str]]
    ready: Sequence[pulumi.Resource]

"""A resource as the rules see it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Resource:
    """A resource that is to be, or that is.

    Attributes:
        urn: its URN.
        type: such as `aws:ec2/instance:Instance`.
        name: its logical name, such as `node-1`.
        props: its properties, by the names that the provider gives them.
        protect: whether Pulumi keeps it from being deleted.
    """

    urn: str
    type: str
    name: str
    props: Mapping[str, Any] = field(repr=False)
    protect: bool = False

    @property
    def tags(self) -> Mapping[str, str]:
        """Its tags; empty where it has none."""
        return self.props.get("tags") or {}

    @property
    def role(self) -> str:
        """What it is for, by its tag `role`: `base`, `node` and so on."""
        return str(self.tags.get("role") or "")

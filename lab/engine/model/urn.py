"""Names of resources: `urn:pulumi:STACK::PROJECT::PARENT_TYPE$TYPE::NAME`.

Source: pulumi, sdk/go/common/resource/urn/urn.go.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

STACK_TYPE: Final = "pulumi:pulumi:Stack"
PROVIDER_PREFIX: Final = "pulumi:providers:"


def make(stack: str, project: str, parent: str, type_: str, name: str) -> str:
    """The URN of a resource, given the URN of its parent (or "")."""
    parent_type = qualified_type(parent) if parent else ""
    if parent_type and parent_type != STACK_TYPE:
        type_ = f"{parent_type}${type_}"
    return f"urn:pulumi:{stack}::{project}::{type_}::{name}"


def stack_urn(stack: str, project: str) -> str:
    """The URN of the stack itself, the root of all resources."""
    return make(stack, project, "", STACK_TYPE, f"{project}-{stack}")


def qualified_type(urn: str) -> str:
    """The types of the resource and its ancestors, joined by `$`."""
    return urn.split("::", 3)[2]


def type_of(urn: str) -> str:
    """The resource's own type."""
    return qualified_type(urn).rsplit("$", 1)[-1]


def name_of(urn: str) -> str:
    """The resource's logical name."""
    return urn.split("::", 3)[3]


def package_of(type_: str) -> str:
    """The package that a type or function token belongs to."""
    if is_provider(type_):
        return type_.removeprefix(PROVIDER_PREFIX)
    return type_.split(":", 1)[0]


def is_provider(type_: str) -> bool:
    """Whether resources of this type are providers."""
    return type_.startswith(PROVIDER_PREFIX)


@dataclass(frozen=True, slots=True)
class Reference:
    """A provider, as resources name it: `URN::ID`."""

    urn: str
    id: str

    @classmethod
    def parse(cls, text: str) -> Reference:
        """Read a reference.

        Raises:
            ValueError: the text isn't one.
        """
        urn, separator, id_ = text.rpartition("::")
        if not separator or not urn.startswith("urn:pulumi:"):
            raise ValueError(f"expected a provider as URN::ID, got '{text}'")
        return cls(urn, id_)

    def __str__(self) -> str:
        return f"{self.urn}::{self.id}"

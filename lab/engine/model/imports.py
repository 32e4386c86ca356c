"""A resource that exists already and is to be taken into the state: `pulumi import`."""

from __future__ import annotations

from dataclasses import dataclass, field

from lab.engine.model import urn as urns
from lab.engine.model.values import Properties


@dataclass(frozen=True, slots=True, kw_only=True)
class Import:
    """One entry of an import file, its names resolved.

    Attributes:
        urn: the resource's URN, where no parent means the stack.
        type: its type.
        custom: whether a provider has it; else it's a component, which has no id.
        id: what the provider finds it by, which need not be the id that it gets.
        parent: URN of its parent, or "" for the stack.
        provider: URN of its explicit provider, or "".
        version: the version of its default provider, or "".
        protect: whether to protect it from deletes.
        inputs: a provider's configuration; of others, what can't be read.
        outputs: all that is to be known of it; then it isn't read.
    """

    urn: str
    type: str
    custom: bool
    id: str = ""
    parent: str = ""
    provider: str = ""
    version: str = ""
    protect: bool = True
    inputs: Properties = field(default_factory=dict)
    outputs: Properties = field(default_factory=dict)

    @property
    def name(self) -> str:
        """The logical name."""
        return urns.name_of(self.urn)

    @property
    def is_provider(self) -> bool:
        """Whether it's a provider: made, not read."""
        return urns.is_provider(self.type)

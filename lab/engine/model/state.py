"""A resource as the deployment knows it, and the deployment itself.

Source: pulumi, sdk/go/common/apitype/core.go (ResourceV3, DeploymentV3, OperationV2).
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from lab.engine.model import urn as urns
from lab.engine.model.values import Properties, Value, copied_properties

CREATING = "creating"
UPDATING = "updating"
DELETING = "deleting"
READING = "reading"
IMPORTING = "importing"


@dataclass(frozen=True, slots=True)
class Timeouts:
    """Seconds that a provider may take for an operation; 0 leaves it to the provider."""

    create: float = 0
    update: float = 0
    delete: float = 0
    read: float = 0


NO_TIMEOUTS = Timeouts()


@dataclass(eq=False, slots=True, kw_only=True)
class ResourceState:
    """What is known of one resource; two states of one URN can live side by side.

    States are told apart by identity, as a replaced resource shares its URN with its successor.
    Once a state is in the journal, it may be changed only through the journal.
    """

    urn: str
    type: str
    custom: bool
    id: str = ""
    inputs: Properties = field(default_factory=dict)
    outputs: Properties = field(default_factory=dict)
    parent: str = ""
    provider: str = ""
    dependencies: list[str] = field(default_factory=list)
    property_dependencies: dict[str, list[str]] = field(default_factory=dict)
    protect: bool = False
    external: bool = False
    delete: bool = False
    pending_replacement: bool = False
    retain_on_delete: bool = False
    deleted_with: str = ""
    replace_with: list[str] = field(default_factory=list)
    additional_secret_outputs: list[str] = field(default_factory=list)
    ignore_changes: list[str] = field(default_factory=list)
    replace_on_changes: list[str] = field(default_factory=list)
    hide_diff: list[str] = field(default_factory=list)
    replacement_trigger: Value = None
    init_errors: list[str] = field(default_factory=list)
    aliases: list[str] = field(default_factory=list)
    timeouts: Timeouts = NO_TIMEOUTS
    import_id: str = ""
    taint: bool = False
    created: str = ""
    modified: str = ""
    source_position: str = ""
    extra: dict[str, Any] = field(default_factory=dict)
    """What another engine wrote and this one has no use for; kept as it was."""

    @property
    def name(self) -> str:
        """The logical name."""
        return urns.name_of(self.urn)

    @property
    def is_provider(self) -> bool:
        """Whether this resource is a provider."""
        return urns.is_provider(self.type)

    @property
    def provider_urn(self) -> str:
        """URN of the provider that manages the resource, or ""."""
        return urns.Reference.parse(self.provider).urn if self.provider else ""

    def needs(self) -> list[str]:
        """URNs that this resource can't be without, its parent and provider left out."""
        found = dict.fromkeys(self.dependencies)
        for urns_ in self.property_dependencies.values():
            found.update(dict.fromkeys(urns_))
        if self.deleted_with:
            found[self.deleted_with] = None
        found.update(dict.fromkeys(self.replace_with))
        return list(found)

    def copy(self, **changes: Any) -> ResourceState:
        """A state of its own with some fields changed; shares no property values."""
        changes.setdefault("inputs", copied_properties(self.inputs))
        changes.setdefault("outputs", copied_properties(self.outputs))
        return replace(self, **changes)


@dataclass(frozen=True, slots=True)
class Operation:
    """A step that has begun and of whose end nothing is known."""

    resource: ResourceState
    kind: str


@dataclass(slots=True, kw_only=True)
class Deployment:
    """Everything that a stack's state file holds."""

    resources: list[ResourceState] = field(default_factory=list)
    operations: list[Operation] = field(default_factory=list)
    secrets_provider: dict[str, Any] | None = None
    metadata: dict[str, Any] = field(default_factory=dict)
    time: str = ""


def now() -> str:
    """The time as it stands in state: RFC 3339, UTC."""
    return datetime.now(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")

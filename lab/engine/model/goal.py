"""What the program wants of one resource."""

from __future__ import annotations

from dataclasses import dataclass, field

from lab.engine.model.state import NO_TIMEOUTS, ResourceState, Timeouts
from lab.engine.model.values import Properties, Value, copied_properties


@dataclass(frozen=True, slots=True, kw_only=True)
class Alias:
    """Another name that the resource may have had: a URN, or the parts that differ."""

    urn: str = ""
    name: str = ""
    type: str = ""
    stack: str = ""
    project: str = ""
    parent: str = ""
    no_parent: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Goal:
    """A registration, with what it inherits from its parent filled in."""

    type: str
    name: str
    custom: bool
    parent: str = ""
    properties: Properties = field(default_factory=dict)
    provider: str = ""
    dependencies: tuple[str, ...] = ()
    property_dependencies: dict[str, list[str]] = field(default_factory=dict)
    protect: bool | None = None
    retain_on_delete: bool | None = None
    delete_before_replace: bool | None = None
    deleted_with: str = ""
    replace_with: tuple[str, ...] = ()
    ignore_changes: tuple[str, ...] = ()
    replace_on_changes: tuple[str, ...] = ()
    hide_diff: tuple[str, ...] = ()
    additional_secret_outputs: tuple[str, ...] = ()
    replacement_trigger: Value = None
    aliases: tuple[Alias, ...] = ()
    timeouts: Timeouts = NO_TIMEOUTS
    source_position: str = ""
    import_id: str = ""

    def state(self, urn: str, old: ResourceState | None, alias: str) -> ResourceState:
        """The state that the resource is to have, before any provider has spoken."""
        return ResourceState(
            urn=urn,
            type=self.type,
            custom=self.custom,
            inputs=copied_properties(self.properties),
            parent=self.parent,
            provider=self.provider,
            dependencies=list(self.dependencies),
            property_dependencies={k: list(v) for k, v in self.property_dependencies.items()},
            protect=bool(self.protect),
            retain_on_delete=bool(self.retain_on_delete),
            deleted_with=self.deleted_with,
            replace_with=list(self.replace_with),
            additional_secret_outputs=list(self.additional_secret_outputs),
            ignore_changes=list(self.ignore_changes),
            replace_on_changes=list(self.replace_on_changes),
            hide_diff=list(self.hide_diff),
            replacement_trigger=self.replacement_trigger,
            aliases=[alias] if alias else [],
            timeouts=self.timeouts,
            created=old.created if old else "",
            modified=old.modified if old else "",
            source_position=self.source_position,
            import_id=self.import_id,
        )

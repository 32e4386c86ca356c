"""Whether a resource that stays the same to its provider is worth a write of the state.

Source: pulumi, pkg/backend/snapshot.go (sameSnapshotMutation.mustWrite).
"""

from __future__ import annotations

from lab.engine.model.state import ResourceState
from lab.engine.model.values import equal


def worth_a_write(old: ResourceState, new: ResourceState) -> bool:
    """Whether anything differs that a later run relies on."""
    return (
        _identity(old) != _identity(new)
        or sorted(old.dependencies) != sorted(new.dependencies)
        or not equal(old.inputs, new.inputs)
        or not equal(old.outputs, new.outputs)
        or not equal(old.replacement_trigger, new.replacement_trigger)
    )


def _identity(state: ResourceState) -> tuple[object, ...]:
    return (
        state.urn,
        state.type,
        state.custom,
        state.timeouts,
        state.retain_on_delete,
        state.provider,
        state.parent,
        state.deleted_with,
        state.replace_with,
        state.protect,
    )

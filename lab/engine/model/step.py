"""A step of a deployment: one thing that is done, or would be, to one resource.

Source of the operations' names: pulumi, pkg/resource/deploy/step.go.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from lab.engine.model.diff import Diff
from lab.engine.model.state import ResourceState


class Op(StrEnum):
    """What a step does."""

    SAME = "same"
    CREATE = "create"
    UPDATE = "update"
    DELETE = "delete"
    REPLACE = "replace"
    CREATE_REPLACEMENT = "create-replacement"
    DELETE_REPLACED = "delete-replaced"
    READ = "read"
    READ_REPLACEMENT = "read-replacement"
    READ_DISCARD = "discard"
    DISCARD_REPLACED = "discard-replaced"
    REMOVE_PENDING_REPLACE = "remove-pending-replace"
    REFRESH = "refresh"
    IMPORT = "import"


_PARTS_OF_A_REPLACEMENT = frozenset(
    {
        Op.CREATE_REPLACEMENT,
        Op.DELETE_REPLACED,
        Op.DISCARD_REPLACED,
        Op.READ_REPLACEMENT,
        Op.REMOVE_PENDING_REPLACE,
    }
)


@dataclass(eq=False, slots=True, kw_only=True)
class Step:
    """One step.

    Attributes:
        old: the resource before, if it was there.
        new: the resource after, if it will be.
        diff: why an update or replacement happens.
        pending_delete: whether the replaced resource is deleted later, not before.
        awaits_replacement: whether the deleted resource stays in state until its successor is made.
        skipped: whether the resource isn't made at all, as it isn't targeted.
        untargeted: whether the resource is left as it is, as it isn't targeted.
        result: what a refresh found: same, update or delete.
    """

    op: Op
    old: ResourceState | None = None
    new: ResourceState | None = None
    diff: Diff | None = None
    pending_delete: bool = False
    awaits_replacement: bool = False
    skipped: bool = False
    untargeted: bool = False
    result: Op | None = None

    @property
    def resource(self) -> ResourceState:
        """The resource that the step is about: what it will be, else what it was."""
        state = self.new or self.old
        if state is None:
            raise ValueError(f"a step '{self.op}' without a resource")
        return state

    @property
    def urn(self) -> str:
        """The resource's URN."""
        return self.resource.urn

    @property
    def counts(self) -> bool:
        """Whether summaries count it: of a replacement's three steps, one does."""
        return self.op not in _PARTS_OF_A_REPLACEMENT

    @property
    def shown_op(self) -> Op:
        """What summaries call it: a refresh counts as what it found."""
        return self.result or self.op

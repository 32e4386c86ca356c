"""What `--diff` prints: each changed resource, with the properties that differ.

Source of the form: pulumi, pkg/backend/display/diff.go and object_diff.go.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from lab.engine.display.facts import is_hidden
from lab.engine.display.render import change_lines, lines
from lab.engine.display.words import WORDS
from lab.engine.model import urn as urns
from lab.engine.model.diff import Diff, is_secret_at
from lab.engine.model.paths import parse
from lab.engine.model.state import ResourceState
from lab.engine.model.step import Op, Step
from lab.engine.model.values import Properties, Secret

_NEW: Final = frozenset({Op.CREATE, Op.READ})
_SHOWN: Final = _NEW | {Op.UPDATE, Op.DELETE, Op.REPLACE, Op.REFRESH}


def step_lines(step: Step, stack_urn: str) -> Iterator[str]:
    """The lines for one step; none for what stays as it is, but the stack itself."""
    state = step.resource
    if is_hidden(state) or step.skipped:
        return
    if state.urn == stack_urn and step.op is Op.SAME:
        yield f"  {urns.STACK_TYPE}: (same)"
        yield f"    [urn={stack_urn}]"
        return
    op = step.shown_op
    if op not in _SHOWN or op is Op.SAME:
        return
    indent = "    " if state.urn != stack_urn else ""
    sign = WORDS[op].sign
    yield f"{indent}{sign:<2}{state.type}: ({op})"
    known = state if step.old is None else step.old
    if known.id and op is not Op.CREATE:
        yield f"{indent}    [id={known.id}]"
    yield f"{indent}    [urn={state.urn}]"
    if state.provider:
        yield f"{indent}    [provider={state.provider}]"
    yield from _properties(step, op, f"{indent}    ")


def _properties(step: Step, op: Op, indent: str) -> Iterator[str]:
    old, new = step.old, step.new
    if new is None:
        # What a refresh found gone isn't ours to delete; a delete tells what goes.
        yield from lines(old.inputs if old and step.result is None else {}, indent)
    elif old is None or op in _NEW:
        yield from lines(new.inputs, indent)
    elif op in (Op.UPDATE, Op.REPLACE):
        yield from _changed(old, new, step.diff, indent, outputs=step.result is not None)


def _changed(
    old: ResourceState, new: ResourceState, diff: Diff | None, indent: str, *, outputs: bool
) -> Iterator[str]:
    before, after = (old.outputs, new.outputs) if outputs else (old.inputs, new.inputs)
    if diff is not None and diff.detailed:
        keys = {str(parse(path)[0]) for path in diff.detailed if parse(path)}
        before = {key: value for key, value in before.items() if key in keys}
        after = {key: value for key, value in after.items() if key in keys}
    yield from change_lines(_masked(before, after), _masked(after, before), indent)


def _masked(properties: Properties, other: Properties) -> Properties:
    """The properties, secret too where they are so on the other side."""
    return {
        key: Secret(value)
        if is_secret_at(other.get(key), ()) and not isinstance(value, Secret)
        else value
        for key, value in properties.items()
    }

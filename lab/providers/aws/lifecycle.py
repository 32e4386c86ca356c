"""Create, read, update and delete, for any resource type that has a table."""

from __future__ import annotations

import sys
import traceback
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from botocore.exceptions import BotoCoreError, ClientError

from lab.providers.aws.call import Call
from lab.providers.aws.check import DEFAULTS_KEY
from lab.providers.aws.diff import Difference, Effect, differences
from lab.providers.aws.errors import AwsError, in_words
from lab.providers.aws.refresh import inputs_of
from lab.providers.aws.resource_type import Change, Located, ResourceType
from lab.providers.aws.schema import Kind, Property, State
from lab.providers.aws.tags import replace_tags
from lab.providers.base import UNKNOWN, InitFailedError, ProviderError

_TAGS: Final = frozenset({"tags", "tagsAll"})


@dataclass(frozen=True)
class Found:
    """A resource as it is, and the inputs that would make it so."""

    identifier: str
    state: State
    inputs: State


def preview_create(kind: ResourceType, inputs: State, region: str) -> State:
    """Foretell the outputs of a create: what AWS will fill in is unknown."""
    outputs: State = dict.fromkeys(kind.outputs, UNKNOWN)
    outputs.update(_foretell(kind.properties, _without_defaults(inputs)))
    if kind.regional:
        outputs["region"] = inputs.get("region", region)
    return outputs


def preview_update(kind: ResourceType, old: State, inputs: State) -> State:
    """Foretell the outputs of an update."""
    names = {
        difference.name
        for difference in differences(kind, old, inputs)
        if difference.effect is not Effect.DELETE
    }
    unsettled = {
        name for step in kind.updates if step.properties & names for name in step.unsettles
    }
    foretold = {**_kept(kind, old, inputs), **_without_defaults(inputs)}
    return {**foretold, **dict.fromkeys(unsettled, UNKNOWN)}


@dataclass(frozen=True)
class Made:
    """A resource that was made: its id and its outputs."""

    identifier: str
    state: State


def create(kind: ResourceType, call: Call, inputs: State) -> Made:
    """Make a resource and wait until it can be used.

    Raises:
        AwsError: AWS refused; nothing was made.
        InitFailedError: It was made, but something after that failed.
    """
    with in_words("creating", kind.noun, call.name):
        identifier = kind.create(call, inputs)
    try:
        with in_words("creating", kind.noun, call.name):
            kind.settle(call, identifier, inputs)
            state = _read_new(kind, call, identifier, inputs)
            if _apply(kind, call, identifier, state, inputs):
                state = _read_new(kind, call, identifier, inputs)
    except Exception as error:
        # Whatever went wrong, the id of what was made must not be lost.
        raise _half_done(
            kind, call, identifier, _without_defaults(inputs), inputs, error
        ) from error
    return Made(identifier, state)


def read(
    kind: ResourceType, call: Call, identifier: str, state: State, inputs: State
) -> Found | None:
    """Look at a resource.

    Args:
        kind: The resource type.
        call: The operation.
        identifier: The resource's id; for an import, that by which it's imported.
        state: What was known about it; nothing for an import.
        inputs: The inputs as of the last update; nothing for an import.

    Returns:
        What is there, or None if there is no such resource.
    """
    with in_words("reading", kind.noun, call.name):
        located = _located(kind, call, identifier, state)
        seen = kind.read(call, located.identifier, located.state) if located else None
    if located is None or seen is None:
        return None
    found = _complete(kind, call, seen, state or inputs)
    return Found(located.identifier, found, inputs_of(kind, found, inputs))


def _located(kind: ResourceType, call: Call, identifier: str, state: State) -> Located | None:
    is_import = not state
    return (
        kind.locate(call, identifier) if kind.locate and is_import else Located(identifier, state)
    )


def update(kind: ResourceType, call: Call, identifier: str, old: State, inputs: State) -> State:
    """Bring a resource to new inputs.

    Returns:
        Its outputs.

    Raises:
        InitFailedError: Some of the changes were made, and one failed.
    """
    try:
        with in_words("updating", kind.noun, call.name):
            _apply(kind, call, identifier, old, inputs)
            return _read_new(kind, call, identifier, {**_kept(kind, old, inputs), **inputs})
    except Exception as error:
        raise _half_done(kind, call, identifier, old, inputs, error) from error


def delete(kind: ResourceType, call: Call, identifier: str, state: State) -> None:
    """Remove a resource and wait until it is gone."""
    with in_words("deleting", kind.noun, call.name):
        kind.delete(call, identifier, state)


def _apply(kind: ResourceType, call: Call, identifier: str, old: State, inputs: State) -> bool:
    """Run the steps whose properties differ; tell whether there were any."""
    found = differences(kind, old, inputs)
    names = {difference.name for difference in found}
    change = Change(old, inputs)
    applied = False
    for step in kind.updates:
        if step.properties & names:
            step.apply(call, identifier, change)
            applied = True
    if kind.taggable and names & _TAGS:
        retag = kind.retag or replace_tags
        tags = (old.get("tagsAll") or {}, inputs.get("tagsAll") or {})
        retag(call, kind.tag_target(identifier, {**old, **inputs}), *tags)
        applied = True
    _refuse_what_no_step_does(kind, call, found)
    return applied


def _refuse_what_no_step_does(kind: ResourceType, call: Call, found: list[Difference]) -> None:
    """A defect of a table must not pass as success."""
    done = frozenset[str]().union(*(step.properties for step in kind.updates))
    for difference in found:
        covered = difference.name in done | kind.provider_only | _TAGS
        if not (covered or difference.replaces):
            raise AwsError(f"{kind.name} {call.name}: no way to change {difference.path} in place")


def _read_new(kind: ResourceType, call: Call, identifier: str, inputs: State) -> State:
    seen = kind.read(call, identifier, inputs)
    if seen is None:
        raise AwsError(f"{kind.noun} {call.name}: {identifier} vanished while it was set up")
    return _complete(kind, call, seen, inputs)


def _half_done(
    kind: ResourceType, call: Call, identifier: str, known: State, inputs: State, error: Exception
) -> InitFailedError:
    """The error that tells the engine what became of a resource although something failed."""
    if isinstance(error, ProviderError):
        reason = str(error)
    else:
        traceback.print_exception(error, file=sys.stderr)
        reason = f"defect in the lab's aws provider, {kind.name} {call.name}: {error!r}"
    try:
        seen = kind.read(call, identifier, known)
    except (BotoCoreError, ClientError, ProviderError):
        seen = None
    state = known if seen is None else _complete(kind, call, seen, known)
    return InitFailedError([reason], id=identifier, properties=state, inputs=inputs)


def _complete(kind: ResourceType, call: Call, seen: State, known: State) -> State:
    """Add to what AWS tells what only the program knows, tags and region."""
    silent = {
        name: value
        for name, value in known.items()
        if name in kind.properties and name not in seen and not _computed_only(kind, name)
    }
    state = {**silent, **{name: value for name, value in seen.items() if value is not None}}
    if kind.taggable:
        tags = state.get("tagsAll", {})
        own = known.get("tags") or {}
        mine = {
            key: text
            for key, text in tags.items()
            if key in own or call.default_tags.get(key) != text
        }
        state["tagsAll"] = tags
        if mine or "tags" in known:
            state["tags"] = mine
    if kind.regional:
        state["region"] = call.region
    state.pop(DEFAULTS_KEY, None)
    return state


def _computed_only(kind: ResourceType, name: str) -> bool:
    return not kind.properties[name].settable


def _kept(kind: ResourceType, old: State, inputs: State) -> State:
    """What stays of the old state when an input is left out: only what AWS had filled in."""
    return {
        name: value
        for name, value in old.items()
        if name not in kind.properties or kind.properties[name].computed or name in inputs
    }


def _foretell(properties: Mapping[str, Property], values: State) -> State:
    """Mark what AWS fills in, as deep as objects are given."""
    foretold: State = {}
    for name, declared in properties.items():
        value = values.get(name)
        if value is None:
            if declared.computed:
                foretold[name] = UNKNOWN
        elif declared.kind is Kind.OBJECT and isinstance(value, dict):
            foretold[name] = _foretell(declared.fields, value)
        else:
            foretold[name] = value
    return foretold


def _without_defaults(inputs: State) -> State:
    return {name: value for name, value in inputs.items() if name != DEFAULTS_KEY}

"""Diff: what would change between two sets of inputs, and whether that replaces the resource.

Source: pulumi-go-provider, infer/resource.go (diff); pulumi, plugin/provider.go (detailed diff).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from pulumi.runtime.proto import provider_pb2

from lab.providers.base import Properties, Value, decode
from lab.providers.command.comparing import Change, differences
from lab.providers.command.types import Struct

_Kind = provider_pb2.PropertyDiff
_KINDS: Final = {
    Change.ADD: _Kind.ADD,
    Change.DELETE: _Kind.DELETE,
    Change.UPDATE: _Kind.UPDATE,
}
_REPLACING_KINDS: Final = {
    Change.ADD: _Kind.ADD_REPLACE,
    Change.DELETE: _Kind.DELETE_REPLACE,
    Change.UPDATE: _Kind.UPDATE_REPLACE,
}


def diff(inputs: Struct, request: provider_pb2.DiffRequest) -> provider_pb2.DiffResponse:
    """Answer a Diff.

    A change replaces the resource only where the path is that of a replacing property itself:
    `triggers`, when they appear, vanish or become secret. A change of one trigger, `triggers[0]`,
    is an update here; the SDKs make it a replacement with the option `replace_on_changes`, which
    is the engine's work (measured).
    """
    state = decode(request.olds)
    news = {
        name: value
        for name, value in decode(request.news).items()
        if name != "version" and not name.startswith("__")
    }
    news |= {name: state[name] for name in request.ignoreChanges if name in state}
    detailed: dict[str, provider_pb2.PropertyDiff] = {}
    replaces = {field.name for field in inputs if field.replaces}
    for path, change in differences(_old_inputs(inputs, request, state), news):
        kinds = _REPLACING_KINDS if path in replaces else _KINDS
        detailed[path] = provider_pb2.PropertyDiff(kind=kinds[change])
    changed = (
        provider_pb2.DiffResponse.DIFF_SOME if detailed else provider_pb2.DiffResponse.DIFF_NONE
    )
    return provider_pb2.DiffResponse(
        changes=changed,
        diffs=sorted({_head(path) for path in detailed}),
        replaces=sorted(replaces & detailed.keys()),
        detailedDiff=detailed,
        hasDetailedDiff=True,
    )


def _old_inputs(
    inputs: Struct, request: provider_pb2.DiffRequest, state: Mapping[str, Value]
) -> Properties:
    """Take the old inputs, or from an engine that does not send them, what the state has."""
    if request.HasField("old_inputs"):
        return decode(request.old_inputs)
    return {name: value for name, value in state.items() if name in inputs}


def _head(path: str) -> str:
    return path.partition("[")[0].partition(".")[0]

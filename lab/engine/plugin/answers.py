"""What providers answer, and how their errors read.

Source: pulumi, pkg/resource/plugin/provider_plugin.go (parseError, decodeDetailedDiff).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import grpc
from pulumi.runtime.proto import provider_pb2, status_pb2

from lab.engine.errors import ProviderError
from lab.engine.model.diff import Diff, PropertyDiff
from lab.engine.model.values import Properties

_CHANGED: Final = {0: None, 1: False, 2: True}
_GONE: Final = ("Socket closed", "recvmsg:Connection reset by peer", "Broken pipe")


@dataclass(frozen=True, slots=True)
class CheckFailure:
    """An input that the provider refuses."""

    property: str
    reason: str


@dataclass(frozen=True, slots=True)
class Checked:
    """Inputs with defaults filled in, and what the provider refuses of them."""

    inputs: Properties
    failures: Sequence[CheckFailure] = ()


@dataclass(frozen=True, slots=True)
class Invoked:
    """What a function answers, and what it refuses of its arguments."""

    result: Properties
    failures: Sequence[CheckFailure] = ()


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a resource.

    Attributes:
        id: the provider's name for it; "" when a read found nothing.
        inputs: what it was made from, when a read tells.
        init_errors: why it exists but isn't ready.
    """

    id: str
    outputs: Properties
    inputs: Properties | None = None
    init_errors: tuple[str, ...] = ()


def failed(error: grpc.RpcError) -> ProviderError:
    """The error that a failed call stands for."""
    code = error.code()
    text = error.details() or code.name
    if code is grpc.StatusCode.UNAVAILABLE and text in _GONE:
        text = f"the provider's process ended in the middle of the call ({text})"
    return ProviderError(text, code.name)


def partial(error: grpc.RpcError) -> provider_pb2.ErrorResourceInitFailed | None:
    """What a failed call has made all the same, if it says so."""
    metadata: Any = error.trailing_metadata()
    for key, value in metadata or ():
        if key != "grpc-status-details-bin":
            continue
        status = status_pb2.Status.FromString(value)
        for detail in status.details:
            found = provider_pb2.ErrorResourceInitFailed()
            if detail.Unpack(found):
                return found
    return None


def failures(answer: Any) -> list[CheckFailure]:
    """The inputs that an answer refuses."""
    return [CheckFailure(one.property, one.reason) for one in answer.failures]


def diff_of(answer: provider_pb2.DiffResponse) -> Diff:
    """The differences that an answer tells."""
    detailed = None
    if answer.hasDetailedDiff:
        kinds = provider_pb2.PropertyDiff.Kind
        detailed = {
            key: PropertyDiff(kinds.Name(one.kind).lower().replace("_", "-"), one.inputDiff)
            for key, one in answer.detailedDiff.items()
        }
    return Diff(
        changed=_CHANGED[answer.changes],
        changed_keys=tuple(answer.diffs),
        replace_keys=tuple(answer.replaces),
        delete_before_replace=answer.deleteBeforeReplace,
        detailed=detailed,
    )

"""Errors that reach the user through the engine, and how they travel in a gRPC answer."""

from __future__ import annotations

import functools
import sys
import traceback
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, TypeVar

import grpc
import grpc.aio
from google.protobuf import any_pb2
from google.protobuf.message import Message
from pulumi.runtime.proto import provider_pb2, status_pb2

from lab.providers.base.values import Value, encode

_Self = TypeVar("_Self")
_Request = TypeVar("_Request", bound=Message)
_Answer = TypeVar("_Answer", bound=Message)
_Context = grpc.aio.ServicerContext[Any, Any]

# What the Go gRPC library makes of a plain error, and so what engines expect of a provider.
_CODE = grpc.StatusCode.UNKNOWN


class ProviderError(Exception):
    """An operation failed; the message is shown to the user as it is."""

    def details(self) -> Message | None:
        """Machine-readable details that travel with the message, if any."""
        return None


class InitFailedError(ProviderError):
    """The resource exists, but did not become what was asked for.

    The engine keeps `id` and `properties` in the state, so that the next update repairs or
    replaces the resource instead of losing it.

    Source: pulumi, provider.proto, ErrorResourceInitFailed.
    """

    def __init__(
        self,
        reasons: Sequence[str],
        *,
        id: str,  # noqa: A002
        properties: Mapping[str, Value],
        inputs: Mapping[str, Value],
    ) -> None:
        super().__init__("; ".join(reasons))
        self.reasons = tuple(reasons)
        self.id = id
        self.properties = dict(properties)
        self.inputs = dict(inputs)

    def details(self) -> Message:
        """The state that was reached, as the engine reads it."""
        return provider_pb2.ErrorResourceInitFailed(
            id=self.id,
            properties=encode(self.properties),
            inputs=encode(self.inputs),
            reasons=self.reasons,
        )


def reports_errors(
    handler: Callable[[_Self, _Request, _Context], Awaitable[_Answer]],
) -> Callable[[_Self, _Request, _Context], Awaitable[_Answer]]:
    """Make a gRPC handler answer a `ProviderError` with its message and details.

    Any other exception is a defect: its trace goes to standard error, its last line to the user.
    """

    @functools.wraps(handler)
    async def reporting(self: _Self, request: _Request, context: _Context) -> _Answer:
        try:
            return await handler(self, request, context)
        except ProviderError as error:
            _attach(context, error)
            await context.abort(_CODE, str(error))
        except grpc.aio.AbortError:
            raise
        except Exception as error:
            traceback.print_exc(file=sys.stderr)
            await context.abort(
                _CODE,
                f"defect in the lab's provider, {handler.__qualname__}: "
                f"{type(error).__name__}: {error}; its standard error has the trace",
            )

    return reporting


def _attach(context: _Context, error: ProviderError) -> None:
    details = error.details()
    if details is None:
        return
    packed = any_pb2.Any()
    packed.Pack(details)
    status = status_pb2.Status(code=_CODE.value[0], message=str(error), details=[packed])
    context.set_trailing_metadata((("grpc-status-details-bin", status.SerializeToString()),))

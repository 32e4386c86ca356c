"""The provider's side of the protocol: each call of the engine to the resource it is about."""

# The methods bear the names that the protocol gives them.
# ruff: noqa: N802

from __future__ import annotations

import secrets
from typing import Final

from google.protobuf import empty_pb2
from pulumi.runtime.proto import provider_pb2

from lab.providers.base import (
    Context,
    EngineLog,
    Properties,
    ProviderError,
    Servicer,
    decode,
    encode,
    reports_errors,
)
from lab.providers.command import previewing
from lab.providers.command.checking import check
from lab.providers.command.commands import Commands, LocalCommands, RemoteCommands
from lab.providers.command.conforming import conform, summary
from lab.providers.command.diffing import diff
from lab.providers.command.operation import Operations
from lab.providers.command.reading import PlainProperties
from lab.providers.command.types import Struct

NAME: Final = "command"
VERSION: Final = "1.2.1"

_RESOURCES: Final[dict[str, Commands]] = {
    one.type: one for one in (LocalCommands(), RemoteCommands())
}


class CommandProvider(Servicer):
    """Serves the commands of pulumi-command; its copies and functions aren't here."""

    def __init__(self, log: EngineLog) -> None:
        super().__init__(NAME, VERSION, log)
        self._operations = Operations(log)

    @reports_errors
    async def Check(
        self, request: provider_pb2.CheckRequest, context: Context
    ) -> provider_pb2.CheckResponse:
        """Validate inputs and complete them."""
        resource = _resource(request.urn)
        inputs, failures = check(resource.inputs, decode(request.news))
        return provider_pb2.CheckResponse(
            inputs=encode(inputs),
            failures=[
                provider_pb2.CheckFailure(property=failure.property, reason=failure.reason)
                for failure in failures
            ],
        )

    @reports_errors
    async def Diff(
        self, request: provider_pb2.DiffRequest, context: Context
    ) -> provider_pb2.DiffResponse:
        """Tell what would change, and whether the resource would be replaced."""
        return diff(_resource(request.urn).inputs, request)

    @reports_errors
    async def Create(
        self, request: provider_pb2.CreateRequest, context: Context
    ) -> provider_pb2.CreateResponse:
        """Make a resource, or foretell it."""
        resource, name = _resource(request.urn), _name(request.urn)
        inputs = _decoded(resource.inputs, decode(request.properties), "invalid inputs: ")
        if request.preview:
            outputs = previewing.after_create(inputs, resource.inputs, resource.outputs)
            return provider_pb2.CreateResponse(id=_new_id(name), properties=encode(outputs))
        async with self._operations.begin(request.urn, request.timeout) as operation:
            made = await resource.create(operation, PlainProperties(inputs))
        return provider_pb2.CreateResponse(id=_new_id(name), properties=encode({**inputs, **made}))

    @reports_errors
    async def Read(
        self, request: provider_pb2.ReadRequest, context: Context
    ) -> provider_pb2.ReadResponse:
        """Give back what the state holds: a command has nothing that can be read."""
        resource = _resource(request.urn)
        for struct, properties in (
            (resource.inputs, request.inputs),
            (resource.state, request.properties),
        ):
            failures = conform(struct, decode(properties), tolerate_missing=True).failures
            if failures:
                raise ProviderError(summary(failures))
        return provider_pb2.ReadResponse(
            id=request.id, properties=request.properties, inputs=request.inputs
        )

    @reports_errors
    async def Update(
        self, request: provider_pb2.UpdateRequest, context: Context
    ) -> provider_pb2.UpdateResponse:
        """Change a resource, or foretell it."""
        resource = _resource(request.urn)
        stored = decode(request.olds)
        news = decode(request.news)
        news |= {name: stored[name] for name in request.ignoreChanges if name in stored}
        state = _decoded(resource.state, stored)
        inputs = _decoded(resource.inputs, news)
        if request.preview:
            outputs = previewing.after_update(inputs, state, resource.inputs, resource.outputs)
            return provider_pb2.UpdateResponse(properties=encode(outputs))
        kept = {name: state[name] for name in resource.outputs if name in state}
        async with self._operations.begin(request.urn, request.timeout) as operation:
            made = await resource.update(operation, PlainProperties(state), PlainProperties(inputs))
        return provider_pb2.UpdateResponse(properties=encode({**inputs, **kept, **(made or {})}))

    @reports_errors
    async def Delete(
        self, request: provider_pb2.DeleteRequest, context: Context
    ) -> empty_pb2.Empty:
        """Remove a resource, with the inputs that the state holds."""
        resource = _resource(request.urn)
        state = _decoded(resource.state, decode(request.properties))
        async with self._operations.begin(request.urn, request.timeout) as operation:
            await resource.delete(operation, PlainProperties(state))
        return empty_pb2.Empty()

    @reports_errors
    async def Invoke(
        self, request: provider_pb2.InvokeRequest, context: Context
    ) -> provider_pb2.InvokeResponse:
        """Refuse: it has no function."""
        raise ProviderError(f"Invoke '{request.tok}' not found: the lab's '{NAME}' has no function")

    async def Cancel(self, request: empty_pb2.Empty, context: Context) -> empty_pb2.Empty:
        """Kill the local commands that run, and stop dialling; answer at once."""
        self._operations.cancel()
        return await super().Cancel(request, context)

    async def cancel(self) -> None:
        """Get ready to end: leave commands to the owner of the process group.

        So the real provider does when a signal ends it or its engine is gone (measured): what a
        killed deployment started may run on beside the next one.
        """
        await super().cancel()
        self._operations.leave()


def _resource(urn: str) -> Commands:
    type_ = urn.split("::")[2].rpartition("$")[2]
    resource = _RESOURCES.get(type_)
    if resource is None:
        known = ", ".join(_RESOURCES)
        raise ProviderError(
            f"Resource '{type_}' not found: the lab's provider '{NAME}' has {known}"
        )
    return resource


def _new_id(name: str) -> str:
    return name + secrets.token_hex(4)


def _name(urn: str) -> str:
    return urn.split("::", 3)[3]


def _decoded(struct: Struct, properties: Properties, prefix: str = "") -> Properties:
    found = conform(struct, properties)
    if found.failures:
        raise ProviderError(prefix + summary(found.failures))
    return found.properties

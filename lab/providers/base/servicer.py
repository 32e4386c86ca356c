"""The part of `ResourceProvider` that is the same for every provider of the lab."""

# The methods bear the names that the protocol gives them.
# ruff: noqa: N802

from __future__ import annotations

import threading
from typing import Any, TypeAlias

import grpc.aio
from google.protobuf import empty_pb2
from pulumi.runtime.proto import plugin_pb2, provider_pb2, provider_pb2_grpc

from lab.providers.base.engine_log import EngineLog
from lab.providers.base.errors import reports_errors
from lab.providers.base.values import Properties, decode

Context: TypeAlias = grpc.aio.ServicerContext[Any, Any]


class Servicer(provider_pb2_grpc.ResourceProviderServicer):
    """Handshake, plug-in info, Attach, Configure and Cancel.

    Secrets arrive as such; resource references arrive as ids and outputs as their values.
    Derived classes implement `configure` and the operations on resources, and may stop what runs
    in `cancel`. `cancelled` is set from the first Cancel, or when the process is asked to end.
    """

    def __init__(self, name: str, version: str, log: EngineLog) -> None:
        self.name = name
        self.version = version
        self.log = log
        self.cancelled = threading.Event()

    async def configure(self, args: Properties) -> None:
        """Take the provider's configuration; raise `ProviderError` if it is of no use."""

    async def cancel(self) -> None:
        """Stop what runs, soon: the user wants to quit."""
        self.cancelled.set()

    async def Handshake(
        self, request: provider_pb2.ProviderHandshakeRequest, context: Context
    ) -> provider_pb2.ProviderHandshakeResponse:
        """Agree on the features of the protocol."""
        if request.engine_address:
            self.log.attach(request.engine_address)
        return provider_pb2.ProviderHandshakeResponse(
            accept_secrets=True, accept_resources=False, accept_outputs=False
        )

    async def GetPluginInfo(
        self, request: empty_pb2.Empty, context: Context
    ) -> plugin_pb2.PluginInfo:
        """Tell the version of the provider that this one stands in for."""
        return plugin_pb2.PluginInfo(version=self.version)

    async def Attach(self, request: plugin_pb2.PluginAttach, context: Context) -> empty_pb2.Empty:
        """Take another engine: this process was started before it."""
        self.log.attach(request.address)
        return empty_pb2.Empty()

    async def CheckConfig(
        self, request: provider_pb2.CheckRequest, context: Context
    ) -> provider_pb2.CheckResponse:
        """Accept the configuration as it is."""
        return provider_pb2.CheckResponse(inputs=request.news)

    async def DiffConfig(
        self, request: provider_pb2.DiffRequest, context: Context
    ) -> provider_pb2.DiffResponse:
        """Tell whether the configuration differs; a difference replaces nothing."""
        differs = request.news != (request.old_inputs if request.old_inputs else request.olds)
        changes = (
            provider_pb2.DiffResponse.DIFF_SOME
            if differs
            else (provider_pb2.DiffResponse.DIFF_NONE)
        )
        return provider_pb2.DiffResponse(changes=changes)

    @reports_errors
    async def Configure(
        self, request: provider_pb2.ConfigureRequest, context: Context
    ) -> provider_pb2.ConfigureResponse:
        """Take the configuration; once, before any operation on resources."""
        await self.configure(decode(request.args))
        return provider_pb2.ConfigureResponse(
            acceptSecrets=True, supportsPreview=True, acceptResources=False, acceptOutputs=False
        )

    async def Cancel(self, request: empty_pb2.Empty, context: Context) -> empty_pb2.Empty:
        """Ask what runs to stop; answers at once."""
        await self.cancel()
        return empty_pb2.Empty()

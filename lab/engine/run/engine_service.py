"""The engine's own gRPC service: the log of the program and of providers.

Source: pulumi, pkg/resource/plugin/host_server.go.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import grpc
from google.protobuf import empty_pb2
from pulumi.runtime.proto import engine_pb2, engine_pb2_grpc

from lab.engine.display.facts import Message

_SEVERITIES: Final = {
    engine_pb2.DEBUG: "debug",
    engine_pb2.INFO: "info",
    engine_pb2.WARNING: "warning",
    engine_pb2.ERROR: "error",
}


class EngineService(engine_pb2_grpc.EngineServicer):
    """Takes log messages.

    Args:
        log: gets each of them.
    """

    def __init__(self, log: Callable[[Message], None]) -> None:
        self._log = log
        self._root = ""

    def Log(  # noqa: N802
        self, request: engine_pb2.LogRequest, context: grpc.ServicerContext
    ) -> empty_pb2.Empty:
        """Take a message."""
        del context
        severity = _SEVERITIES.get(request.severity, "info")
        self._log(Message(severity, request.message, request.urn, request.ephemeral))
        return empty_pb2.Empty()

    def GetRootResource(  # noqa: N802
        self, request: engine_pb2.GetRootResourceRequest, context: grpc.ServicerContext
    ) -> engine_pb2.GetRootResourceResponse:
        """Tell the root resource that was set."""
        del request, context
        return engine_pb2.GetRootResourceResponse(urn=self._root)

    def SetRootResource(  # noqa: N802
        self, request: engine_pb2.SetRootResourceRequest, context: grpc.ServicerContext
    ) -> engine_pb2.SetRootResourceResponse:
        """Set the root resource."""
        del context
        self._root = request.urn
        return engine_pb2.SetRootResourceResponse()

    def RequirePulumiVersion(  # noqa: N802
        self, request: engine_pb2.RequirePulumiVersionRequest, context: grpc.ServicerContext
    ) -> engine_pb2.RequirePulumiVersionResponse:
        """Accept any version that a program wants: there's no CLI of which it could speak."""
        del request, context
        return engine_pb2.RequirePulumiVersionResponse()


def add_to(server: grpc.Server, service: EngineService) -> None:
    """Serve it."""
    register: Any = engine_pb2_grpc.add_EngineServicer_to_server
    register(service, server)

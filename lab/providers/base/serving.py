"""Serving a provider as Pulumi starts plug-ins.

The process gets the engine's address as its last argument, serves gRPC on a free port of the
loopback interface, and prints that port as the first line of standard output.

Source: pulumi, sdk/go/common/resource/plugin/plugin.go.
"""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Callable
from typing import Final

import grpc.aio
from pulumi.runtime.proto import provider_pb2_grpc

from lab.providers.base.engine_log import EngineLog
from lab.providers.base.lifetime import watch_for_the_end
from lab.providers.base.servicer import Servicer

# As in Pulumi: states with big properties exceed gRPC's default of 4 MiB.
SERVER_OPTIONS: Final = (
    ("grpc.max_receive_message_length", 400 * 1024 * 1024),
    ("grpc.max_send_message_length", 400 * 1024 * 1024),
    ("grpc.so_reuseport", 0),
)
_GRACE_SECONDS: Final = 2.0


def serve(build: Callable[[EngineLog], Servicer]) -> None:
    """Serve the provider until the engine that started it has no more use for it.

    Never returns: ends the process, without waiting for threads that are in the middle of a call.

    Args:
        build: Makes the provider; gets the log of the engine.
    """
    address = sys.argv[-1] if len(sys.argv) > 1 and not sys.argv[-1].startswith("-") else None
    asyncio.run(_serve(build(EngineLog(address))))


async def _serve(servicer: Servicer) -> None:
    end = watch_for_the_end()
    server = grpc.aio.server(options=SERVER_OPTIONS)
    provider_pb2_grpc.add_ResourceProviderServicer_to_server(servicer, server)
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    sys.stdout.write(f"{port}\n")
    sys.stdout.flush()
    await end
    await servicer.cancel()
    await server.stop(_GRACE_SECONDS)
    os._exit(0)

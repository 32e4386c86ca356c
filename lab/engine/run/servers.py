"""The gRPC servers of a deployment, on free ports of the loopback interface."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Final

import grpc

from lab.engine.plugin.provider import CHANNEL_OPTIONS
from lab.engine.run import engine_service, monitor
from lab.engine.run.engine_service import EngineService
from lab.engine.run.monitor import Monitor

_LOG_THREADS: Final = 8
# Registrations wait in their threads until they are done; the SDK sends as many at once as this.
_THREADS_PER_STEP: Final = 4
_SPARE_THREADS: Final = 64
_MOST_THREADS: Final = 4096


class LogServer:
    """Serves the log to providers; has threads of its own, so that logs flow in any case."""

    def __init__(self, service: EngineService) -> None:
        self._server = _server(_LOG_THREADS)
        self.address = _listen(self._server)
        engine_service.add_to(self._server, service)
        self._server.start()

    def stop(self) -> None:
        """Stop serving."""
        self._server.stop(None)


class MonitorServer:
    """Serves the program: the resource monitor, and a log of its own."""

    def __init__(self, service: Monitor, log: EngineService, parallel: int) -> None:
        threads = min(parallel * _THREADS_PER_STEP + _SPARE_THREADS, _MOST_THREADS)
        self._server = _server(threads)
        self.address = _listen(self._server)
        monitor.add_to(self._server, service)
        engine_service.add_to(self._server, log)
        self._server.start()

    def stop(self) -> None:
        """Stop serving."""
        self._server.stop(None)


def _server(threads: int) -> grpc.Server:
    return grpc.server(ThreadPoolExecutor(threads), options=CHANNEL_OPTIONS)


def _listen(server: grpc.Server) -> str:
    """Give it an address; returns that."""
    return f"127.0.0.1:{server.add_insecure_port('127.0.0.1:0')}"

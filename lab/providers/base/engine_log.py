"""Messages to the engine: lines and status notes that it shows beside a resource.

One thread sends them in order, so that a handler, threaded or asynchronous, never waits for the
engine's display.
"""

from __future__ import annotations

import queue
import sys
import threading
from typing import Final

import grpc
from pulumi.runtime.proto import engine_pb2, engine_pb2_grpc

_SEND_TIMEOUT: Final = 5.0


class EngineLog:
    """The engine's log, or standard error as long as no engine is attached."""

    def __init__(self, address: str | None = None) -> None:
        self._queue: queue.Queue[engine_pb2.LogRequest] = queue.Queue()
        self._stub: engine_pb2_grpc.EngineStub | None = None
        if address:
            self.attach(address)
        threading.Thread(target=self._send_all, name="engine-log", daemon=True).start()

    def attach(self, address: str) -> None:
        """Send to the engine at `host:port` from now on."""
        self._stub = engine_pb2_grpc.EngineStub(grpc.insecure_channel(address))

    def debug(self, message: str, urn: str = "") -> None:
        """Write a line that shows only with the engine's debug output."""
        self._put(engine_pb2.DEBUG, message, urn)

    def info(self, message: str, urn: str = "") -> None:
        """Write a line under the resource."""
        self._put(engine_pb2.INFO, message, urn)

    def warning(self, message: str, urn: str = "") -> None:
        """Write a warning under the resource."""
        self._put(engine_pb2.WARNING, message, urn)

    def error(self, message: str, urn: str = "") -> None:
        """Write an error under the resource. It makes the update fail."""
        self._put(engine_pb2.ERROR, message, urn)

    def status(self, message: str, urn: str = "") -> None:
        """Show a note in the resource's row until the next one takes its place."""
        self._put(engine_pb2.INFO, message, urn, ephemeral=True)

    def flush(self) -> None:
        """Wait until everything said so far was sent. An engine that went costs one time-out."""
        self._queue.join()

    def _put(
        self,
        severity: engine_pb2.LogSeverity.ValueType,
        message: str,
        urn: str,
        *,
        ephemeral: bool = False,
    ) -> None:
        self._queue.put(
            engine_pb2.LogRequest(severity=severity, message=message, urn=urn, ephemeral=ephemeral)
        )

    def _send_all(self) -> None:
        while True:
            request = self._queue.get()
            try:
                self._send(request)
            finally:
                self._queue.task_done()

    def _send(self, request: engine_pb2.LogRequest) -> None:
        if self._stub is not None:
            try:
                self._stub.Log(request, timeout=_SEND_TIMEOUT)
            except grpc.RpcError:
                self._stub = None  # gone: the rest goes to standard error, without waiting
            else:
                return
        sys.stderr.write(f"{request.message}\n")
        sys.stderr.flush()

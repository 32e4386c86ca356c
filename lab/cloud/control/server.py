"""Answers on the control socket: each method of a table is a path.

A request is a POST of a JSON object with the method's arguments; the answer is JSON, with
status 200, or 400 and `{"error": …}`.
"""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from socketserver import ThreadingMixIn, UnixStreamServer
from typing import Any, TypeAlias

from lab.cloud.control.client import SOCKET, address

Methods: TypeAlias = Mapping[str, Callable[..., Any]]
"""What can be asked: functions that take named arguments and return what JSON can say."""


class _Server(ThreadingMixIn, UnixStreamServer):
    daemon_threads = True
    request_queue_size = 64

    def __init__(self, directory: Path, methods: Methods) -> None:
        self.methods = methods
        (directory / SOCKET).unlink(missing_ok=True)
        descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
        try:
            super().__init__(address(descriptor), _Handler)
        finally:
            os.close(descriptor)
        # Whoever may ask is root on every machine of the lab.
        (directory / SOCKET).chmod(0o600)


@dataclass(frozen=True)
class _Answer:
    """An HTTP status, and what JSON says."""

    status: int
    content: Any


class _Handler(BaseHTTPRequestHandler):
    server: _Server

    def do_POST(self) -> None:
        """Answer one call."""
        length = int(self.headers.get("Content-Length", 0))
        answer = self._call(self.path.lstrip("/"), self.rfile.read(length))
        body = json.dumps(answer.content).encode()
        self.send_response(answer.status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _call(self, name: str, body: bytes) -> _Answer:
        method = self.server.methods.get(name)
        if method is None:
            known = ", ".join(sorted(self.server.methods))
            return _Answer(400, {"error": f"no method {name!r}; there are: {known}"})
        try:
            return _Answer(200, method(**json.loads(body or b"{}")))
        except Exception as error:
            # Whatever went wrong, the one who asked shall know; the lab goes on.
            return _Answer(400, {"error": str(error) or type(error).__name__})

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base's name
        """Keep quiet: every call is the lab's own."""


def serve(directory: Path, methods: Methods) -> None:
    """Answer on the socket of the lab in `directory`, in threads, until the process ends."""
    server = _Server(directory, methods)
    threading.Thread(target=server.serve_forever, name="control", daemon=True).start()

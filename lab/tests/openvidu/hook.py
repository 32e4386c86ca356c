"""A place for webhooks to arrive at, in a test's world."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from lab.openvidu.testing.world import GATEWAY, World

PORT = 7777
URL = f"http://{GATEWAY}:{PORT}/webhook"


class Inbox:
    """Collects the events that are posted to `URL`."""

    def __init__(self, world: World) -> None:
        self.events: list[dict[str, Any]] = []
        collected = self.events

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                length = int(self.headers["Content-Length"])
                collected.append(json.loads(self.rfile.read(length)))
                self.send_response(200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        self._server = world.do(ThreadingHTTPServer, (GATEWAY, PORT), Handler)
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def of_kind(self, event: str) -> list[dict[str, Any]]:
        """The events with a name."""
        return [item for item in self.events if item["event"] == event]

    def close(self) -> None:
        """Stop listening."""
        self._server.shutdown()
        self._server.server_close()

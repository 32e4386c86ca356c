"""An edge in front of the fake AWS that refuses calls, or tells of a slower world, on request."""

from __future__ import annotations

import threading
import urllib.error
import urllib.parse
import urllib.request
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

_ERROR = (
    '<?xml version="1.0" encoding="UTF-8"?><Response><Errors><Error><Code>{code}</Code>'
    "<Message>{message}</Message></Error></Errors><RequestID>1</RequestID></Response>"
)


@dataclass
class Refusal:
    """The answer to the next calls of an action."""

    code: str
    times: int
    status: int = 400
    message: str = "refused by the edge"


@dataclass
class Edge:
    """What the edge does, and what it saw."""

    url: str = ""
    refusals: dict[str, Refusal] = field(default_factory=dict)
    rewrites: dict[str, list[tuple[bytes, bytes]]] = field(default_factory=dict)
    calls: list[dict[str, str]] = field(default_factory=list)

    def refuse(self, action: str, code: str, *, times: int = 1000, status: int = 400) -> None:
        self.refusals[action] = Refusal(code, times, status)

    def rewrite(self, action: str, old: bytes, new: bytes, *, times: int) -> None:
        """Tell something else in the next answers to an action."""
        self.rewrites.setdefault(action, []).extend([(old, new)] * times)

    def heal(self) -> None:
        self.refusals.clear()
        self.rewrites.clear()
        self.calls.clear()

    def counted(self) -> Counter[str]:
        return Counter(call.get("Action", "") for call in self.calls)


@contextmanager
def edge_before(target: str) -> Iterator[Edge]:
    edge = Edge()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            call = dict(urllib.parse.parse_qsl(body.decode()))
            edge.calls.append(call)
            refusal = edge.refusals.get(call.get("Action", ""))
            if refusal and refusal.times > 0:
                refusal.times -= 1
                text = _ERROR.format(code=refusal.code, message=refusal.message)
                self._answer(refusal.status, text.encode())
                return
            status, answer = self._forward(body)
            waiting = edge.rewrites.get(call.get("Action", ""))
            if waiting:
                answer = answer.replace(*waiting.pop(0))
            self._answer(status, answer)

        def _forward(self, body: bytes) -> tuple[int, bytes]:
            headers = {
                key: value
                for key, value in self.headers.items()
                if key.lower() not in ("content-length", "connection")
            }
            request = urllib.request.Request(  # noqa: S310
                f"{target}{self.path}", body, headers, method="POST"
            )
            try:
                with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310
                    return answer.status, answer.read()
            except urllib.error.HTTPError as error:
                return error.code, error.read()

        def _answer(self, status: int, body: bytes) -> None:
            self.send_response(status)
            self.send_header("Content-Type", "text/xml")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *arguments: Any) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    edge.url = f"http://127.0.0.1:{server.server_port}"
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield edge
    server.shutdown()

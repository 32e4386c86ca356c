"""Answers the browser on this computer: with the page, and with what was found last.

Who else is on this computer, or has led a browser here by a name of their own, learns nothing:
paths begin with a word that only this command's output has, and no other name is answered.
Source: OWASP, "DNS Rebinding"; W3C, "Content Security Policy Level 3".
"""

from __future__ import annotations

import hmac
import json
import secrets
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.resources import files
from typing import Any
from urllib.parse import urlsplit

from scripts.pulumi_cli import PulumiError

_LOOPBACK = "127.0.0.1"
_NAMES = (_LOOPBACK, "localhost")
_DATA = "look.json"
_NONCE = "NONCE"
_IDLE_SECONDS = 30
_ENDS_WITHIN_SECONDS = 0.1
_HEADERS = {
    "Cache-Control": "no-store",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


@contextmanager
def serving(told: Callable[[], Mapping[str, Any]], port: int) -> Iterator[str]:
    """Answer from now on, until the block ends; gives the URL.

    Args:
        told: what the page shows, ready for JSON.
        port: where; any that is free where it's 0.

    Raises:
        PulumiError: it can't listen there.
    """
    word = secrets.token_urlsafe(24)
    try:
        server = _Server((_LOOPBACK, port), _handler(told, word))
    except OSError as error:
        raise PulumiError(
            f"can't listen at {_LOOPBACK}, port {port}: {error.strerror or error}.\n"
            "  Next: uv run openvidu-enterprise status --web"
        ) from None
    with server:
        serve = partial(server.serve_forever, poll_interval=_ENDS_WITHIN_SECONDS)
        threading.Thread(target=serve, name="page", daemon=True).start()
        try:
            yield f"http://{_LOOPBACK}:{server.server_port}/{word}/"
        finally:
            server.shutdown()


class _Server(ThreadingHTTPServer):
    def handle_error(self, request: Any, client_address: Any) -> None:
        """Keep quiet of browsers that hang up; what else goes wrong is told."""
        if not isinstance(sys.exception(), ConnectionError | TimeoutError):
            super().handle_error(request, client_address)


def _handler(told: Callable[[], Mapping[str, Any]], word: str) -> type[BaseHTTPRequestHandler]:
    page = (files(__package__) / "page.html").read_text()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        timeout = _IDLE_SECONDS

        def do_GET(self) -> None:
            if _name(self.headers.get("Host", "")) not in _NAMES:
                self._answer(HTTPStatus.MISDIRECTED_REQUEST)
            elif self._is_at(""):
                nonce = secrets.token_urlsafe(16)
                own = page.replace(_NONCE, nonce)
                self._answer(HTTPStatus.OK, own, "text/html", _policy(nonce))
            elif self._is_at(_DATA):
                self._answer(HTTPStatus.OK, json.dumps(told()), "application/json")
            else:
                self._answer(HTTPStatus.NOT_FOUND)

        def log_message(self, *_: object) -> None:
            """Keep quiet: the terminal is the operator's."""

        def _is_at(self, file: str) -> bool:
            return hmac.compare_digest(self.path.encode(), f"/{word}/{file}".encode())

        def _answer(
            self,
            status: HTTPStatus,
            text: str = "",
            kind: str = "text/plain",
            policy: str = "default-src 'none'",
        ) -> None:
            body = text.encode()
            self.send_response(status)
            self.send_header("Content-Type", f"{kind}; charset=utf-8")
            self.send_header("Content-Length", str(len(body)))
            self.send_header("Content-Security-Policy", policy)
            for header, value in _HEADERS.items():
                self.send_header(header, value)
            self.end_headers()
            self.wfile.write(body)

    return Handler


def _name(host: str) -> str | None:
    """The name in a header, without the port: that is another one where SSH forwards it."""
    try:
        return urlsplit(f"//{host}").hostname
    except ValueError:
        return None


def _policy(nonce: str) -> str:
    """What the page may do: its own script and style, and ask where it comes from."""
    return (
        f"default-src 'none'; script-src 'nonce-{nonce}'; style-src 'nonce-{nonce}'; "
        "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )

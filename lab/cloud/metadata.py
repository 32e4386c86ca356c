"""The instance metadata service, version 2: what an instance may know of itself.

Source: EC2 guide, "Use IMDSv2" and "Instance metadata categories". A token is required; the
instance is known by the address that it asks from.
"""

from __future__ import annotations

import json
import secrets
import threading
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from lab.cloud.facts import METADATA_ADDRESS

_PORT = 80
_TOKEN_PATH = "/latest/api/token"  # noqa: S105 - a path
_TOKEN_HEADER = "X-aws-ec2-metadata-token"  # noqa: S105 - a header's name
_CREDENTIALS = "iam/security-credentials/"
_VALID = timedelta(hours=6)


def serve(facts_of: Callable[[str], Mapping[str, str]]) -> None:
    """Answer in threads until the process ends.

    Args:
        facts_of: what an instance may know, by the public address that it asks from: metadata by
            path, and `role`, the name of its profile's role; empty for nobody's address.
    """
    tokens: set[str] = set()

    class Handler(BaseHTTPRequestHandler):
        def do_PUT(self) -> None:
            if self.path != _TOKEN_PATH:
                self._answer(404)
                return
            token = secrets.token_urlsafe(32)
            tokens.add(token)
            self._answer(200, token)

        def do_GET(self) -> None:
            if self.headers.get(_TOKEN_HEADER) not in tokens:
                self._answer(401)
                return
            found = answer(self.path, facts_of(self.client_address[0]))
            self._answer(200 if found is not None else 404, found or "")

        def log_message(self, *arguments: object) -> None:
            """Keep quiet: every request is the lab's own."""

        def _answer(self, status: int, text: str = "") -> None:
            body = text.encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    server = ThreadingHTTPServer((METADATA_ADDRESS, _PORT), Handler)
    threading.Thread(target=server.serve_forever, name="metadata", daemon=True).start()


def answer(path: str, facts: Mapping[str, str]) -> str | None:
    """What is at a path for the instance with these facts; None for nothing."""
    name = path.removeprefix("/latest/meta-data/")
    role = facts.get("role", "")
    if not facts or name == path:
        return None
    if name == _CREDENTIALS:
        return role or None
    if role and name == f"{_CREDENTIALS}{role}":
        return json.dumps(_credentials())
    return None if name == "role" else facts.get(name)


def _credentials() -> dict[str, str]:
    """Keys of a role: the fake AWS takes any."""
    now = datetime.now(UTC)
    form = "%Y-%m-%dT%H:%M:%SZ"
    return {
        "Code": "Success",
        "Type": "AWS-HMAC",
        "LastUpdated": now.strftime(form),
        "AccessKeyId": "ASIALABLABLABLABLABL",
        "SecretAccessKey": secrets.token_urlsafe(30),
        "Token": secrets.token_urlsafe(60),
        "Expiration": (now + _VALID).strftime(form),
    }

"""Stands in for AWS's `session-manager-plugin`: passes standard input and output on to a session.

The real one speaks a protocol of its own over a WebSocket to AWS; this one the lab's, with the same
arguments and the same variable. Source: aws-cli, customizations/sessionmanager.py.
"""

from __future__ import annotations

import contextlib
import json
import os
import socket
import sys
import threading
from urllib.parse import urlsplit

_VERSION = "1.2.707.0"
_BYTES = 65536


def main() -> None:
    """Connect standard input and output to the session that was started."""
    if sys.argv[1:] == ["--version"]:
        sys.stdout.write(f"{_VERSION}\n")
        return
    variable, _region, action, *_rest = sys.argv[1:]
    begun = json.loads(os.environ[variable])
    if action != "StartSession":
        sys.exit(f"no action {action} here")
    at = urlsplit(begun["StreamUrl"])
    with socket.create_connection((str(at.hostname), int(at.port or 443))) as session:
        session.sendall(f"{begun['TokenValue']}\n".encode())
        threading.Thread(target=_outward, args=(session,), daemon=True).start()
        with contextlib.suppress(OSError):
            while more := session.recv(_BYTES):
                _write(more)


def _outward(session: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while more := os.read(0, _BYTES):
            session.sendall(more)
        session.shutdown(socket.SHUT_WR)


def _write(data: bytes) -> None:
    while data:
        data = data[os.write(1, data) :]


if __name__ == "__main__":
    main()

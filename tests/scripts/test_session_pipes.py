"""The pipes to an SSH client are closed by whoever uses them, however soon the client ends.

A number that is closed while another thread writes to it is soon another pipe's: what is for one
machine would go to another one.
"""

from __future__ import annotations

import threading
from pathlib import Path
from typing import IO

import pytest

from remote import session
from remote.session import Machine, Session

BASE = Machine("the base", "203.0.113.1", "ssh-ed25519 AAAA")


@pytest.fixture
def way(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Session:
    """A session whose client ends at once."""
    client = tmp_path / "ssh"
    client.write_text("#!/bin/sh\nexit 255\n")
    client.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    monkeypatch.setattr(session, "_CLIENT_ENVIRONMENT", {"PATH": f"{tmp_path}:/usr/bin:/bin"})
    monkeypatch.setattr(Session, "_require_agent", lambda _: None)
    return Session({"SSH_USER": "ubuntu", "SSH_AGENT": "own"}, "drain")


def test_what_is_written_late_goes_to_nobody_else(
    way: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    write, tried, closed = session._write, threading.Event(), list[bool]()
    ended = threading.Event()

    def late(pipe: IO[bytes], text: bytes, enough: threading.Event) -> None:
        tried.wait(60)
        closed.append(pipe.closed)
        write(pipe, text, enough)
        closed.append(pipe.closed)
        ended.set()

    monkeypatch.setattr(session, "_write", late)
    attempt = way._try(BASE, "echo for the base alone", keep=True)
    tried.set()
    assert attempt.status is None
    assert ended.wait(60)
    assert closed == [False, True]

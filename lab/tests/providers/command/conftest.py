from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from .harness import Provider, running
from .passwords import PasswordServer
from .sshd import HOST_KEYS, Sshd, find_sshd, make_key


def _real() -> str | None:
    """Find the real provider; a script of that name may well be the lab's own."""
    found = shutil.which("pulumi-resource-command")
    return found if found and Path(found).read_bytes()[:2] != b"#!" else None


ARGV = {"lab": [sys.executable, "-m", "lab.providers.command"]}
if (real := _real()) is not None:
    ARGV["real"] = [real]


@pytest.fixture(scope="session", params=ARGV)
def kind(request: pytest.FixtureRequest) -> str:
    """Which provider is asked."""
    param: str = request.param
    return param


@pytest.fixture(scope="session")
def long_lived_provider(kind: str) -> Iterator[Provider]:
    with running(ARGV[kind]) as provider:
        yield provider


@pytest.fixture
def provider(long_lived_provider: Provider) -> Provider:
    """A provider with an empty log."""
    long_lived_provider.engine.lines.clear()
    return long_lived_provider


@pytest.fixture
def fresh_provider(kind: str) -> Iterator[Provider]:
    """A provider that the test may cancel or end."""
    with running(ARGV[kind]) as provider:
        yield provider


@pytest.fixture(scope="session")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with keys: `user`, `stranger`, `locked` (with 'open sesame'), and those of hosts."""
    folder = tmp_path_factory.mktemp("keys")
    make_key(folder / "user")
    make_key(folder / "stranger")
    for kind in HOST_KEYS:
        make_key(folder / f"host_{kind}", "-t", kind)
    make_key(folder / "locked", "-t", "ecdsa", "-m", "PEM", passphrase="open sesame")
    return folder


@pytest.fixture(scope="session")
def sshd(tmp_path_factory: pytest.TempPathFactory, keys: Path) -> Iterator[Sshd]:
    """A running SSH server that lets `user` and `locked` in."""
    server = _sshd(tmp_path_factory.mktemp("sshd"), keys)
    server.start()
    yield server
    server.stop()


@pytest.fixture
def sleeping_sshd(tmp_path: Path, keys: Path) -> Iterator[Sshd]:
    """An SSH server that has not been started."""
    server = _sshd(tmp_path, keys)
    yield server
    server.stop()


def _sshd(folder: Path, keys: Path) -> Sshd:
    if find_sshd() is None:
        pytest.skip("no sshd here: install openssh-server")
    return Sshd(folder, keys, "user", "locked")


@pytest.fixture(scope="session")
def password_server(keys: Path) -> Iterator[int]:
    """The port of an SSH server that takes the password 'open sesame'."""
    server = PasswordServer(keys / "stranger")
    server.start()
    yield server.port
    server.stop()

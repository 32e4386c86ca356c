"""A base and a cluster made of small real things: an HTTP server, a redis-server, files."""

from __future__ import annotations

import itertools
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis
from hypothesis import settings

from openvidu import environment
from tests.ports import free_port

PASSWORD = "secret-of-redis"

settings.register_profile("thorough", max_examples=20_000)


@pytest.fixture(scope="session")
def redis_port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    program = shutil.which("redis-server")
    assert program, "redis-server is missing: ./run test installs it"
    port = free_port()
    folder = tmp_path_factory.mktemp("redis")
    server = subprocess.Popen(
        [program, "--port", str(port), "--requirepass", PASSWORD, "--save", "", "--dir", folder],
        stdout=subprocess.DEVNULL,
    )
    client = redis.Redis(port=port, password=PASSWORD)
    for _ in itertools.count():
        try:
            client.ping()
            break
        except redis.ConnectionError:
            assert server.poll() is None
    yield port
    server.terminate()
    server.wait()


@pytest.fixture(autouse=True)
def _no_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    """Files of tests needn't outlive a power failure."""
    monkeypatch.setattr(os, "fsync", lambda _: None)


NGINX = """\
#!/usr/bin/env python3
import pathlib, re, sys
here = pathlib.Path(__file__).parent.parent
print("\\n".join(f"server {ip}:4443;" for ip in (here / "served").read_text().split(",") if ip))
"""
BASE_SERVICES = """\
#!/bin/bash
[[ $1 == update-loadbalancer ]] || exit 2
[[ -e hang-reload ]] && sleep 1
[[ -e fail-reload ]] && { echo "nginx: [emerg] reload failed" >&2; exit 1; }
grep '^OPENVIDU_ENTERPRISE_HA_NODE_IPS=' .env | cut -d= -f2 | tr -d '\\n' > served
echo >> reloads
"""
SYSTEMCTL = """\
#!/bin/bash
here=$(dirname "$0")/..
[[ -e $here/no-unit ]] && { echo "Unit file ${*: -1} does not exist." >&2; exit 1; }
echo "$*" >>"$here/systemctl"
"""


@pytest.fixture
def base_folder(tmp_path: Path, redis_port: int, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An install folder whose nginx serves 10.5.0.6 and 10.5.0.7."""
    (tmp_path / ".env").write_text(
        f"{environment.OPENVIDU_SECRET}=secret-of-openvidu\n"
        f"{environment.NODE_IPS}=10.5.0.6,10.5.0.7\n"
        f"{environment.REDIS_PORT}={redis_port}\n"
        f"{environment.REDIS_PASSWORD}={PASSWORD}\n"
    )
    (tmp_path / ".env").chmod(0o600)
    (tmp_path / "served").write_text("10.5.0.6,10.5.0.7")
    (tmp_path / "bin").mkdir()
    for path, text in (
        ("bin/docker", NGINX),
        ("bin/systemctl", SYSTEMCTL),
        ("base-services", BASE_SERVICES),
    ):
        (tmp_path / path).write_text(text)
        (tmp_path / path).chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:/usr/bin:/bin")
    return tmp_path

"""OpenVidu's own clients, from npm, as its applications have them."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator, Mapping
from importlib import import_module
from pathlib import Path

import pytest

from lab.cloud.requirements import CLIENTS, without_program
from lab.tests.npm import install
from lab.tests.openvidu.alone import SECRET, openvidu_alone

Settings = Mapping[str, str]
"""What a suite is told in its environment."""
HERE = Path(__file__).parent
MISSING = [entry.what for entry in without_program(CLIENTS) if entry.what != "chromium"]


@pytest.fixture(scope="session")
def clients() -> Path:
    """A folder with OpenVidu's clients, as the lock file says."""
    if MISSING:
        pytest.skip(f"OpenVidu's own clients judge nothing here: no {' and no '.join(MISSING)}")
    install(HERE)
    return HERE


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Settings]:
    """Where a simulated OpenVidu Server is that is alone, with a media server and recordings.

    FRONT_PORT is what it takes for its own public port: free, for who wants to stand there.
    """
    # On a busy machine it takes longer than the 10 s for which a client waits for an answer.
    import_module("lab.openvidu.node.media")
    with openvidu_alone(tmp_path) as alone:
        yield {
            "OPENVIDU_URL": alone.url,
            "FRONT_PORT": str(alone.front_port),
            "OPENVIDU_SECRET": SECRET,
            "NODE_EXTRA_CA_CERTS": str(alone.authority),
        }


def packages(name: str) -> list[str]:
    """The versions of one of OpenVidu's packages that the lock file has."""
    wanted = json.loads((HERE / "package.json").read_text())["dependencies"]
    return [alias for alias in wanted if alias.startswith(name)]


def judge(clients: Path, suite: str, settings: Settings) -> None:
    """Run a suite with Node.js's test runner."""
    done = subprocess.run(
        ["node", "--test", "--test-reporter=spec", suite],
        cwd=clients,
        env={"PATH": os.environ["PATH"], **settings},
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr

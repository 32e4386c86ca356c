"""OpenVidu's own clients, from npm, as its applications have them."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from lab.openvidu.master.endpoints import MasterEndpoints
from lab.openvidu.master.house import MasterHouse
from lab.openvidu.node.recordings import Uploader
from lab.openvidu.web.messages import Request, Response, Takeover
from tests.serving import serving

HERE = Path(__file__).parent
SECRET = "OPENVIDU_SECRET_1"
MISSING = [name for name in ("node", "npm") if shutil.which(name) is None]


@pytest.fixture(scope="session")
def clients() -> Path:
    """A folder with OpenVidu's clients, as the lock file says."""
    if MISSING:
        pytest.skip(f"OpenVidu's own clients judge nothing here: no {' and no '.join(MISSING)}")
    install = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
    done = subprocess.run(install, cwd=HERE, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{' '.join(install)} in {HERE}:\n{done.stdout}{done.stderr}"
    return HERE


@pytest.fixture
def server(tmp_path: Path) -> Iterator[str]:
    """The URL of a simulated OpenVidu Server that is alone, with a media server and recordings."""
    values = {
        "OPENVIDU_SECRET": SECRET,
        "DOMAIN_OR_PUBLIC_IP": "localhost",
        "OPENVIDU_RECORDING": "true",
        "OPENVIDU_RECORDING_PATH": str(tmp_path / "recordings"),
    }
    made: list[MasterEndpoints] = []

    async def handle(request: Request) -> Response | Takeover:
        # Its webhooks want the loop that the requests come in.
        if not made:
            made.append(MasterEndpoints(MasterHouse(values, Uploader(values, tmp_path))))
        return await made[0].handle(request)

    with socket.create_server(("127.0.0.1", 0)) as media_server:
        port = media_server.getsockname()[1]
        values["KMS_URIS"] = f'["ws://127.0.0.1:{port}/kurento"]'
        with serving(handle) as url:
            yield url


def judge(clients: Path, suite: str, **settings: str) -> None:
    """Run a suite of Node.js's test runner."""
    done = subprocess.run(
        ["node", "--test", "--test-reporter=spec", suite],
        cwd=clients,
        env={"PATH": os.environ["PATH"], **settings},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr

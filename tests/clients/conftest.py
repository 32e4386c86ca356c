"""OpenVidu's own clients, from npm, as its applications have them."""

from __future__ import annotations

import json
import os
import socket
import ssl
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from lab.cloud import authority
from lab.cloud.requirements import CLIENTS, without_program
from lab.openvidu.master.endpoints import MasterEndpoints
from lab.openvidu.master.server_state import MasterState
from lab.openvidu.node.recordings import Uploader
from lab.openvidu.web.messages import Request, Response, Takeover
from tests.serving import serving

Settings = Mapping[str, str]
"""What a suite is told in its environment."""
HERE = Path(__file__).parent
SECRET = "OPENVIDU_SECRET_1"
MISSING = [entry.what for entry in without_program(CLIENTS) if entry.what != "chromium"]
_INSTALL = ("npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund")


@pytest.fixture(scope="session")
def clients() -> Path:
    """A folder with OpenVidu's clients, as the lock file says."""
    if MISSING:
        pytest.skip(f"OpenVidu's own clients judge nothing here: no {' and no '.join(MISSING)}")
    lock, installed = HERE / "package-lock.json", HERE / "node_modules" / ".installed"
    if not installed.exists() or installed.read_text() != lock.read_text():
        done = subprocess.run(_INSTALL, cwd=HERE, capture_output=True, text=True, check=False)
        assert done.returncode == 0, f"{' '.join(_INSTALL)} in {HERE}:\n{done.stdout}{done.stderr}"
        installed.write_text(lock.read_text())
    return HERE


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Settings]:
    """Where a simulated OpenVidu Server is that is alone, with a media server and recordings.

    FRONT_PORT is what it takes for its own public port: free, for who wants to stand there.
    """
    trusted = authority.create(tmp_path)
    pair = tmp_path / "pair.pem"
    pair.write_text("".join(authority.issue(["localhost"], directory=tmp_path)))
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(pair)
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
            made.append(MasterEndpoints(MasterState(values, Uploader(values, tmp_path))))
        return await made[0].handle(request)

    with socket.create_server(("127.0.0.1", 0)) as front:
        values["HTTPS_PORT"] = str(front.getsockname()[1])
    with socket.create_server(("127.0.0.1", 0)) as media_server:
        port = media_server.getsockname()[1]
        values["KMS_URIS"] = f'["ws://127.0.0.1:{port}/kurento"]'
        with serving(handle, tls) as url:
            yield {
                "OPENVIDU_URL": url,
                "FRONT_PORT": values["HTTPS_PORT"],
                "OPENVIDU_SECRET": SECRET,
                "NODE_EXTRA_CA_CERTS": str(trusted),
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

"""What a node's own health says: of every version, and never an error for ready."""

from __future__ import annotations

import asyncio
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from components.remote import text_of
from lab.openvidu.web.messages import Request, Response
from membership.answers import Answers, Silent, Unknown
from membership.cluster_view import Cluster
from openvidu import ports
from tests.serving import serving

IP = "127.0.0.1"


@contextmanager
def node(
    monkeypatch: pytest.MonkeyPatch, health: int, root: int, hangs: bool = False
) -> Iterator[str]:
    """A node that answers so at its health endpoint and at `/`; gives its port."""

    async def answer(request: Request) -> Response:
        if hangs:
            await asyncio.sleep(1)
        return Response(health if request.path == "/openvidu/health" else root)

    with serving(answer) as url:
        port = url.rsplit(":", 1)[1]
        monkeypatch.setattr(ports, "REPLICATION_MANAGER", int(port))
        yield port


@pytest.mark.parametrize(
    ("health", "root", "expected"),
    [
        (200, 200, 200),
        (200, 500, 200),
        # From 2.32.1 on.
        (404, 401, 200),
        (401, 401, 200),
        (403, 403, 200),
        # Not well, whatever the version.
        (404, 200, 404),
        (404, 404, 404),
        (404, 502, 404),
        (401, 200, 401),
        (500, 401, 500),
        (502, 403, 502),
        (503, 401, 503),
    ],
)
def test_a_node_is_ready_as_its_version_says_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, health: int, root: int, expected: int
) -> None:
    with node(monkeypatch, health, root) as port:
        assert Cluster("secret").health(IP) == Answers(expected)
        started = start_node(tmp_path, port)
    assert started is (expected != 200)


def start_node(folder: Path, port: str) -> bool:
    """Run the script on a node that nothing runs on; whether it started OpenVidu."""
    (folder / ".env").write_text(f"OPENVIDU_ENTERPRISE_HA_NODE_PRIVATE_IP={IP}\n")
    (folder / "openvidu").write_text("#!/bin/sh\ntouch started\n")
    (folder / "openvidu").chmod(0o755)
    (folder / "docker").symlink_to("/bin/true")
    script = text_of("start-node.sh").replace(":4443", f":{port}")
    # One that doesn't get ready is left to its join at once.
    script = script.replace("patience_seconds=120", "patience_seconds=-1")
    subprocess.run(
        ["bash", "-c", script],
        input=f"FOLDER={folder}\n\n",
        text=True,
        check=True,
        env={**os.environ, "PATH": f"{folder}:{os.environ['PATH']}"},
    )
    return (folder / "started").exists()


def test_a_node_that_does_not_answer_is_told_in_words(monkeypatch: pytest.MonkeyPatch) -> None:
    with node(monkeypatch, 200, 200, hangs=True) as port:
        slow = Cluster("secret", timeout_seconds=0.2).health(IP)
    assert slow == Unknown(f"no whole answer within 0.2 s on port {port}")
    assert Cluster("secret").health(IP) == Silent()
    assert str(Cluster("secret").lists(IP)).endswith("/openvidu/api/health: Connection refused")

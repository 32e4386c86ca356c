"""What a node's machine says of itself: OpenVidu runs there, or has stopped, or it can't say."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
from pathlib import Path

import pytest

from components.remote import text_of

SERVER = "openvidu/openvidu-server-pro:2.30.0 openvidu-server"
TURN = "openvidu/openvidu-coturn:9.0.0 openvidu-coturn"
OWN = "docker.elastic.co/beats/filebeat:7.8.0 owners-beats"


def says(folder: Path, docker: str, port: int, *, server: str = "exit 7") -> str:
    """What it says where `docker ps` does this, and curl that; the port stands for OpenVidu's."""
    for name, text in (("docker", docker), ("curl", server)):
        (folder / name).write_text(f"#!/bin/bash\n{text}\n")
        (folder / name).chmod(0o755)
    (folder / ".env").write_text("OPENVIDU_SECRET=hidden\n")
    script = text_of("witness-node.sh").replace("4443", str(port))
    done = subprocess.run(
        ["bash", "-c", script.replace("/opt/openvidu/.env", f"{folder}/.env")],
        input="ADDRESS=127.0.0.1\n\n",
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PATH": f"{folder}:{os.environ['PATH']}"},
    )
    return done.stdout.strip()


@pytest.mark.parametrize(
    ("docker", "listens", "said"),
    [
        (f"echo {SERVER}; echo {TURN}", True, "runs 1 containers of OpenVidu, port {} open"),
        (f"echo {SERVER}", False, "runs 1 containers of OpenVidu, port {} closed"),
        ("true", True, "runs 0 containers of OpenVidu, port {} open"),
        ("true", False, "stopped no container of OpenVidu runs, and port {} is closed"),
        # What others run there, and what carries nothing by itself, is no sign of calls.
        (f"echo {OWN}; echo {TURN}", False, "stopped no container of OpenVidu runs, and port {} "),
        ("exit 1", False, "unknown Docker on it gives no answer"),
    ],
)
def test_it_has_stopped_only_where_nothing_runs_and_nothing_listens(
    tmp_path: Path, docker: str, listens: bool, said: str
) -> None:
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        if listens:
            server.listen()
        port = server.getsockname()[1]
        assert says(tmp_path, docker, port).startswith(said.format(port))


def test_where_docker_was_never_installed_nothing_runs(tmp_path: Path) -> None:
    programs = tmp_path / "bin"
    programs.mkdir()
    for name in ("bash", "mktemp", "rm", "timeout", "grep", "sed", "sleep"):
        (programs / name).symlink_to(str(shutil.which(name)))
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        script = text_of("witness-node.sh").replace("4443", str(server.getsockname()[1]))
        done = subprocess.run(
            ["bash", "-c", script],
            input="ADDRESS=127.0.0.1\n\n",
            capture_output=True,
            text=True,
            check=True,
            env={"PATH": str(programs)},
        )
    assert done.stdout.startswith("stopped no container of OpenVidu runs")


def test_containers_that_come_and_go_are_no_answer(tmp_path: Path) -> None:
    looks = tmp_path / "looks"
    docker = f"echo >>{looks}; (($(wc -l <{looks}) > 1)) && echo {SERVER}; true"
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        said = says(tmp_path, docker, server.getsockname()[1])
    assert said == "unknown its containers come and go"


ANSWER = '{ "numberOfElements": 2, "content": [{"connections": {"numberOfElements": 9}}, {}] }'


@pytest.mark.parametrize(
    ("server", "told"),
    [(f"echo '{ANSWER}'", ", 2 calls"), ("echo '<html>502'", ""), ("exit 7", "")],
)
def test_its_calls_are_told_where_its_server_tells_them(
    tmp_path: Path, server: str, told: str
) -> None:
    asked = tmp_path / "asked"
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
        said = says(tmp_path, f"echo {SERVER}", port, server=f'echo "$*" >{asked}; {server}')
    assert said == f"runs 1 containers of OpenVidu, port {port} closed{told}"
    assert "hidden" not in asked.read_text()

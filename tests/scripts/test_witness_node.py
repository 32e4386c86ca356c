"""What a node's machine says of itself: OpenVidu runs there, or has stopped, or it can't say."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from components.remote import text_of

FOLDER = "/opt/openvidu"
SERVER = f"a1|/openvidu-server|openvidu/openvidu-server-pro:2.30.0|{FOLDER}|openvidu-server"
TURN = f"b1|/coturn|openvidu/openvidu-coturn:9.0.0|{FOLDER}|coturn"
STARTER = f"b2|/controller|registry.example.io/starter:1|{FOLDER}|media-node-controller"
OWNS = f"a2|/own|registry.example.io/own:1|{FOLDER}|own"
FIGURES = "b3|/filebeat|docker.elastic.co/beats/filebeat-oss:7.8.0||"
MEDIA = "a3|/kms|kurento/kurento-media-server:6.18.0||"
OTHER_MEDIA = "a4|/kms|registry.example.io/media/kms:7.1||"
COMPOSED = "c1|/shop|registry.example.io/shop:1|/srv/shop|web"
FOUND = "0123456789abcdef|/before|registry.example.io/before:1||"
NOBODYS = "d1|/agent|registry.example.io/agent:3||"
DOCKER = """\
here=$(dirname "$0")
case "$*" in
"ps --quiet --no-trunc") cut -d '|' -f 1 "$here/running" ;;
"inspect --format {{.Id}}|"*) for id in "${@:4}"; do grep "^$id|" "$here/running"; done ;;
*) exit 1 ;;
esac
"""
COMPOSE_FILE = """\
services:
  media-node-controller:
    environment:
      - KMS_IMAGE=kurento/kurento-media-server:6.18.0
      - MEDIASOUP_IMAGE=openvidu/mediasoup-controller:2.30.0
"""


def says(
    folder: Path,
    running: list[str],
    port: int,
    *,
    docker: str = DOCKER,
    server: str = "exit 7",
    option: str = "",
) -> str:
    """What it says where Docker has these containers, `ID|NAME|IMAGE|FOLDER|SERVICE`.

    Args:
        folder: where programs and OpenVidu's folder are.
        running: containers.
        port: stands for OpenVidu's.
        docker: what `docker` does.
        server: what curl does.
        option: a line of .env.
    """
    for name, text in (("docker", docker), ("curl", server)):
        (folder / name).write_text(f"#!/bin/bash\n{text}\n")
        (folder / name).chmod(0o755)
    own = folder / "openvidu"
    own.mkdir(exist_ok=True)
    lines = "".join(f"{line}\n" for line in running)
    (folder / "running").write_text(lines.replace(FOLDER, str(own)))
    (folder / "before").write_text("0123456789ab\n")
    (own / ".env").write_text(f"OPENVIDU_SECRET=hidden\n{option}\n")
    (own / "docker-compose.yml").write_text(COMPOSE_FILE)
    script = text_of("witness-node.sh").replace("4443", str(port)).replace(FOLDER, str(own))
    noted = "/var/lib/openvidu-host-as-found/containers"
    done = subprocess.run(
        ["bash", "-c", script.replace(noted, f"{folder}/before")],
        input="ADDRESS=127.0.0.1\n\n",
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PATH": f"{folder}:{os.environ['PATH']}"},
    )
    return done.stdout.strip()


STOPPED = "stopped no container of OpenVidu runs, and port {} is closed"
MAY_BE = "unknown no container of OpenVidu is known to run, but {} may carry its calls"


@pytest.mark.parametrize(
    ("running", "listens", "said"),
    [
        ([SERVER, TURN], True, "runs 1 containers of OpenVidu, port {} open"),
        ([SERVER], False, "runs 1 containers of OpenVidu, port {} closed"),
        ([], True, "runs 0 containers of OpenVidu, port {} open"),
        ([], False, STOPPED),
        # What others run there, and what carries nothing by itself, is no sign of calls.
        ([COMPOSED, FOUND, FIGURES, TURN, STARTER], False, STOPPED),
        # By whatever name: a service of an owner's own, and media, which Compose doesn't know.
        ([OWNS, MEDIA, STARTER], False, "runs 2 containers of OpenVidu, port {} closed"),
        ([NOBODYS], True, "runs 0 containers of OpenVidu, port {} open"),
    ],
)
def test_it_has_stopped_only_where_nothing_runs_and_nothing_listens(
    tmp_path: Path, running: list[str], listens: bool, said: str
) -> None:
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        if listens:
            server.listen()
        port = server.getsockname()[1]
        assert says(tmp_path, running, port).startswith(said.format(port))


@pytest.fixture
def closed() -> Iterator[int]:
    """A port on which nothing listens."""
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        yield server.getsockname()[1]


def test_media_of_a_configured_image_are_openvidus(tmp_path: Path, closed: int) -> None:
    option = "KMS_IMAGE=registry.example.io/media/kms:7.1"
    said = says(tmp_path, [OTHER_MEDIA], closed, option=option)
    assert said == f"runs 1 containers of OpenVidu, port {closed} closed"
    # The bucket's configuration may have another one than this machine's .env.
    said = says(tmp_path, [OTHER_MEDIA], closed)
    assert said.startswith(MAY_BE.format("kms (registry.example.io/media/kms:7.1)"))


def test_what_may_be_anybodys_is_told_by_name(tmp_path: Path, closed: int) -> None:
    told = "agent (registry.example.io/agent:3), kms (sha256:0123)"
    said = says(tmp_path, [NOBODYS, COMPOSED, "e1|/kms|sha256:0123||"], closed)
    assert said.startswith(MAY_BE.format(told))


@pytest.mark.parametrize(
    "docker",
    ["exit 1", "[[ $1 == inspect ]] && exit 1; echo a1", "sleep 60"],
    ids=["ends with an error", "doesn't say what runs", "takes too long"],
)
def test_a_docker_that_does_not_say_is_no_answer(tmp_path: Path, closed: int, docker: str) -> None:
    assert says(tmp_path, [], closed, docker=docker) == "unknown Docker on it gives no answer"


def test_a_docker_that_was_taken_away_is_no_answer(tmp_path: Path, closed: int) -> None:
    assert without_docker(tmp_path, closed, tmp_path) == "unknown Docker on it gives no answer"


def test_where_docker_was_never_installed_nothing_runs(tmp_path: Path, closed: int) -> None:
    said = without_docker(tmp_path, closed, tmp_path / "openvidu")
    assert said.startswith("stopped no container of OpenVidu runs")


def without_docker(tmp_path: Path, port: int, own: Path) -> str:
    programs = tmp_path / "bin"
    programs.mkdir()
    for name in ("bash", "timeout", "grep", "sed", "sleep"):
        (programs / name).symlink_to(str(shutil.which(name)))
    done = subprocess.run(
        [
            "bash",
            "-c",
            text_of("witness-node.sh").replace("4443", str(port)).replace(FOLDER, str(own)),
        ],
        input="ADDRESS=127.0.0.1\n\n",
        capture_output=True,
        text=True,
        check=True,
        env={"PATH": str(programs)},
    )
    return done.stdout.strip()


def test_a_machine_without_the_address_says_nothing_of_the_one_that_has_it() -> None:
    """As a copy of it, to which its former public address leads by now."""
    done = subprocess.run(
        ["bash", "-c", text_of("witness-node.sh")],
        input="ADDRESS=192.0.2.7\n\n",
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "unknown the machine that answers hasn't the address 192.0.2.7\n"


def test_containers_that_come_and_go_are_no_answer(tmp_path: Path, closed: int) -> None:
    looks = tmp_path / "looks"
    late = f'"ps --"*) echo >>{looks}; (($(wc -l <{looks}) == 1)) || echo a1 ;;\n"inspect'
    said = says(
        tmp_path,
        [SERVER],
        closed,
        docker=DOCKER.replace('"inspect', late, 1).replace('"ps --quiet --no-trunc"', "never"),
    )
    assert said == "unknown its containers come and go"


ANSWER = '{ "numberOfElements": 2, "content": [{"connections": {"numberOfElements": 9}}, {}] }'


NONE = '{ "numberOfElements": 0, "content": [] }'


@pytest.mark.parametrize(
    ("server", "told"),
    [(f"echo '{ANSWER}'", ", 2 calls"), ("echo '<html>502'", ""), ("exit 7", "")],
)
def test_its_calls_are_told_where_its_server_tells_them(
    tmp_path: Path, closed: int, server: str, told: str
) -> None:
    asked = tmp_path / "asked"
    said = says(tmp_path, [SERVER], closed, server=f'echo "$*" >{asked}; {server}')
    assert said == f"runs 1 containers of OpenVidu, port {closed} closed{told}"
    assert "hidden" not in asked.read_text()


@pytest.mark.parametrize("running", [SERVER, NOBODYS])
def test_a_server_that_has_no_calls_carries_none(tmp_path: Path, closed: int, running: str) -> None:
    said = says(tmp_path, [running], closed, server=f"echo '{NONE}'")
    assert said == f"stopped its server has no calls, and port {closed} is closed"

"""What the container stand-in refuses, and does, in the engine's way and words."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator

import pytest

from lab.openvidu import faults
from lab.openvidu.faults import Fault
from lab.openvidu.testing.world import Host, wait

pytestmark = [pytest.mark.lab, pytest.mark.xdist_group("openvidu-docker")]

PROJECT = """\
services:
    mounts:
        image: openvidu/speech-to-text-service:1
        volumes: ['${FOLDER}:${FOLDER}', './made:/made']
    ends:
        image: minio/mc:1
        restart: always
    first:
        image: openvidu/speech-to-text-service:1
        ports: ['4000:4000']
    second:
        image: docker.elastic.co/beats/filebeat-oss:1
        container_name: second
        ports: ['4000:4000/tcp']
"""
IN_PROJECT = "cd /srv/project && "


@pytest.fixture
def host(project_host: Host) -> Iterator[Host]:
    """A machine without containers."""
    yield project_host
    faults.clear(folder=project_host.faults)
    project_host.run(f"{IN_PROJECT}docker compose down; docker ps -aq | xargs -r docker rm -f")


def compose(host: Host, command: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return host.run(f"{IN_PROJECT}docker compose {command}", environment=environment, check=False)


def test_a_mount_without_a_path_is_refused_and_nothing_starts(host: Host) -> None:
    done = compose(host, "up -d mounts first")
    assert done.returncode == 1
    assert (
        'Error response from daemon: invalid mount config for type "volume": '
        "invalid mount path: ':' mount path must be absolute" in done.stderr
    )
    assert host.run("docker ps -q").stdout == ""


def test_folders_that_are_mounted_are_made(host: Host) -> None:
    assert compose(host, "up -d mounts", FOLDER="/opt/x/recordings").returncode == 0
    host.run("test -d /opt/x/recordings && test -d /srv/project/made")


def test_a_port_of_another_container_is_taken(host: Host) -> None:
    done = compose(host, "up -d first second")
    assert done.returncode == 1
    assert "Bind for 0.0.0.0:4000 failed: port is already allocated" in done.stderr
    assert compose(host, "ps --services").stdout.split() == ["first"]
    assert "already allocated" in host.run("docker inspect -f '{{.State.Error}}' second").stdout


def test_a_name_of_another_container_is_taken(host: Host) -> None:
    host.run("docker run -d --name second openvidu/speech-to-text-service:1")
    done = compose(host, "up -d second")
    assert done.returncode == 1
    assert 'Conflict. The container name "/second" is already in use by container' in done.stderr


def test_a_run_leaves_its_container_behind(host: Host) -> None:
    assert compose(host, "run ends").returncode == 0
    compose(host, "down")
    assert "project-ends-run-" in host.run("docker ps -a --format '{{.Names}}'").stdout
    assert compose(host, "ps --quiet").stdout == ""


def test_restarts_by_policy_are_counted_until_somebody_starts_it(host: Host) -> None:
    def told(field: str) -> str:
        return host.run(f"docker inspect -f '{{{{.{field}}}}}' second").stdout.strip()

    host.run("docker run -d --restart always --name second docker.elastic.co/beats/filebeat-oss:1")
    for restarts in ("1", "2"):
        wait(lambda: told("State.Status") == "running", "the container runs")
        host.run(f"kill -9 {told('State.Pid')}")
        wait(lambda wanted=restarts: told("RestartCount") == wanted, "it is counted")
    host.run("docker restart second")
    assert told("RestartCount") == "0"


@pytest.mark.parametrize(("version", "ends"), [("2.29.7", True), ("2.40.3", False)])
def test_a_newer_compose_waits_for_what_is_always_restarted(
    host: Host, version: str, ends: bool
) -> None:
    faults.write(Fault("compose", {"version": version}), host.faults)
    up = f"{IN_PROJECT}timeout {20 if ends else 2} docker compose up --exit-code-from ends ends"
    assert (host.run(up, check=False).returncode == 0) is ends
    assert compose(host, "version --short").stdout == f"{version}\n"

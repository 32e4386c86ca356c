"""The engine of the container stand-in: stopped, killed, and begun again, as Docker's is."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from lab.openvidu.testing.world import Host

pytestmark = [pytest.mark.lab, pytest.mark.xdist_group("openvidu-docker")]

PROJECT = """\
services:
    always:
        image: docker.elastic.co/beats/filebeat-oss:1
        restart: always
    unless-stopped:
        image: docker.elastic.co/beats/filebeat-oss:1
        restart: unless-stopped
    never:
        image: docker.elastic.co/beats/filebeat-oss:1
"""
LIMIT_SECONDS = 30


@pytest.fixture
def host(project_host: Host) -> Iterator[Host]:
    """A machine whose three containers run."""
    compose(project_host, "up -d")
    wait_for(project_host, "always", "unless-stopped", "never")
    yield project_host
    project_host.run("systemctl start docker")
    compose(project_host, "down")


def compose(host: Host, command: str) -> str:
    return host.run(f"cd /srv/project && docker compose {command}").stdout


def running(host: Host) -> set[str]:
    return set(compose(host, "ps --services --status running").split())


def wait_for(host: Host, *services: str) -> None:
    deadline = time.monotonic() + LIMIT_SECONDS
    while running(host) != set(services):
        assert time.monotonic() < deadline, running(host)
        time.sleep(0.1)


def processes(host: Host) -> set[str]:
    """The ids of the containers' processes."""
    ids = host.run("docker ps -q | xargs docker inspect --format '{{.State.Pid}}'").stdout
    return set(ids.split())


def alive(host: Host, ids: set[str]) -> bool:
    """Whether any of these processes is there."""
    return bool(host.run(f"ls -d {' '.join(f'/proc/{one}' for one in ids)} || :").stdout)


def test_without_it_nothing_is_answered_and_nothing_runs(host: Host) -> None:
    before = processes(host)
    assert alive(host, before)
    host.run("systemctl stop docker")
    for command in ("docker ps", "cd /srv/project && docker compose up -d"):
        refused = host.run(command, check=False)
        assert refused.returncode == 1
        assert "Is the docker daemon running?" in refused.stderr
    assert host.run("docker --version").stdout.startswith("Docker version")
    assert not alive(host, before)


def test_it_starts_again_what_nobody_stopped_by_hand(host: Host) -> None:
    host.run("systemctl restart docker")
    wait_for(host, "always", "unless-stopped")
    compose(host, "stop unless-stopped")
    host.run("systemctl restart docker")
    wait_for(host, "always")


def test_what_runs_outlives_its_death_and_it_comes_back(host: Host) -> None:
    before = processes(host)
    host.run("pkill -9 -f lab.openvidu.docker.engine")
    host.run(f"timeout {LIMIT_SECONDS} sh -c 'until docker ps; do sleep 0.1; done'")
    assert processes(host) == before

"""The program's scripts on machines that differ from Ubuntu's image in packages or language."""

from __future__ import annotations

import itertools
import subprocess

import pytest

from components.membership_program import bundle
from components.remote import fields, text_of
from lab.cloud.host_like import DEBIAN, DOCKER_CE, USUAL, HostLike
from lab.openvidu.testing.world import Host, World
from openvidu import compose
from openvidu.release import NODE

pytestmark = [pytest.mark.lab, pytest.mark.xdist_group("openvidu-kinds-of-hosts")]

FOUND = "/var/lib/openvidu-host-as-found"
GERMAN = {"LANG": "de_DE.UTF-8"}
INSTALL = fields(
    {
        "INSTALL": "true",
        "FOLDER": NODE.folder,
        **compose.told(NODE, "2.30.0"),
        "COMPOSE_URL": "https://mirror.example.io/docker-compose",
        "COMPOSE_SHA256": "0" * 64,
    }
)
_NUMBERS = itertools.count(20)


def new_host(world: World, like: HostLike = USUAL) -> Host:
    number = next(_NUMBERS)
    host = world.host(f"kind-{number}", f"10.5.0.{number}", like)
    host.run(f"mkdir -p {FOUND} /home/owner")
    host.boot()
    return host


def run_script(host: Host, name: str, stdin: str) -> subprocess.CompletedProcess[str]:
    """Run a script in its owner's home and language, as the program does; it may fail."""
    return host.run(
        f"cd /home/owner && exec bash -s {name}",
        stdin="{\n" + text_of(name) + "\nexit\n}\n" + stdin,
        environment=GERMAN,
        check=False,
    )


def noted(host: Host, file: str) -> list[str]:
    return host.run(f"cat {FOUND}/{file}").stdout.split()


def test_debian_gets_its_own_packages_of_docker(world: World) -> None:
    host = new_host(world, HostLike(release=DEBIAN))
    done = run_script(host, "install-docker.sh", INSTALL)
    assert done.returncode == 0, done.stderr
    packages = ["docker.io", "docker-cli", "docker-compose"]
    assert noted(host, "packages") == packages
    assert sorted(noted(host, "held")) == sorted(packages)


def test_dockers_own_docker_stays_with_what_runs_on_it(world: World) -> None:
    host = new_host(world, HostLike(docker=DOCKER_CE))
    host.run("docker run --detach --name theirs docker.elastic.co/beats/filebeat-oss:1")
    before = host.run("docker inspect --format '{{.State.Pid}}' theirs").stdout
    done = run_script(host, "install-docker.sh", INSTALL)
    assert done.returncode == 0, done.stderr
    assert noted(host, "packages") == ["docker-compose-plugin"]
    assert host.run("docker inspect --format '{{.State.Pid}}' theirs").stdout == before


def test_dockers_own_docker_stays_where_it_does_not_answer(world: World) -> None:
    host = new_host(world, HostLike(docker=DOCKER_CE))
    host.run("systemctl stop docker")
    refused = run_script(host, "install-docker.sh", INSTALL)
    assert refused.returncode == 1
    assert "Docker is installed on this machine, but doesn't answer" in refused.stderr
    assert "Installed: (none)" not in host.run("apt-cache policy docker-ce").stdout


def test_a_script_of_the_owners_is_no_module_and_their_language_no_hindrance(world: World) -> None:
    host = new_host(world)
    host.run("apt-get install -y python3-httpx python3-redis && touch /home/owner/boto3.py")
    told = {"ADDRESS": host.ip, "FOLDER": NODE.folder}
    looked = run_script(host, "inspect-host.sh", fields(told)).stdout.splitlines()
    put = run_script(host, "put-membership-program.sh", fields({"KEEP": "false"}) + bundle())
    assert put.returncode == 0, put.stderr
    assert {"memoryMib=16384", "python=no"} <= set(looked)
    assert noted(host, "packages") == ["python3-boto3"]

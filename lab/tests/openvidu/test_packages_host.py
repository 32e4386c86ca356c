"""The `apt-get` stand-in, on hosts that have just been made."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import pytest

from lab.openvidu.testing.world import Host, World

pytestmark = [pytest.mark.lab, pytest.mark.xdist_group("openvidu-packages")]

_NUMBERS = itertools.count(20)


@pytest.fixture
def host(world: World) -> Iterator[Host]:
    """A host of the test's own: no test sees what another installed."""
    number = next(_NUMBERS)
    host = world.host(f"fresh-{number}", f"10.5.0.{number}")
    yield host
    host.crash()


@pytest.fixture
def docker_host(host: Host) -> Host:
    """A host with Docker."""
    host.run("apt-get install --yes docker.io")
    return host


def test_docker_is_not_there_at_first(host: Host) -> None:
    assert host.run("command -v docker || command -v docker-compose", check=False).returncode == 1


def test_compose_comes_with_its_own_package(host: Host) -> None:
    host.run("apt-get -o DPkg::Lock::Timeout=60 install --yes docker.io")
    assert host.run("docker info", check=False).returncode == 0
    without = host.run("docker compose version", check=False)
    host.run("apt-get install --yes docker-compose-v2")
    with_it = host.run("docker compose version --short", check=False)
    assert "'compose' is not a docker command" in without.stderr
    assert (without.returncode, with_it.returncode) == (1, 0)


def test_a_package_of_the_machine_is_the_newest(host: Host) -> None:
    assert "curl is already the newest version." in host.run("apt-get install -y curl").stdout


def test_another_package_is_not_to_be_had(host: Host) -> None:
    done = host.run("apt-get install -y cowsay-nonexistent", check=False)
    assert done.returncode == 100
    assert "E: Unable to locate package cowsay-nonexistent" in done.stderr


@pytest.mark.parametrize(
    ("held", "words"),
    [("lists", "update"), ("lists", "update --quiet"), ("archives", "install -y docker.io")],
)
def test_nobody_gets_at_what_another_has_locked(host: Host, held: str, words: str) -> None:
    folder = {"lists": "/var/lib/apt/lists", "archives": "/var/cache/apt/archives"}[held]
    lock = f"import fcntl, time; f = open('{folder}/lock', 'a'); fcntl.lockf(f, fcntl.LOCK_EX)"
    holder = host.spawn(["python3", "-c", f"{lock}; print('held', flush=True); time.sleep(600)"])
    assert holder.stdout
    assert holder.stdout.readline() == "held\n"
    done = host.run(f"apt-get {words}", check=False)
    assert done.returncode == 100
    assert f"E: Could not get lock {folder}/lock" in done.stderr
    host.run("pkill --full fcntl.LOCK_EX")
    holder.wait(10)
    host.run(f"apt-get {words}")


def test_the_machines_python_gets_its_modules(host: Host) -> None:
    host.run("apt-get install -y python3-httpx python3-redis && python3 -c 'import httpx, redis'")


def test_nothing_is_to_be_had_without_a_way_out(docker_host: Host) -> None:
    docker_host.run("ip route del default")
    update = docker_host.run("apt-get update", check=False)
    pull = docker_host.run("docker pull redis:7.0.8-alpine", check=False)
    assert "Could not connect" in update.stdout
    assert pull.returncode == 1
    docker_host.run("ip route add default via 10.5.0.1")
    assert docker_host.run("docker pull redis:7.0.8-alpine").returncode == 0


def test_the_commands_are_for_root_only(docker_host: Host) -> None:
    docker = docker_host.run("setpriv --reuid 65534 docker ps", check=False)
    packages = docker_host.run("setpriv --reuid 65534 apt-get install -y curl", check=False)
    assert "permission denied" in docker.stderr
    assert "are you root?" in packages.stderr
    assert (docker.returncode, packages.returncode) == (1, 100)


def test_an_unknown_image_is_not_to_be_had(docker_host: Host) -> None:
    done = docker_host.run("docker pull nobody/nothing:1", check=False)
    assert done.returncode == 1
    assert "pull access denied for nobody/nothing" in done.stderr

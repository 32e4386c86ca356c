from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from lab.openvidu.testing.cluster import Cluster
from lab.openvidu.testing.world import Host, World


@pytest.fixture(scope="module")
def running_cluster(
    tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest
) -> Iterator[Cluster]:
    """A base, and the nodes that the module names in NODES; started once a module."""
    if os.geteuid() != 0:
        pytest.skip("hosts of these tests are namespaces made by root")
    made = Cluster.start(tmp_path_factory.mktemp("world"), *request.module.NODES)
    yield made
    made.close()


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """A network with a mirror."""
    if os.geteuid() != 0:
        pytest.skip("hosts of these tests are namespaces made by root")
    world = World(tmp_path_factory.mktemp("world"))
    yield world
    world.close()


@pytest.fixture(scope="module")
def project_host(world: World, request: pytest.FixtureRequest) -> Host:
    """A machine with Docker, and the Compose project that the module has as PROJECT."""
    host = world.host("machine", "10.5.0.9")
    host.run("apt-get install -y docker.io docker-compose-v2 && mkdir -p /srv/project")
    (host.root / "srv/project/docker-compose.yml").write_text(request.module.PROJECT)
    return host


@pytest.fixture
def cluster(running_cluster: Cluster) -> Iterator[Cluster]:
    """The module's cluster; faults that a test set end with it."""
    yield running_cluster
    hosts = [running_cluster.base, *running_cluster.nodes.values()]
    folders: list[Path] = [running_cluster.world.faults, *(host.faults for host in hosts)]
    for folder in folders:
        for file in folder.glob("*") if folder.exists() else ():
            file.unlink()

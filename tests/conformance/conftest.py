"""One host with the stand-in and one with the engine, for all of the suite's tests."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from lab.openvidu import faults
from lab.openvidu.faults import Fault
from lab.openvidu.testing.world import World
from tests.conformance.machines import EngineHost, Machine, engine, lacking, stand_in

BEFORE, AFTER = "2.26.1", "5.5.1"
"""Composes of before and after 2.39, which changed what an exit is."""


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """A network for the hosts."""
    if os.geteuid() != 0:
        pytest.skip("CONFORMANCE NOT TESTED: its hosts are namespaces made by root")
    world = World(tmp_path_factory.mktemp("world"))
    yield world
    world.close()


@pytest.fixture(scope="session")
def engine_host(world: World) -> EngineHost:
    """The host with Docker itself."""
    if missing := lacking():
        pytest.skip(f"CONFORMANCE NOT TESTED: {missing} is missing; ./run test installs it")
    try:
        return world.add(EngineHost(world, "engine", "10.5.0.21"))
    except TimeoutError as error:
        pytest.skip(f"CONFORMANCE NOT TESTED: Docker doesn't run on this machine: {error}")


@pytest.fixture(scope="session")
def stand_in_machine(world: World) -> Machine:
    """The host with the stand-in."""
    return stand_in(world)


@pytest.fixture(params=["stand-in", BEFORE, AFTER])
def machine(request: pytest.FixtureRequest) -> Iterator[Machine]:
    """A machine with the stand-in, and one with Docker and each Compose."""
    name, _, version = request.param.partition(" of ")
    if name == "stand-in":
        machine: Machine = request.getfixturevalue("stand_in_machine")
        faults.clear(folder=machine.host.faults)
        if version:
            faults.write(Fault("compose", {"version": version}), machine.host.faults)
    else:
        machine = engine(request.getfixturevalue("engine_host"), request.param)
    yield machine
    machine.clear()

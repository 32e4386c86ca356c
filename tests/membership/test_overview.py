"""What a preview gets to know, and which nodes the next update brings back."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from membership.answers import Answers, Call, Health, Silent, Unknown, Unreachable
from membership.overview import overview
from membership.registry import Phase
from openvidu.api import WAITING_IDLE_TO_TERMINATE
from tests.membership.worlds import BUSY, NODE, OTHER, Listed, scene

LISTED: Listed = [BUSY, OTHER]
DRAINING: Listed = [replace(BUSY, status=WAITING_IDLE_TO_TERMINATE), OTHER]


def test_calls_and_participants_are_counted(tmp_path: Path) -> None:
    world = scene(tmp_path, [(LISTED, Answers(200))])
    world.cluster.own_calls = [Call("call-1", BUSY.id, 3, 100), Call("call-2", BUSY.id, 2, 50)]
    found = overview(world.world)
    assert found[NODE.ip]["calls"] == 2
    assert found[NODE.ip]["participants"] == 5
    assert found[NODE.ip]["oldest"] == 50
    assert found["10.5.0.6"]["calls"] == 0


def test_who_is_on_a_node_is_told_by_session(tmp_path: Path) -> None:
    world = scene(tmp_path, [(LISTED, Answers(200))])
    world.cluster.own_calls = [Call("call-1", BUSY.id, 3, 100), Call("call-9", OTHER.id, 2, 50)]
    found = overview(world.world)
    assert found[NODE.ip]["sessions"] == [{"id": "call-1", "participants": 3, "created": 100}]
    assert [one["id"] for one in found["10.5.0.6"]["sessions"]] == ["call-9"]


def test_load_is_the_cluster_s_own_figure(tmp_path: Path) -> None:
    world = scene(tmp_path, [([replace(BUSY, load=41.5), OTHER], Answers(200))])
    found = overview(world.world)
    assert found[NODE.ip]["load"] == 41.5
    assert found["10.5.0.6"]["load"] is None


def test_what_cannot_be_asked_is_not_zero(tmp_path: Path) -> None:
    world = scene(tmp_path, [(Unknown("502"), Answers(200))])
    found = overview(world.world)[NODE.ip]
    assert found["calls"] is None
    assert found["sessions"] is None
    assert found["inService"]


@pytest.mark.parametrize(
    ("listed", "health", "changes"),
    [
        (DRAINING, Answers(200), {}),
        (LISTED, Silent(), {}),
        (LISTED, Answers(200), {"phase": Phase.DRAINING}),
        (LISTED, Answers(200), {"phase": Phase.LEFT}),
        (LISTED, Answers(200), {"leaving": True}),
    ],
)
def test_a_node_out_of_service_gets_the_next_generation(
    tmp_path: Path, listed: Listed, health: Health, changes: dict[str, Any]
) -> None:
    world = scene(tmp_path, [(listed, health)])
    world.record(2, generation=4, **changes)
    assert overview(world.world)[NODE.ip]["generation"] == 5
    assert not overview(world.world)[NODE.ip]["inService"]


def test_a_node_in_service_keeps_its_generation(tmp_path: Path) -> None:
    world = scene(tmp_path, [(LISTED, Answers(200))])
    world.record(2, generation=4)
    assert overview(world.world)[NODE.ip]["generation"] == 4


def test_an_address_that_nginx_has_lost_is_out_of_service(tmp_path: Path) -> None:
    world = scene(tmp_path, [(LISTED, Answers(200))])
    world.load_balancer.node_ips = ("10.5.0.6",)
    assert not overview(world.world)[NODE.ip]["inService"]


@pytest.mark.parametrize("health", [Unreachable("no route to host"), Unknown("no answer in time")])
def test_a_node_that_is_not_seen_nor_listed_may_carry_calls(tmp_path: Path, health: Health) -> None:
    world = scene(tmp_path, [([OTHER], health)])
    world.cluster.own_calls = []
    found = overview(world.world)[NODE.ip]
    assert (found["calls"], found["participants"], found["sessions"]) == (None, None, None)
    assert found["inService"] is None


@pytest.mark.parametrize(
    ("health", "phase"),
    [
        (Silent(), Phase.SERVING),
        (Unreachable("no route to host"), Phase.LEFT),
        (Answers(200), Phase.STARTING),
    ],
)
def test_a_node_that_is_out_carries_none(tmp_path: Path, health: Health, phase: Phase) -> None:
    world = scene(tmp_path, [([OTHER], health)])
    world.cluster.own_calls = []
    world.record(2, phase=phase)
    assert overview(world.world)[NODE.ip]["calls"] == 0

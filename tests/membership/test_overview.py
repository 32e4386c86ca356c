"""What a preview gets to know, and which nodes the next update brings back."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from pathlib import Path
from threading import Barrier
from types import SimpleNamespace
from typing import Any

import pytest

from components.cluster_observation import LIMIT_SECONDS, ClusterObservation, parse
from membership import main as program
from membership.answers import Answers, Call, Health, Silent, Unknown, Unreachable
from membership.configuration_change import Files
from membership.overview import overview
from membership.registry import Phase
from openvidu.api import WAITING_IDLE_TO_TERMINATE
from tests.membership.worlds import BUSY, NODE, OTHER, Listed, Scene, scene

LISTED: Listed = [BUSY, OTHER]
DRAINING: Listed = [replace(BUSY, status=WAITING_IDLE_TO_TERMINATE), OTHER]


def looked(folder: Path, looks: list[tuple[Listed, Health]]) -> Scene:
    """A cluster that shows one look, whatever is asked first."""
    made = scene(folder, looks)
    made.cluster.media_nodes()
    return made


def test_calls_and_participants_are_counted(tmp_path: Path) -> None:
    context = looked(tmp_path, [(LISTED, Answers(200))])
    context.cluster.own_calls = [Call("call-1", BUSY.id, 3, 100), Call("call-2", BUSY.id, 2, 50)]
    found = overview(context.context)
    assert found[NODE.ip]["calls"] == 2
    assert found[NODE.ip]["participants"] == 5
    assert found[NODE.ip]["oldest"] == 50
    assert found["10.5.0.6"]["calls"] == 0


def test_who_is_on_a_node_is_told_by_session(tmp_path: Path) -> None:
    context = looked(tmp_path, [(LISTED, Answers(200))])
    context.cluster.own_calls = [Call("call-1", BUSY.id, 3, 100), Call("call-9", OTHER.id, 2, 50)]
    found = overview(context.context)
    assert found[NODE.ip]["sessions"] == [{"id": "call-1", "participants": 3, "created": 100}]
    assert [one["id"] for one in found["10.5.0.6"]["sessions"]] == ["call-9"]


def test_calls_that_the_cluster_has_forgotten_are_told_by_their_node(tmp_path: Path) -> None:
    context = looked(tmp_path, [([replace(BUSY, sessions=()), OTHER], Answers(200))])
    known = Call("call-1", BUSY.id, 3, 100)
    context.cluster.own_calls = [known]
    context.cluster.servers[NODE.ip] = [known, Call("call-2", "", 2, 50)]
    found = overview(context.context)
    assert (found[NODE.ip]["calls"], found[NODE.ip]["participants"]) == (2, 5)
    assert found["10.5.0.6"]["calls"] == 0


def test_a_node_that_is_not_listed_tells_its_calls_itself(tmp_path: Path) -> None:
    context = looked(tmp_path, [(Unknown("502"), Silent())])
    context.cluster.servers[NODE.ip] = [Call("call-1", "", 3, 100)]
    assert overview(context.context)[NODE.ip]["calls"] == 1


def test_load_is_the_cluster_s_own_figure(tmp_path: Path) -> None:
    context = looked(tmp_path, [([replace(BUSY, load=41.5), OTHER], Answers(200))])
    found = overview(context.context)
    assert found[NODE.ip]["load"] == 41.5
    assert found["10.5.0.6"]["load"] is None


def test_what_cannot_be_asked_is_not_zero(tmp_path: Path) -> None:
    context = looked(tmp_path, [(Unknown("502"), Answers(200))])
    found = overview(context.context)[NODE.ip]
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
    context = looked(tmp_path, [(listed, health)])
    context.record(2, generation=4, **changes)
    assert overview(context.context)[NODE.ip]["generation"] == 5
    assert not overview(context.context)[NODE.ip]["inService"]


def test_a_node_in_service_keeps_its_generation(tmp_path: Path) -> None:
    context = looked(tmp_path, [(LISTED, Answers(200))])
    context.record(2, generation=4)
    assert overview(context.context)[NODE.ip]["generation"] == 4


def test_since_when_a_node_is_in_its_phase_is_told_and_nothing_of_one_unknown(
    tmp_path: Path,
) -> None:
    context = looked(tmp_path, [(LISTED, Answers(200))])
    context.record(2, phase=Phase.DRAINING, since=1234.5)
    found = overview(context.context)
    assert found[NODE.ip]["since"] == 1234.5
    context.registry.change(NODE.ip, lambda _: None)
    assert overview(context.context)[NODE.ip]["since"] is None


def test_an_address_that_nginx_has_lost_is_out_of_service(tmp_path: Path) -> None:
    context = looked(tmp_path, [(LISTED, Answers(200))])
    context.load_balancer.node_ips = ("10.5.0.6",)
    assert not overview(context.context)[NODE.ip]["inService"]


@pytest.mark.parametrize(
    ("health", "phase", "in_service"),
    [
        (Unreachable("no route to host"), Phase.SERVING, None),
        (Unknown("no answer in time"), Phase.SERVING, None),
        (Silent(), Phase.SERVING, False),
        (Silent(), Phase.STARTING, False),
        (Answers(200), Phase.STARTING, False),
        (Answers(200), Phase.LEFT, False),
    ],
)
def test_a_node_that_is_not_listed_may_carry_calls(
    tmp_path: Path, health: Health, phase: Phase, in_service: bool | None
) -> None:
    context = looked(tmp_path, [([OTHER], health)])
    context.cluster.own_calls = []
    context.record(2, phase=phase)
    found = overview(context.context)[NODE.ip]
    assert (found["calls"], found["participants"], found["sessions"]) == (None, None, None)
    assert found["inService"] is in_service


@pytest.mark.parametrize("health", [Silent(), Unreachable("no route to host")])
def test_a_node_that_has_left_carries_none(tmp_path: Path, health: Health) -> None:
    context = looked(tmp_path, [([OTHER], health)])
    context.cluster.own_calls = []
    context.record(2, phase=Phase.LEFT)
    assert overview(context.context)[NODE.ip]["calls"] == 0


def starting_outside(folder: Path, listed: Listed, health: Health) -> Scene:
    """A node that hasn't joined: what the cluster lists, and what its port does."""
    context = looked(folder, [(listed, health)])
    context.cluster.own_calls = []
    context.record(2, phase=Phase.STARTING)
    context.load_balancer.node_ips = ("10.5.0.6",)
    return context


def test_a_node_that_has_not_begun_carries_none(tmp_path: Path) -> None:
    context = starting_outside(tmp_path, [OTHER], Silent())
    found = overview(context.context)[NODE.ip]
    assert (found["calls"], found["participants"], found["sessions"]) == (0, 0, [])
    assert found["inService"] is False


@pytest.mark.parametrize(
    ("listed", "health"),
    [
        (Unknown("502"), Silent()),
        ([OTHER], Answers(200)),
        ([OTHER], Unreachable("no route to host")),
        ([OTHER], Unknown("no answer in time")),
    ],
)
def test_a_node_that_may_have_begun_may_carry_calls(
    tmp_path: Path, listed: Listed, health: Health
) -> None:
    context = starting_outside(tmp_path, listed, health)
    assert overview(context.context)[NODE.ip]["calls"] is None


@dataclass
class Together:
    """A cluster and a bucket that answer once everything was asked."""

    everything: Barrier

    def media_nodes(self) -> Listed:
        self.everything.wait()
        return LISTED

    def calls(self) -> list[Call]:
        self.everything.wait()
        return []

    def calls_at(self, ip: str) -> list[Call]:
        self.everything.wait()
        return []

    def health(self, ip: str) -> Health:
        self.everything.wait()
        return Answers(200)

    def report(self) -> dict[str, Any]:
        self.everything.wait()
        return {"clusterStatus": "UP", "nodes": {}}

    def configuration(self) -> dict[str, str] | None:
        self.everything.wait()
        return None


def test_a_look_asks_everything_at_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    made = scene(tmp_path, [])
    together = Together(Barrier(2 * len(made.load_balancer.node_ips) + 4, timeout=10))
    made.cluster = together  # type: ignore[assignment]
    files = Files(tmp_path / "wanted", tmp_path / "set")
    task = SimpleNamespace(context=made.context, bucket=together, files=files)
    program._show(task)  # type: ignore[arg-type]
    found = json.loads(capsys.readouterr().out)
    assert found["nodes"][NODE.ip]["inService"]
    assert (found["health"]["clusterStatus"], found["drift"]) == ("UP", [])


def test_a_master_s_overview_is_read_as_a_cluster_s(capsys: pytest.CaptureFixture[str]) -> None:
    master = SimpleNamespace(report=lambda: {"clusterStatus": "UP"}, calls=lambda: [])
    task = SimpleNamespace(context=SimpleNamespace(cluster=master))
    program._show_master(task)  # type: ignore[arg-type]
    assert parse(capsys.readouterr().out) == ClusterObservation()


def test_a_look_waits_for_the_proxy_of_a_cluster_with_lost_nodes_and_is_waited_for() -> None:
    assert program.OVERVIEW_TIMEOUT_SECONDS > 6.1
    logging_in = 10
    assert 2 * program.OVERVIEW_TIMEOUT_SECONDS + logging_in < LIMIT_SECONDS

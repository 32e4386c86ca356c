"""An update that began without the base's answer doesn't end well without it."""

from __future__ import annotations

import pulumi
import pytest

from components import cluster_observation
from components.cluster_observation import ClusterObservation, Overview, Unseen
from components.last_look import SilentError, wait_for_answer
from components.previous_state import PreviousState
from tests.program.test_cluster import deploy

SILENT = Unseen("Connection timed out")
CLOSED = ClusterObservation(is_open=False)
SHAPES = pytest.mark.parametrize(("shape", "main"), [("ha", "base"), ("single-master", "master")])


def waited(*answers: Overview, serves: bool = False) -> str:
    """What comes of these answers, of which the last is given again and again."""
    left = list(answers)
    return wait_for_answer(
        lambda: left.pop(0) if left[1:] else left[0],
        lambda: serves,
        seconds=60,
        sleep=lambda _: None,
    )


def test_who_answers_in_time_is_well() -> None:
    assert waited(ClusterObservation()) == ""
    assert waited(SILENT, CLOSED, ClusterObservation()) == ""


def test_who_gives_no_answer_is_told_with_the_reason() -> None:
    assert waited(SILENT) == "Connection timed out"
    assert waited(CLOSED) == "there is no connection to the API's port"


def test_where_users_are_answered_only_the_way_over_ssh_is_closed() -> None:
    assert waited(SILENT, serves=True) == ""
    # The base itself says that there is no connection.
    assert waited(CLOSED, serves=True) != ""


@pytest.fixture
def deployed_and_silent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        "components.first_look.deployed", lambda: PreviousState("203.0.113.10", "ssh-ed25519 AAAA")
    )
    monkeypatch.setattr("components.last_look.wait_for_answer", lambda *_: "Connection timed out")


@pytest.mark.usefixtures("deployed_and_silent")
@pytest.mark.parametrize("seen", [SILENT, CLOSED])
@SHAPES
def test_an_update_that_ends_with_a_dead_base_or_master_fails(
    shape: str, main: str, seen: Overview, config: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cluster_observation, "ask", lambda *_: seen)
    with pytest.raises(SilentError, match=rf"Next: uv run openvidu-enterprise repair {main}"):
        deploy({**config, "shape": shape})


@pytest.mark.usefixtures("deployed_and_silent")
@SHAPES
def test_a_preview_and_an_update_that_was_answered_look_no_more(
    shape: str, main: str, config: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    config |= {"shape": shape}
    monkeypatch.setattr(cluster_observation, "ask", lambda *_: ClusterObservation())
    deploy(config)
    monkeypatch.setattr(cluster_observation, "ask", lambda *_: SILENT)
    monkeypatch.setattr(pulumi.runtime, "is_dry_run", lambda: True)
    deploy(config)

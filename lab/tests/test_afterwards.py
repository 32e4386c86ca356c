"""What an update in a lab ends with: how OpenVidu is, and what to type next."""

from __future__ import annotations

from typing import Any

import pytest

from lab.cli import afterwards, show, words
from lab.status import Status

OUTPUTS = {"callUrl": "https://openvidu.example.io/"}


def config(**values: Any) -> dict[str, dict[str, Any]]:
    return {f"openvidu-enterprise:{key}": {"value": value} for key, value in values.items()}


def test_it_ends_with_where_to_look_and_how_to_scale() -> None:
    assert [typed for typed, _ in afterwards.after_up(OUTPUTS, 3)] == [
        "uv run lab curl https://openvidu.example.io/",
        "uv run lab status",
        "uv run lab scale 3",
        "uv run lab run -- bash",
    ]


def test_without_a_page_and_nodes_it_names_neither() -> None:
    typed = [typed for typed, _ in afterwards.after_up({}, None)]
    assert typed == ["uv run lab status", "uv run lab run -- bash"]


@pytest.mark.parametrize(
    ("given", "count"),
    [
        (config(nodeCount="2", machines="aws"), 3),
        (config(nodeCount="2", shape="single-master"), None),
        (config(machines="aws"), None),
    ],
)
def test_a_node_more_is_proposed_where_there_can_be_one(
    given: dict[str, dict[str, Any]], count: int | None
) -> None:
    assert afterwards.another_count(given) == count


@pytest.mark.parametrize(("nodes", "count"), [("1", 2), ("2", 3), ("3", 2)])
def test_on_existing_machines_it_is_what_they_suffice_for(nodes: str, count: int) -> None:
    given = config(nodeCount=nodes, machines="existing")
    given["openvidu-enterprise:hosts"] = {"value": "[…]", "objectValue": [{}] * 4}
    assert afterwards.another_count(given) == count


def test_it_is_told_for_the_lab_that_was_asked(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(words, "lab", "two")
    show.next_steps(afterwards.AFTER_DESTROY)
    assert capsys.readouterr().out == (
        "Next:\n"
        "  uv run lab --name two up     # deploys again\n"
        "  uv run lab --name two reset  # stops the lab and forgets it\n"
    )


@pytest.mark.parametrize(
    ("health", "said"),
    [
        (
            {
                "clusterStatus": "UNSTABLE",
                "nodes": {
                    "master_10.5.0.6": {"status": "UP"},
                    "master_10.5.0.7": {"status": "DOWN"},
                },
            },
            "OpenVidu is UNSTABLE: 10.5.0.6 UP, 10.5.0.7 DOWN\n\n",
        ),
        ({"status": "UP"}, "OpenVidu is UP\n\n"),
        ({}, "OpenVidu is silent\n\n"),
    ],
)
def test_health_is_a_line(
    health: dict[str, Any], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    show.health(Status(health, [], {}, {}))
    assert capsys.readouterr().out == said

"""The first update ends with what to do next; no other one, and no preview, says it."""

from __future__ import annotations

import json

import pulumi
import pytest

from components import cluster_observation, next_steps
from components.cluster_observation import ClusterObservation
from components.previous_state import PreviousState
from components.settings.read import read
from tests.program.conftest import SECRETS
from tests.program.test_cluster import deploy

KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIIiA0WvbJp2rEGZc0WZ9zWxIDTPTGgmXYFzKqXJ4Bq1r"


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    texts: list[str] = []
    monkeypatch.setattr(pulumi.log, "info", lambda text, _: texts.append(text))
    return texts


@pytest.mark.parametrize("shape", ["ha", "single-master"])
def test_the_first_update_tells_where_to_look_and_how_to_go_on(
    shape: str, config: dict[str, str], told: list[str]
) -> None:
    deploy({**config, "shape": shape})
    (text,) = told
    first, url, *typed = text.splitlines()
    assert first == "OpenVidu runs. Next:"
    assert url.split() == [
        "https://openvidu.example.io/",
        *["#", "open", "it:", "the", "first", "call"],
    ]
    commands = [line.partition("#")[0].strip() for line in typed]
    asked = ["uv run openvidu-enterprise status", "uv run openvidu-enterprise check-call"]
    scaled = ["pulumi config set nodeCount 3 && pulumi up"] if shape == "ha" else []
    assert commands == [*asked, *scaled]


def test_a_preview_tells_nothing(
    config: dict[str, str], told: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pulumi.runtime, "is_dry_run", lambda: True)
    deploy(config)
    assert told == []


def test_a_later_update_tells_nothing(
    config: dict[str, str], told: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    there = PreviousState("203.0.113.10", "ssh-ed25519 AAAA")
    monkeypatch.setattr("components.first_look.deployed", lambda: there)
    monkeypatch.setattr(cluster_observation, "ask", lambda *_: ClusterObservation())
    deploy(config)
    assert told == []


def test_where_no_host_is_left_no_node_is_to_be_added(config: dict[str, str]) -> None:
    hosts = [
        {"publicIp": f"203.0.113.{last}", "privateIp": f"10.5.0.{last}", "hostKey": KEY}
        for last in (5, 6)
    ]
    there = {**config, "machines": "existing", "nodeCount": "1", "hosts": json.dumps(hosts)}
    url = "https://openvidu.example.io/"
    assert "nodeCount" not in next_steps.text(read(there, SECRETS), url)
    aws = read({**config, "nodeCount": "1"}, SECRETS)
    assert "nodeCount 2" in next_steps.text(aws, url)

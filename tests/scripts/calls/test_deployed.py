"""What there is to call is what the state has, while an update goes on as well."""

from __future__ import annotations

import json
from typing import Any

import pytest

from openvidu import environment
from scripts import check_call
from scripts.calls.deployed import Deployed
from scripts.calls.stack import Node
from scripts.pulumi_cli import PulumiError

STACK = "pulumi:pulumi:Stack"
LOCAL = "command:local:Command"
URL = "https://openvidu.example.io/inspector/"


def resource(kind: str, name: str, **more: object) -> dict[str, Any]:
    return {"urn": f"urn:pulumi:dev::x::{kind}::{name}", "type": kind, **more}


def machine(name: str, prefix: str, host: str, **more: str) -> dict[str, Any]:
    way = {f"{prefix}_HOST": host, f"{prefix}_HOST_KEY": "ssh-ed25519 AAAA", "SSH_USER": "ubuntu"}
    return resource(LOCAL, name, inputs={"environment": {**way, **more}, "stdin": "a key"})


def node(number: int) -> dict[str, Any]:
    host = f"203.0.113.1{number}"
    return machine(f"node-{number}-membership", "NODE", host, NODE_IP=f"10.5.0.{5 + number}")


def listed(*numbers: int) -> list[dict[str, Any]]:
    return [
        {"name": f"node-{one}", "privateIp": f"10.5.0.{5 + one}", "publicIp": f"203.0.113.1{one}"}
        for one in numbers
    ]


def state(nodes: list[dict[str, Any]], *resources: dict[str, Any]) -> dict[str, Any]:
    secret = {"plaintext": json.dumps(f"{environment.OPENVIDU_SECRET}=a-secret\n")}
    return {
        "deployment": {
            "resources": [
                resource(STACK, "x", outputs={"inspectorUrl": URL, "nodes": nodes}),
                resource(LOCAL, "base-env", inputs={"stdin": secret}),
                machine("base-quiet", "BASE", "203.0.113.10"),
                *resources,
            ]
        }
    }


def test_a_node_that_leaves_has_its_name_still() -> None:
    """The outputs are those of the update from its beginning on."""
    deployed = Deployed.of(state(listed(1), node(2), node(1)))
    assert deployed.nodes == {
        "10.5.0.6": Node("node-1", "203.0.113.11"),
        "10.5.0.7": Node("node-2", "203.0.113.12"),
    }
    assert deployed.secret == "a-secret"


def test_a_node_that_has_not_joined_has_its_name_already() -> None:
    deployed = Deployed.of(state(listed(1, 2), node(1)))
    assert [one.name for one in deployed.nodes.values()] == ["node-1", "node-2"]


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("base", "base carries no calls itself: nodes do, which are node-1, node-2"),
        ("node-7", "no node of this stack is called 'node-7'; there are: node-1, node-2"),
    ],
)
def test_what_is_no_node_is_told_with_the_nodes_that_there_are(
    name: str, said: str, with_state: Any
) -> None:
    with pytest.raises(PulumiError) as refused:
        check_call.look(with_state(state(listed(1, 2), node(1), node(2))), name, [])
    assert str(refused.value).startswith(said)
    assert "Next: uv run openvidu-enterprise check-call node-1" in str(refused.value)


def test_a_master_is_called_as_a_whole(with_state: Any) -> None:
    exported = state([])
    exported["deployment"]["resources"][2] = machine("master-quiet", "BASE", "203.0.113.10")
    with pytest.raises(PulumiError, match="its media nodes have no names here"):
        check_call.look(with_state(exported), "master", [])


@pytest.fixture
def with_state() -> Any:
    """A `pulumi` of which the state alone is asked for."""

    class Pulumi:
        def __init__(self, exported: dict[str, Any]) -> None:
            self.export_state = lambda **_: exported

    return Pulumi

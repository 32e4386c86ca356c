"""The same resources without engine and program."""

from __future__ import annotations

import json
import threading
from typing import Any

from lab.bench import deployment
from lab.bench.bare_loop import create
from lab.bench.deployment import Created

SECRET = {
    "4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270",
    "plaintext": json.dumps("word"),
}


def state(name: str, kind: str, **more: Any) -> dict[str, Any]:
    return {"urn": f"urn::{name}", "custom": True, "type": kind, "id": f"{name}-old", **more}


EXPORTED = json.dumps(
    {
        "deployment": {
            "resources": [
                {"urn": "urn::stack", "type": "pulumi:pulumi:Stack"},
                state("default", "pulumi:providers:aws", inputs={"region": "eu-west-1"}),
                {"urn": "urn::cluster", "type": "openvidu-enterprise:index:Cluster"},
                state("vpc", "aws:ec2/vpc:Vpc", inputs={"cidr": "10.5.0.0/24"}, outputs={}),
                state(
                    "subnet",
                    "aws:ec2/subnet:Subnet",
                    inputs={"vpcId": "vpc-old"},
                    outputs={"arn": "arn:subnet-old"},
                    dependencies=["urn::vpc", "urn::cluster"],
                ),
                state(
                    "join",
                    "command:local:Command",
                    inputs={"stdin": SECRET, "environment": {"ARN": "arn:subnet-old"}},
                    dependencies=["urn::subnet"],
                ),
            ]
        }
    }
)


class Provider:
    """Creates in memory, with other ids than before."""

    def __init__(self) -> None:
        self.inputs: dict[str, Any] = {}
        self._lock = threading.Lock()

    def create(self, resource: Created, inputs: dict[str, Any]) -> tuple[str, Any]:
        name = resource.urn.removeprefix("urn::")
        with self._lock:
            self.inputs[name] = inputs
        return f"{name}-new", {"arn": f"arn:{name}-new"}


def test_a_deployed_stack_is_what_providers_made() -> None:
    deployed = deployment.read(EXPORTED)
    assert [one.urn for one in deployed.resources] == ["urn::vpc", "urn::subnet", "urn::join"]
    assert deployed.providers == {"aws": {"region": "eu-west-1"}}
    assert deployed.registered == 6


def test_dependencies_on_components_are_left_out() -> None:
    assert deployment.read(EXPORTED).dependencies["urn::subnet"] == ("urn::vpc",)


def test_inputs_refer_to_what_the_loop_has_created() -> None:
    aws, command = Provider(), Provider()
    create(deployment.read(EXPORTED), {"aws": aws, "command": command}, parallel=4)
    assert aws.inputs == {"vpc": {"cidr": "10.5.0.0/24"}, "subnet": {"vpcId": "vpc-new"}}
    assert command.inputs == {"join": {"stdin": "word", "environment": {"ARN": "arn:subnet-new"}}}

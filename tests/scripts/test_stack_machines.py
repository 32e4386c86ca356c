"""How machines are reached, as the state has it."""

from __future__ import annotations

import itertools
import json
from typing import Any

import pytest

from scripts.stack_machines import (
    instances_in,
    owners_in,
    standbys_in,
    there_in,
    unfinished_in,
)


def command(name: str, host_key: str, private_key: str) -> dict[str, Any]:
    variables = {
        "BASE_HOST": "203.0.113.5",
        "BASE_HOST_KEY": host_key,
        "SSH_USER": "ubuntu",
        "OPENVIDU_VERSION": "2.30.0",
    }
    return {
        "urn": f"urn:pulumi:dev::x::command:local:Command::{name}",
        "type": "command:local:Command",
        "inputs": {"environment": variables, "stdin": private_key},
    }


UPGRADE = command("base-upgrade", "of the machine that is gone", "of then")
QUIET = command("base-quiet", "of this one", "of now")


@pytest.mark.parametrize("resources", [*itertools.permutations([UPGRADE, QUIET])])
def test_the_base_is_reached_as_the_last_update_left_it(resources: tuple[Any, ...]) -> None:
    base = there_in({"deployment": {"resources": [*resources]}})["base"]
    assert base.variables["NODE_HOST_KEY"] == "of this one"
    assert base.private_key == "of now"
    assert base.version == "2.30.0"


def test_an_earlier_state_has_what_an_upgrade_knows_alone() -> None:
    base = there_in({"deployment": {"resources": [UPGRADE]}})["base"]
    assert base.private_key == "of then"


def host_key(name: str, found: str, **more: object) -> dict[str, Any]:
    made = command(name, "", "")
    return {**made, "inputs": {}, "outputs": {"stdout": found}, **more}


def test_a_machine_that_is_new_is_reached_after_an_update_that_failed_early() -> None:
    """What else knows the way is as the update before left it."""
    resources = [
        host_key("base-host-key", "of the new one"),
        host_key("base-host-key", "of one that is gone", delete=True),
        command("base-quiet", "of the old one", "of now"),
    ]
    base = there_in({"deployment": {"resources": resources}})["base"]
    assert base.variables["NODE_HOST_KEY"] == "of the new one"


def start(of: str, **more: object) -> dict[str, Any]:
    made = command("base-start", "", "")
    connection = {"plaintext": json.dumps({"hostKey": of})}
    return {**made, "inputs": {"connection": connection}, **more}


def start_by_ssm(of: str) -> dict[str, Any]:
    """pulumi-command knows no such way: a command here reaches the machine."""
    return {**start(""), "inputs": {"environment": {"NODE_HOST_KEY": of}}}


@pytest.mark.parametrize(
    ("starts", "unfinished"),
    [
        ([start("of now")], set()),
        ([start_by_ssm("of now")], set()),
        ([start_by_ssm("of the one before")], {"base"}),
        ([start("of the one before")], {"base"}),
        ([start("of now", pendingReplacement=True)], {"base"}),
        ([], {"base"}),
    ],
    ids=["started", "started by SSM", "made anew by SSM", "made anew", "failed", "never"],
)
def test_an_update_that_has_not_started_the_services_is_told_by_the_state(
    starts: list[dict[str, Any]], unfinished: set[str]
) -> None:
    resources = [host_key("base-host-key", "of now"), command("base-quiet", "", ""), *starts]
    assert unfinished_in({"deployment": {"resources": resources}}) == unfinished


def test_a_host_without_a_host_key_of_its_own_is_started_by_its_last_update() -> None:
    resources = [command("base-quiet", "", ""), start("that is configured")]
    assert unfinished_in({"deployment": {"resources": resources}}) == set()


def of_node(*parts: str) -> dict[str, Any]:
    variables = {"NODE_HOST": "203.0.113.8", "NODE_HOST_KEY": "its", "SSH_USER": "ubuntu"}
    made = [command(f"node-3-{part}", "", "key") for part in parts]
    for one in made:
        one["inputs"]["environment"] = variables
    return {"deployment": {"resources": made}}


def test_a_standby_is_no_machine_to_log_in_to_and_the_node_that_it_becomes_is() -> None:
    standby = of_node("upgrade", "roused", "asleep")
    assert (standbys_in(standby), there_in(standby)) == ({"node-3"}, {})
    # Until the end of the update both are there.
    node = of_node("upgrade", "roused", "asleep", "hold", "membership")
    assert standbys_in(node) == frozenset()
    assert set(there_in(node)) == {"node-3"}


def test_an_instance_that_was_taken_over_is_its_owners_to_stop() -> None:
    def instance(name: str) -> dict[str, Any]:
        kind = "aws:ec2/instance:Instance"
        return {"urn": f"urn:{kind}::{name}", "type": kind, "outputs": {"arn": f"arn of {name}"}}

    state = [instance("node-1-adopted-instance"), instance("node-2")]
    exported = {"deployment": {"resources": state}}
    found = {"node-1": "arn of node-1-adopted-instance", "node-2": "arn of node-2"}
    assert instances_in(exported) == found
    assert owners_in(exported) == {"node-1"}

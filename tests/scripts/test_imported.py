"""What was imported keeps the names that it has, and only data and machines stay protected."""

from __future__ import annotations

from typing import Any

from scripts.imported import settled
from scripts.left_behind import Json

GROUP = "aws:ec2/securityGroup:SecurityGroup"
VOLUME = "aws:ebs/volume:Volume"


def resource(type_: str, defaults: list[str] | None, **inputs: Any) -> Json:
    marks = {} if defaults is None else {"__defaults": defaults}
    urn = f"urn:pulumi:dev::openvidu-enterprise::{type_}::{type_.rpartition(':')[2]}"
    return {"urn": urn, "type": type_, "inputs": {**inputs, **marks}, "protect": True}


def test_a_name_that_pulumi_had_made_is_its_own_again() -> None:
    before = {"resources": [resource(GROUP, [], name="base-security-group-1a2b")]}
    after, changed = settled(before)
    (found,) = after["resources"]
    assert found["inputs"]["__defaults"] == ["name"]
    assert "protect" not in found
    assert changed == ["SecurityGroup"]
    assert before["resources"][0]["inputs"]["__defaults"] == []


def test_what_holds_data_stays_protected() -> None:
    after, changed = settled({"resources": [resource(VOLUME, [], size=100)]})
    assert after["resources"][0]["protect"] is True
    assert changed == []


def test_what_the_program_has_made_is_left_as_it_is() -> None:
    made = resource(GROUP, ["name", "revokeRulesOnDelete"], name="base-security-group-1a2b")
    component = resource("openvidu-enterprise:index:Cluster", None)
    before = {"resources": [made, component]}
    assert settled(before) == (before, [])


def test_once_is_enough() -> None:
    once, _ = settled({"resources": [resource(GROUP, [], name="base-security-group-1a2b")]})
    assert settled(once) == (once, [])


def test_machines_stay_protected_until_an_update_has_made_what_drains_them() -> None:
    kinds = ["instance:Instance", "eip:Eip", "networkInterface:NetworkInterface"]
    imported = [resource(f"aws:ec2/{kind}", []) for kind in kinds]
    after, _ = settled({"resources": imported})
    assert all(one["protect"] for one in after["resources"])


def test_what_holds_a_machine_knows_the_one_that_was_imported_in_its_place() -> None:
    """A state from before the node was replaced has the former one there."""
    urn = "urn:pulumi:dev::openvidu-enterprise::command:local:Command::node-2-hold"
    known = {
        "triggers": ["i-old"],
        "environment": {"NODE_IDENTITY": "i-old", "NODE_NAME": "node-2"},
    }
    held = {"urn": urn, "type": "command:local:Command", "inputs": known, "outputs": known}
    instance = resource("aws:ec2/instance:Instance", [])
    instance |= {"urn": instance["urn"].replace("::Instance", "::node-2"), "id": "i-new"}
    after, changed = settled({"resources": [held, instance]})
    assert changed == ["node-2-hold"]
    for part in ("inputs", "outputs"):
        found = after["resources"][0][part]
        assert found["triggers"] == ["i-new"]
        assert found["environment"] == {"NODE_IDENTITY": "i-new", "NODE_NAME": "node-2"}
    assert settled(after) == (after, [])

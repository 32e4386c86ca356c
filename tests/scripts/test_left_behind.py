"""What a killed update has made is found by its tags, and by nothing less."""

from __future__ import annotations

from typing import Any

import pytest

from scripts.adopt import told
from scripts.left_behind import Json, Tagged, match, names, repaired

URN = "urn:pulumi:dev::openvidu-enterprise::"
INSTANCE = "aws:ec2/instance:Instance"
ADDRESS = "aws:ec2/eip:Eip"
ROUTE = "aws:ec2/route:Route"
RULE = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"


def tags(name: str) -> dict[str, str]:
    return {"project": "openvidu-enterprise", "stack": "dev", "Name": name}


def resource(type_: str, name: str, **more: Any) -> Json:
    inputs = {"tags": {**tags(name), "role": "node"}}
    return {"urn": f"{URN}{type_}::{name}", "type": type_, "inputs": inputs, **more}


def state(*resources: Json, creating: tuple[Json, ...] = ()) -> Json:
    return {
        "resources": list(resources),
        "pending_operations": [{"resource": one, "type": "creating"} for one in creating],
    }


@pytest.mark.parametrize(
    ("type_", "id_"), [(INSTANCE, "i-1"), (ADDRESS, "eipalloc-1"), (RULE, "sgr-1")]
)
def test_what_was_made_is_adopted(type_: str, id_: str) -> None:
    node = resource(type_, "node-1")
    findings = match(state(creating=(node,)), [Tagged(id_, tags("node-1"))], {})
    assert findings.adopt == {node["urn"]: id_}
    assert (findings.forget, findings.strays) == ([], [])


@pytest.mark.parametrize(
    "other",
    [
        Tagged("i-2", tags("node-2")),
        Tagged("eni-1", tags("node-1")),
        Tagged("i-1", {**tags("node-1"), "stack": "prod"}),
    ],
)
def test_what_differs_in_name_type_or_stack_is_never_adopted(other: Tagged) -> None:
    node = resource(INSTANCE, "node-1")
    findings = match(state(creating=(node,)), [other], {})
    assert (findings.adopt, findings.forget) == ({}, [node["urn"]])
    assert findings.strays == [other]


def test_what_the_state_knows_is_no_stray() -> None:
    node = resource(INSTANCE, "node-1", id="i-1")
    key = resource("aws:ec2/keyPair:KeyPair", "key", id="a-name", outputs={"keyPairId": "key-1"})
    findings = match(state(node, key), [Tagged("i-1", tags("node-1")), Tagged("key-1", {})], {})
    assert not findings


def test_of_two_that_fit_none_is_adopted_and_both_are_named() -> None:
    two = [Tagged("eipalloc-1", tags("node-1")), Tagged("eipalloc-2", tags("node-1"))]
    findings = match(state(creating=(resource(ADDRESS, "node-1"),)), two, {})
    assert findings.adopt == {}
    assert findings.strays == two
    assert "node-1: the next update makes it, once those below" in told(findings)
    assert {stray.kind.remove for stray in two} == {"release-address --allocation-id"}


def test_what_a_later_update_made_anew_leaves_the_first_one_a_stray() -> None:
    new = resource(ADDRESS, "node-1", id="eipalloc-2")
    old = Tagged("eipalloc-1", tags("node-1"))
    findings = match(state(new, creating=(resource(ADDRESS, "node-1"),)), [old], {})
    assert (findings.adopt, findings.forget, findings.strays) == ({}, [new["urn"]], [old])
    assert "node-1: the state has it" in told(findings)
    assert "the next update makes it" not in told(findings)


def test_a_command_is_forgotten_because_it_may_run_again() -> None:
    command = resource("command:remote:Command", "node-1-install")
    assert match(state(creating=(command,)), [], {}).forget == [command["urn"]]


def test_what_cannot_be_looked_for_stays_pending() -> None:
    bucket = resource("aws:s3/bucket:Bucket", "recordings")
    before = state(creating=(bucket,))
    findings = match(before, [], {})
    assert findings.unknown == [bucket["urn"]]
    assert repaired(before, findings) == before


def test_what_has_no_tags_is_adopted_where_it_was_found() -> None:
    route = resource(ROUTE, "route-to-internet")
    before = state(creating=(route,))
    assert match(before, [], {route["urn"]: "r-rtb-11080289494"}).adopt == {
        route["urn"]: "r-rtb-11080289494"
    }
    assert match(before, [], {route["urn"]: ""}).forget == [route["urn"]]


def test_a_key_pair_is_known_to_pulumi_by_its_name() -> None:
    key = resource("aws:ec2/keyPair:KeyPair", "key")
    key["inputs"]["keyName"] = "key-3f2a"
    findings = match(state(creating=(key,)), [Tagged("key-1", tags("key"))], {})
    assert findings.adopt == {key["urn"]: "key-3f2a"}


def test_the_repaired_state_has_the_resource_and_no_note() -> None:
    node = resource(INSTANCE, "node-1")
    node["inputs"] |= {"options": [{"__defaults": [], "size": 1}], "__defaults": ["options"]}
    before = state(resource("pulumi:pulumi:Stack", "dev"), creating=(node,))
    after = repaired(before, match(before, [Tagged("i-1", tags("node-1"))], {}))
    outputs = {"tags": node["inputs"]["tags"], "options": [{"size": 1}]}
    assert after["resources"][-1] == {**node, "id": "i-1", "outputs": outputs}
    assert after["pending_operations"] == []
    assert len(before["resources"]) == 1


def test_a_replacement_takes_the_place_of_what_it_replaces() -> None:
    old = resource(INSTANCE, "node-1", id="i-0", pendingReplacement=True)
    command = resource("command:remote:Command", "node-1-install")
    before = state(old, command, creating=(resource(INSTANCE, "node-1"),))
    after = repaired(before, match(before, [Tagged("i-1", tags("node-1"))], {}))
    assert [one.get("id") for one in after["resources"]] == ["i-1", None]
    assert after["resources"][1] == command


def test_the_stack_is_told_by_its_names() -> None:
    assert names(state(resource(INSTANCE, "base"))) == ("openvidu-enterprise", "dev")
    assert names(state()) is None


def test_who_may_remove_a_machine_is_told_to_look_for_its_calls_first() -> None:
    known = resource(INSTANCE, "node-1", id="i-1")
    machine = match(state(known), [Tagged("i-2", tags("node-1"))], {})
    assert "terminate-instances --instance-ids i-2" in told(machine)
    assert "First: uv run openvidu-enterprise status" in told(machine)
    group = match(state(known), [Tagged("sg-2", tags("nodes"))], {})
    assert "openvidu-enterprise status" not in told(group)

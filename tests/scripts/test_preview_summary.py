"""What a preview means, from the JSON that the engine prints."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest

from components.settings.table import Settings
from scripts import preview_summary
from scripts.summary.changes import changes_in
from scripts.summary.costs import (
    Resource,
    cost,
    prices,
    resources_after,
    resources_in,
    without_standbys,
)

INSTANCE = "aws:ec2/instance:Instance"
LOCAL = "command:local:Command"
EU = prices("eu-west-1")
NODE = {"instanceType": "c5.2xlarge", "rootBlockDevice": {"volumeSize": 100}}


def urn(kind: str, name: str) -> str:
    return f"urn:pulumi:prod::openvidu-enterprise::openvidu-enterprise:index:Node${kind}::{name}"


def step(op: str, kind: str, name: str, **inputs: Any) -> dict[str, Any]:
    state = {"type": kind, "inputs": inputs}
    return {"op": op, "urn": urn(kind, name), "oldState": state, "newState": state}


def preview(*steps: Mapping[str, Any], **more: Any) -> dict[str, Any]:
    return {"steps": steps, "config": {"aws:region": "eu-west-1"}, "diagnostics": [], **more}


def state(*resources: tuple[str, str, Mapping[str, Any]]) -> dict[str, Any]:
    return {
        "deployment": {
            "resources": [
                {"urn": urn(kind, name), "type": kind, "inputs": inputs}
                for kind, name, inputs in resources
            ]
        }
    }


def test_what_is_imported_is_paid_for_already_and_told() -> None:
    taken = preview(step("import", INSTANCE, "node-1-adopted-instance"))
    assert resources_after({}, taken) == {}
    assert changes_in(taken).others == ["import node-1-adopted-instance"]


def test_nodes_are_told_by_their_memberships() -> None:
    found = changes_in(
        preview(
            step("create", LOCAL, "node-10-membership"),
            step("create", LOCAL, "node-3-membership"),
            step("create", LOCAL, "node-3-env"),
            step("delete", LOCAL, "node-2-membership"),
            step("delete", INSTANCE, "node-2"),
            step("replace", INSTANCE, "node-1"),
            step("same", LOCAL, "node-4-membership"),
            step("update", LOCAL, "base-upgrade"),
            step("update", LOCAL, "node-4-upgrade"),
            step("update", "command:remote:Command", "configuration"),
        )
    )
    assert found.added == ["node-3", "node-10"]
    assert found.drained == ["node-2"]
    assert found.replaced == ["node-1"]
    assert found.upgraded == ["base", "node-4"]
    assert found.others == ["update configuration"]
    assert any("Calls on node-1, node-2 go on to their end" in one for one in found.warnings)


def test_a_host_that_exists_is_replaced_with_its_membership() -> None:
    assert changes_in(preview(step("replace", LOCAL, "node-2-membership"))).replaced == ["node-2"]


def test_a_drain_that_may_cut_calls_is_told() -> None:
    leaves = step("delete", LOCAL, "node-2-membership")
    key = "openvidu-enterprise:forceAfterDrainTimeout"
    (told,) = changes_in(preview(leaves, config={key: "true"})).warnings
    assert "will be cut" in told


@pytest.mark.parametrize("main", ["base", "master"])
def test_calls_go_with_the_machine_that_has_their_signalling(main: str) -> None:
    (told,) = changes_in(preview(step("replace", INSTANCE, main))).warnings
    assert told.startswith(f"The {main} is replaced")
    assert "every call is cut" in told


def test_data_that_would_be_lost_is_the_first_warning() -> None:
    said = [{"severity": "warning", "message": "warning: Choose a quiet moment."}]
    lost = step("replace", "aws:ebs/volume:Volume", "base-data")
    first, _ = changes_in(preview(lost, diagnostics=said)).warnings
    assert first == "base-data is replaced by an empty volume: the data on it is lost."


def test_calls_outlive_a_bastion() -> None:
    (told,) = changes_in(preview(step("replace", INSTANCE, "bastion"))).warnings
    assert "calls go on" in told


def test_a_host_that_exists_takes_the_place_of_a_base_with_its_install() -> None:
    found = changes_in(preview(step("replace", "command:remote:Command", "base-install")))
    assert found.replaced == ["base"]
    assert "every call is cut" in found.warnings[0]


@pytest.mark.parametrize(
    "seen", [{"replaceReasons": ["stdin"]}, {"oldState": {"pendingReplacement": True}}]
)
def test_a_command_that_is_carried_out_once_more_on_the_same_base_replaces_nothing(
    seen: Mapping[str, Any],
) -> None:
    once_more = [
        {**step(op, "command:remote:Command", "base-install"), **seen}
        for op in ("create-replacement", "replace")
    ]
    found = changes_in(preview(*once_more))
    assert not found.replaced
    assert not found.warnings
    assert found.others == ["update base-install"]


def test_a_base_that_is_changed_in_place_is_no_other_base() -> None:
    assert changes_in(preview(step("update", INSTANCE, "base"))).warnings == []


def test_what_the_engine_says_of_itself_is_left_out_and_the_rest_told_once() -> None:
    texts = ["using pulumi-resource-aws from $PATH at /x", "With one node …", "With one node …"]
    told = [{"severity": "warning", "message": f"warning: {text}"} for text in texts]
    assert changes_in(preview(diagnostics=told)).warnings == ["With one node …"]


def test_a_preview_that_changes_nothing_is_empty() -> None:
    assert changes_in(preview(step("same", INSTANCE, "node-1"))).is_empty


def test_a_preview_that_failed_says_why_and_fails() -> None:
    failed = preview(
        diagnostics=[{"severity": "error", "message": "error: nodeCount: must be 1 or more, got 0"}]
    )
    found = preview_summary.summary(failed, state(), "prod")
    assert found.changes.errors == ["nodeCount: must be 1 or more, got 0"]
    assert "nodeCount: must be 1 or more, got 0" in "\n".join(preview_summary.text(found))


def test_another_node_costs_its_machine_disk_and_address() -> None:
    there = state((INSTANCE, "node-1", NODE), ("aws:ec2/eip:Eip", "node-1-address", {}))
    more = preview(
        step("create", INSTANCE, "node-2", **NODE),
        step("create", "aws:ec2/eip:Eip", "node-2-address"),
    )
    before = resources_in(there)
    after = resources_after(before, more)
    table = json.loads(
        Path(preview_summary.__file__).with_name("summary").joinpath("prices.json").read_text()
    )["regions"]["eu-west-1"]
    each = table["instances"]["c5.2xlarge"] + 100 * table["gp3_gib_month"] / 730
    each += table["public_ipv4"]
    assert cost(before.values(), EU).known == pytest.approx(each, abs=1e-3)
    assert cost(after.values(), EU).known == pytest.approx(2 * each, abs=1e-3)


def test_of_a_standby_the_disk_is_paid_for_and_not_the_machine() -> None:
    there = state((INSTANCE, "node-3", NODE), (LOCAL, "node-3-roused", {}))
    before = resources_in(there)
    disk = cost([Resource("aws:ebs/volume:Volume", {"size": 100})], EU)
    assert cost(without_standbys(before), EU) == disk
    joins = preview(step("create", LOCAL, "node-3-hold"))
    node = cost([Resource(INSTANCE, NODE)], EU)
    assert cost(without_standbys(resources_after(before, joins)), EU) == node


def test_a_node_that_leaves_costs_nothing_and_another_type_costs_its_own() -> None:
    there = state((INSTANCE, "node-1", NODE), (INSTANCE, "node-2", NODE))
    bigger = {**NODE, "instanceType": "c5.4xlarge"}
    less = preview(
        step("delete", INSTANCE, "node-2", **NODE), step("replace", INSTANCE, "node-1", **bigger)
    )
    after = resources_after(resources_in(there), less)
    assert after == {urn(INSTANCE, "node-1"): Resource(INSTANCE, bigger)}


def test_what_has_no_price_is_named_and_not_guessed() -> None:
    unknown = {**NODE, "instanceType": "c99.metal"}
    found = cost([Resource(INSTANCE, unknown)], EU)
    assert found.unknown == {"c99.metal"}
    elsewhere = cost([Resource(INSTANCE, NODE)], prices("mars-1"))
    assert (elsewhere.known, elsewhere.unknown) == (0, {"c5.2xlarge", "gp3_gib_month"})


def test_services_of_aws_are_counted_by_their_machines() -> None:
    search = {
        "clusterConfig": {"instanceType": "m5.large.search", "instanceCount": 2},
        "ebsOptions": {"volumeSize": 50},
    }
    found = cost(
        [
            Resource("aws:lb/loadBalancer:LoadBalancer", {}),
            Resource(
                "aws:elasticache/replicationGroup:ReplicationGroup",
                {"nodeType": "cache.t3.medium", "numCacheClusters": 2},
            ),
            Resource("aws:opensearch/domain:Domain", search),
            Resource("aws:ebs/volume:Volume", {"size": 100}),
        ],
        EU,
    )
    assert not found.unknown
    assert found.known == pytest.approx(0.0252 + 2 * 0.073 + 2 * 0.158 + 0.0184 + 0.0121, abs=1e-3)


@pytest.mark.parametrize("region", ["us-east-1", "eu-west-1"])
def test_what_is_deployed_without_being_asked_has_a_price(region: str) -> None:
    table = prices(region).table or {}
    machines = {one.default for one in fields(Settings) if one.name.endswith("_instance_type")}
    assert machines
    assert {str(one) for one in machines} <= {*table["instances"], *table["search"]}
    assert Settings.redis_node_type in table["caches"]

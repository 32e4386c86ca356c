"""What a lost state stood for is found by its tags, or by what it joins; nothing is guessed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from scripts.import_ids import (
    Match,
    Wanted,
    filled,
    match,
    placeholders,
    taken_over_in,
    wanted_in,
)
from scripts.left_behind import Json, Tagged

URN = "urn:pulumi:dev::openvidu-enterprise::"
INSTANCE = "aws:ec2/instance:Instance"
VOLUME = "aws:ebs/volume:Volume"
ATTACHMENT = "aws:ec2/volumeAttachment:VolumeAttachment"
LOAD_BALANCER = "aws:lb/loadBalancer:LoadBalancer"


def tags(name: str) -> dict[str, str]:
    return {"project": "openvidu-enterprise", "stack": "dev", "Name": name}


def wanted(type_: str, name: str, **uses: Wanted) -> Wanted:
    inputs = {"tags": {**tags(name), "role": "node"}, "deviceName": "/dev/sdf"}
    unknown = dict.fromkeys(uses, "not known before it's there")
    urns = {property_: other.urn for property_, other in uses.items()}
    return Wanted(f"{URN}{type_}::{name}", type_, inputs | unknown, urns)


NODE = wanted(INSTANCE, "node-1")
DATA = wanted(VOLUME, "base-data")
JOINED = wanted(ATTACHMENT, "base-data-attachment", volumeId=DATA, instanceId=NODE)


def is_there(type_: str, properties: Mapping[str, Any]) -> bool:
    assert type_ == ATTACHMENT
    return bool(properties["volumeId"] == "vol-1")


def looked(*there: Tagged) -> Match:
    return match([JOINED, NODE, DATA], there, is_there)


def test_ids_come_from_tags_and_from_what_is_joined() -> None:
    found = looked(Tagged("i-1", tags("node-1")), Tagged("vol-1", tags("base-data")))
    assert found.ids == {
        NODE.urn: "i-1",
        DATA.urn: "vol-1",
        JOINED.urn: "/dev/sdf:vol-1:i-1",
    }
    assert (found.absent, found.ambiguous, found.unknown, found.strays) == ([], {}, [], [])


def test_what_is_not_there_is_for_an_update_to_make() -> None:
    found = looked(Tagged("vol-1", tags("base-data")))
    assert found.ids == {DATA.urn: "vol-1"}
    assert found.absent == [NODE, JOINED]


def test_two_things_that_are_there_may_not_be_joined() -> None:
    found = looked(Tagged("i-1", tags("node-1")), Tagged("vol-2", tags("base-data")))
    assert found.absent == [JOINED]


def test_of_two_with_the_same_tags_none_is_chosen() -> None:
    found = looked(Tagged("i-1", tags("node-1")), Tagged("i-2", tags("node-1")))
    assert NODE.urn not in found.ids
    assert found.ambiguous == {NODE.urn: ["i-1", "i-2"]}
    assert found.strays == []


def test_what_nobody_wants_is_named() -> None:
    third = Tagged("i-3", tags("node-3"))
    assert looked(third).strays == [third]


def test_what_an_update_takes_over_by_itself_is_no_stray() -> None:
    theirs = Tagged("i-3", {"project": "openvidu-enterprise", "stack": "dev", "Name": "by hand"})
    preview = {"steps": [{"op": "import", "newState": {"importID": "i-3"}}]}
    assert match([NODE], [theirs], is_there, taken_over_in(preview)).strays == []


def test_what_has_no_tags_and_joins_nothing_is_unknown() -> None:
    balancer = wanted(LOAD_BALANCER, "load-balancer")
    assert match([balancer], [], is_there).unknown == [balancer]


def test_a_role_of_backups_is_made_anew_and_that_of_a_bastion_is_not() -> None:
    role = "aws:iam/role:Role"
    backups, bastion = wanted(role, "backup-role"), wanted(role, "bastion-role")
    found = match([backups, bastion], [], is_there)
    assert (found.absent, found.unknown) == ([backups], [bastion])


def test_a_preview_tells_what_is_wanted_and_what_it_uses() -> None:
    def step(op: str, type_: str, name: str, **more: Any) -> Json:
        urn = f"{URN}openvidu-enterprise:index:Node${type_}::{name}"
        return {"op": op, "urn": urn, "newState": {"urn": urn, "type": type_, **more}}

    uses = {"volumeId": ["urn:volume"], "tags": [], "several": ["urn:a", "urn:b"]}
    inputs = {"deviceName": "/dev/sdf"}
    attached = step(
        "create", ATTACHMENT, "data", custom=True, inputs=inputs, propertyDependencies=uses
    )
    steps = [
        attached,
        step("same", INSTANCE, "node-1", custom=True),
        step("create", "openvidu-enterprise:index:Node", "node-1", custom=False),
        step("create", "command:remote:Command", "node-1-start", custom=True),
    ]
    (found,) = wanted_in({"steps": steps})
    assert found == Wanted(attached["urn"], ATTACHMENT, inputs, {"volumeId": "urn:volume"})


IMPORT_FILE: Json = {
    "nameTable": {},
    "resources": [
        {"type": "openvidu-enterprise:index:Node", "name": "node-1", "component": True},
        {
            "type": INSTANCE,
            "name": "node-1Instance",
            "logicalName": "node-1",
            "id": "<PLACEHOLDER>",
            "parent": "node-1",
        },
        {"type": VOLUME, "name": "base-data", "id": "<PLACEHOLDER>"},
        {"type": LOAD_BALANCER, "name": "load-balancer", "id": "<PLACEHOLDER>"},
        {"type": "command:remote:Command", "name": "node-1-start", "id": "<PLACEHOLDER>"},
    ],
}


def test_an_import_file_gets_ids_and_loses_what_an_update_makes() -> None:
    written = filled(IMPORT_FILE, looked(Tagged("i-1", tags("node-1"))))
    assert [(one["name"], one.get("id")) for one in written["resources"]] == [
        ("node-1", None),
        ("node-1Instance", "i-1"),
        ("load-balancer", "<PLACEHOLDER>"),
    ]
    assert placeholders(written) == ["load-balancer"]

"""A backup that is made now: of which volume, in which order, and until when it's waited for."""

from __future__ import annotations

import getpass
import os
from typing import Any

import pytest

from components.over_ssh import MACHINES, environment
from scripts.backup import Volume, begin, copied, volume_in
from scripts.pulumi_cli import PulumiError
from scripts.stack_machines import Machine
from tests.scripts.conftest import Base

TAGS = {"project": "openvidu-enterprise", "stack": "prod", "Name": "openvidu-base-data"}


def state(*resources: dict[str, Any]) -> dict[str, Any]:
    return {"deployment": {"resources": [*resources]}}


def volume(name: str, **other: Any) -> dict[str, Any]:
    urn = f"urn:pulumi:prod::openvidu-enterprise::aws:ebs/volume:Volume::{name}"
    own = {"inputs": {"tags": TAGS}, "outputs": {"tagsAll": {**TAGS, "cost": "calls"}}}
    return {"urn": urn, "type": "aws:ebs/volume:Volume", "id": f"vol-of-{name}", **own, **other}


def test_the_volume_is_that_of_base_or_master_with_all_its_tags() -> None:
    found = volume_in(state(volume("base-data", delete=True, id="vol-old"), volume("base-data")))
    assert found == Volume("vol-of-base-data", "base", {**TAGS, "cost": "calls"})
    assert volume_in(state(volume("master-data"))).machine == "master"


def test_without_such_a_volume_it_says_where_the_data_is() -> None:
    with pytest.raises(PulumiError, match=r"no data volume on AWS.*\n.*the bucket versions"):
        volume_in(state(volume("scratch")))


def test_a_snapshot_carries_the_volumes_tags(ec2: Any) -> None:
    made = ec2.create_volume(AvailabilityZone="eu-west-1a", Size=30)["VolumeId"]
    snapshot = begin(ec2, Volume(made, "base", TAGS))
    (found,) = ec2.describe_snapshots(SnapshotIds=[snapshot])["Snapshots"]
    assert found["VolumeId"] == made
    assert {one["Key"]: one["Value"] for one in found["Tags"]} == TAGS
    assert list(copied(ec2, snapshot)) == ["100%"]


class Slow:
    """An EC2 whose answers about a snapshot come in turn."""

    def __init__(self, *answers: tuple[str, str]) -> None:
        self.left = [*answers]

    def describe_snapshots(self, **asked: Any) -> dict[str, Any]:
        assert asked == {"SnapshotIds": ["snap-1"]}
        status, progress = self.left.pop(0)
        return {"Snapshots": [{"State": status, "Progress": progress, "StateMessage": "no key"}]}


def test_it_is_waited_for_and_told_each_time_that_it_is_further() -> None:
    pending = "pending"
    slow = Slow((pending, ""), (pending, "40%"), (pending, "40%"), ("completed", "100%"))
    pauses: list[None] = []
    assert list(copied(slow, "snap-1", lambda: pauses.append(None))) == ["0%", "40%", "100%"]
    assert len(pauses) == 3


def test_one_that_fails_is_none() -> None:
    with pytest.raises(PulumiError, match="snap-1 failed, says AWS: no key"):
        list(copied(Slow(("pending", ""), ("error", "7%")), "snap-1", lambda: None))


def test_what_is_in_memory_is_written_first_or_there_is_no_volume(
    base: Base, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", f"{base.folder}/client:{os.environ['PATH']}")
    machine = Machine(
        "base",
        "127.0.0.1",
        {
            **environment(MACHINES),
            "SSH_USER": getpass.getuser(),
            "NODE_NAME": "base",
            "NODE_HOST": "127.0.0.1",
            "NODE_HOST_KEY": base.host_key,
            "FOLDER": str(base.folder),
        },
        base.private_key,
    )
    with pytest.raises(PulumiError, match="There is no data volume"):
        machine.ask("sync-data")

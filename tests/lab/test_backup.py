"""A backup, a lost volume, and another base that begins with the backup."""

from __future__ import annotations

import json
import re
import shlex
import sys
from collections.abc import Iterator

import pytest

from lab.directory import PROJECT
from openvidu.environment import S3_ACCESS_KEY, S3_BUCKET, S3_ENDPOINT, S3_SECRET_KEY
from openvidu.roles import NODE
from tests.lab.conftest import Lab, deployed
from tests.lab.test_data_volume import base_of, replace
from tests.lab.watching import require, script

pytestmark = [pytest.mark.lab, pytest.mark.matrix, pytest.mark.xdist_group("backup")]

AS_A_NODE = f"""
import asyncio, sys
from lab.openvidu.s3.client import Bucket
from lab.openvidu.s3.signature import Keys
lines = [line.rstrip().partition("=") for line in open("{NODE.product.folder}/.env")]
of = {{name: value for name, _, value in lines}}
keys = Keys(of["{S3_ACCESS_KEY}"], of["{S3_SECRET_KEY}"])
bucket = Bucket(of["{S3_ENDPOINT}"], of["{S3_BUCKET}"], keys)
name, *content = sys.argv[1:]
if content:
    asyncio.run(bucket.put(name, content[0].encode()))
print((asyncio.run(bucket.get(name)) or b"nothing").decode())
"""
"""Stores what is given as the second word under the first one, and prints what is there."""
LOSE = """
import boto3
ec2 = boto3.client("ec2", region_name="eu-west-1")
tags = [{"Name": "tag:Name", "Values": ["*-base-data"]}]
(volume,) = ec2.describe_volumes(Filters=tags)["Volumes"]
(attached,) = volume["Attachments"]
where = {name: attached[name] for name in ("VolumeId", "InstanceId", "Device")}
ec2.detach_volume(Force=True, **where)
ec2.delete_volume(VolumeId=volume["VolumeId"])
"""
ASK = """
import boto3, json
iam = boto3.client("iam", region_name="eu-west-1")
print(json.dumps([one["RoleName"] for one in iam.list_roles()["Roles"]]))
"""


@pytest.fixture
def lab() -> Iterator[Lab]:
    with deployed("backup") as lab:
        yield lab


def recording(lab: Lab, *words: str) -> str:
    """What the bucket has under a name, to a node that has perhaps stored it."""
    command = ["env", f"PYTHONPATH={PROJECT}", sys.executable, "-c", AS_A_NODE, *words]
    return lab.on("node-1", shlex.join(command)).strip()


def test_recordings_are_there_again_after_the_volume_was_lost(lab: Lab) -> None:
    assert recording(lab, "ses1/ses1.mp4", "video") == "video"
    done = script(lab, "backup")
    assert done.status == 0, done.err
    snapshot = re.findall(r"restoreFromSnapshot (snap-\w+)", done.out)[0]
    assert recording(lab, "ses2/ses2.mp4", "later") == "later"

    lab.ok("config", "set", "restoreFromSnapshot", snapshot)
    refused = lab.run("up")
    assert refused.status != 0
    assert "base-data is there with its data" in refused.out + refused.err

    lost = base_of(lab)
    lab.ok("run", "--", "python", "-c", LOSE)
    lab.ok("run", "--", "pulumi", "refresh", "--yes", "--skip-preview", "--non-interactive")
    lab.ok("config", "set", "backupDays", "14")
    printed = replace(lab, "base")
    assert base_of(lab) != lost, printed
    assert recording(lab, "ses1/ses1.mp4") == "video"
    assert recording(lab, "ses2/ses2.mp4") == "nothing"
    require(lab, 1, 2)
    lab.ok("config", "rm", "restoreFromSnapshot")
    assert set(lab.json("preview", "--json")["changeSummary"]) == {"same"}
    (role,) = json.loads(lab.ok("run", "--", "python", "-c", ASK))
    assert role.startswith("backup-role-")

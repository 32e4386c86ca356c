"""A node from a baked image: what is in the image, and that the node is like any other."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from lab.directory import LabDirectory
from tests.lab.conftest import Lab, deployed
from tests.lab.watching import calls, require, require_allowed, scale, script

pytestmark = [pytest.mark.lab, pytest.mark.matrix, pytest.mark.xdist_group("baked")]

LIKE = "imageMb: 40\npullMbPerSecond: 40\n"
SECRETS = ("openviduSecret", "redisPassword", "s3SecretKey", "sshPrivateKey", "openviduProLicense")
STARTED = """
import boto3, json
found = boto3.client("ec2", "eu-west-1").describe_instances()["Reservations"]
print(json.dumps({
    tag["Value"]: [one["ImageId"], one["State"]["Name"]]
    for group in found for one in group["Instances"] for tag in one["Tags"]
    if tag["Key"] == "Name"
}))
"""
IDENTITY = "cat /etc/machine-id /etc/ssh/ssh_host_ed25519_key.pub"


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[Lab]:
    file = tmp_path / "like.yaml"
    file.write_text(LIKE)
    with deployed("baked", "--config", "nodeCount=1", "--host-like", str(file)) as lab:
        yield lab


def instances(lab: Lab) -> dict[str, list[str]]:
    """Image and state of each instance, by its name without the stack's."""
    told = json.loads(lab.ok("run", "--", "python", "-c", STARTED))
    return {re.sub(r"^.*?-(?=base|node|image)", "", name): one for name, one in told.items()}


def files(image: Path) -> list[Path]:
    return [one for one in image.rglob("*") if one.is_file() and not one.is_symlink()]


def require_nothing_of_a_machine(lab: Lab, image: Path) -> None:
    """Nothing in an image is secret, or tells whose disk it was."""
    found = {str(one.relative_to(image)) for one in files(image)}
    forbidden = (
        r"(^|/)\.env$",
        r"ssh_host_",
        r"authorized_keys$",
        r"_history$",
        r"^upper/var/lib/cloud/",
        r"^upper/var/lib/openvidu",
        r"^upper/opt/openvidu",
        r"^upper/etc/docker/key",
        r"/engine-id$",
        r"docker-standin/containers/.",
        r"/\.docker/|/\.aws/",
    )
    assert [one for one in found if any(re.search(form, one) for form in forbidden)] == []
    assert (image / "upper/etc/machine-id").read_text() == ""
    told = {name: lab.ok("config", "get", name).strip() for name in SECRETS}
    # One line of a key is enough.
    words = {name: value.splitlines()[len(value.splitlines()) // 2] for name, value in told.items()}
    for one in files(image):
        text = one.read_bytes()
        assert not [name for name, word in words.items() if word.encode() in text], one


def test_nodes_start_from_an_image_that_holds_nothing_of_a_machine(lab: Lab) -> None:
    told = script(lab, "bake")
    assert told.status == 0, told.err
    (image,) = re.findall(r"^(ami-\w+) is available", told.out, re.MULTILINE)
    assert instances(lab)["image-builder"][1] == "terminated"
    require(lab, 1)
    disk = LabDirectory.of(lab.name).path / "images" / image
    require_nothing_of_a_machine(lab, disk)
    assert len((disk / "upper/var/lib/docker-standin/images").read_text().splitlines()) == 10

    lab.ok("config", "set", "nodeImage", "baked")
    require(lab, 1)
    with calls(lab, "2s..4s"):
        scale(lab, 2)
    require(lab, 1, 2)
    assert instances(lab)["node-2"][0] == image != instances(lab)["node-1"][0]
    assert lab.on("node-1", IDENTITY).split() != lab.on("node-2", IDENTITY).split()
    assert len(lab.on("node-2", "cat /etc/machine-id").strip()) == 32

    newer = script(lab, "bake")
    assert newer.status == 0, newer.err
    require(lab, 1, 2)
    pruned = script(lab, "bake", "--prune", "--yes")
    assert "-node-2 started from it, and may again" in pruned.out
    assert "None of them is old." in pruned.out
    scale(lab, 1)
    pruned = script(lab, "bake", "--prune", "--yes")
    assert f"{image} is removed" in pruned.out, pruned.out + pruned.err
    require_allowed(lab, "ha", bake=True)


def test_without_an_image_of_the_version_a_node_is_installed_and_it_is_said(lab: Lab) -> None:
    lab.ok("config", "set", "nodeImage", "baked")
    done = lab.run("up", "--config", "nodeCount=2")
    assert done.status == 0, done.err
    said = done.out + done.err
    assert "this stack has no image of nodes yet: node-2 will be installed the ordinary way" in said
    require(lab, 1, 2)

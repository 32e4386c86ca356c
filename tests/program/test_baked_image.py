"""Nodes that start from an image that was baked, or are installed the ordinary way."""

from __future__ import annotations

import re
from typing import Any

import pulumi
import pytest
from pulumi.runtime import MockCallArgs

from components.settings.mistakes import ConfigurationError
from tests.program.test_cluster import Recorder, deploy
from tests.program.test_machine_image import NoResultsError

BAKED = "ami-0123456789abcdef0"
OF_STACK = {
    "tag:project": "openvidu-enterprise",
    "tag:stack": "dev",
    "tag:role": "node-image",
}
UBUNTU = "ubuntu/images/hvm-ssd-gp3/ubuntu-noble-24.04-amd64-server-*"


class WithBaked(Recorder):
    """Has Ubuntu's image, and perhaps images of its own, found by what is asked of their tags."""

    def __init__(self, *, fits: bool = True, other: dict[str, str] | None = None) -> None:
        super().__init__()
        self.fits, self.other, self.gib = fits, other, 100
        self.asked = list[dict[str, str]]()

    def call(self, args: MockCallArgs) -> dict[str, Any]:
        if args.token != "aws:ec2/getAmi:getAmi" or args.args["owners"] != ["self"]:
            return super().call(args)
        asked = {one["name"]: one["values"][0] for one in args.args["filters"]}
        self.asked.append(asked)
        root = {"deviceName": "/dev/sda1", "ebs": {"volume_size": str(self.gib)}}
        image = {"id": BAKED, "rootDeviceName": "/dev/sda1", "blockDeviceMappings": [root]}
        if "tag:openvidu-version" in asked and self.fits:
            return image
        if "tag:openvidu-version" not in asked and self.other:
            return {**image, "id": "ami-older", "tags": self.other}
        raise NoResultsError


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    found: list[str] = []
    monkeypatch.setattr(pulumi.log, "warn", lambda text, *_: found.append(text))
    return found


def images(recorder: Recorder) -> dict[str, str]:
    found = recorder.of_type("aws:ec2/instance:Instance")
    return {name: one["ami"] for name, one in found.items()}


def test_nodes_start_from_the_newest_that_fits_and_the_base_from_ubuntu(
    config: dict[str, str], told: list[str]
) -> None:
    recorder = WithBaked()
    digest = 32 * "a1"
    pin = {"installScriptSha256": f'{{"node": "{digest}"}}'}
    deploy({**config, **pin, "nodeImage": "baked"}, recorder=recorder)
    assert images(recorder) == {"base": "ami-newest", "node-1": BAKED, "node-2": BAKED}
    (asked,) = recorder.asked
    assert asked == {
        **OF_STACK,
        "tag:openvidu-version": "2.30.0",
        "tag:source": f"099720109477 {UBUNTU}",
        "tag:install-script-sha256": digest,
        "architecture": "x86_64",
        "state": "available",
    }
    assert told == []


def test_nodes_start_from_what_others_do_unless_it_is_asked_for(config: dict[str, str]) -> None:
    recorder = WithBaked()
    deploy(config, recorder=recorder)
    assert set(images(recorder).values()) == {"ami-newest"}
    assert recorder.asked == []


def test_an_image_has_to_be_made_of_the_one_that_is_configured(config: dict[str, str]) -> None:
    recorder = WithBaked()
    own = {"imageId": "ami-0123456789abcdef1", "nodeImage": "baked"}
    with pytest.raises(ConfigurationError, match="imageId: ami-0123456789abcdef1 doesn't exist"):
        deploy({**config, **own}, recorder=recorder)
    deploy({**config, **own}, existing=[1, 2, 3], recorder=(kept := with_base(WithBaked())))
    assert kept.asked[-1]["tag:source-image"] == "ami-0123456789abcdef1"
    assert "tag:source" not in kept.asked[-1]


def with_base(recorder: WithBaked) -> WithBaked:
    urn = "urn:pulumi:dev::openvidu-enterprise::aws:ec2/instance:Instance::base"
    recorder.state[urn] = {"outputs": {"instanceType": "c5.2xlarge"}}
    return recorder


@pytest.mark.parametrize(
    ("other", "why"),
    [
        (None, "this stack has no image of nodes yet"),
        ({"openvidu-version": "2.29.0"}, "ami-older, has OpenVidu 2.29.0, not 2.30.0"),
        (
            {"openvidu-version": "2.30.0", "source-image": "ami-1", "source": "self golden"},
            r"ami-older, was made of ami-1 \(self golden\)",
        ),
    ],
)
def test_without_one_that_fits_nodes_are_installed_and_it_is_said_why(
    config: dict[str, str], told: list[str], other: dict[str, str] | None, why: str
) -> None:
    recorder = WithBaked(fits=False, other=other)
    deploy({**config, "nodeImage": "baked"}, existing=[1], recorder=recorder)
    assert set(images(recorder).values()) == {"ami-newest"}
    (said,) = told
    assert re.search(why, said), said
    assert "node-2 will be installed the ordinary way" in said
    assert said.endswith("uv run openvidu-enterprise bake")


def test_one_that_is_larger_than_the_nodes_volumes_does_not_fit(
    config: dict[str, str], told: list[str]
) -> None:
    recorder = WithBaked()
    deploy({**config, "nodeImage": "baked", "volumeSize": "50"}, recorder=recorder)
    assert set(images(recorder).values()) == {"ami-newest"}
    assert f"{BAKED} has a root volume of 100 GiB, more than volumeSize, 50" in told[0]


def test_where_no_node_is_new_nothing_is_said(config: dict[str, str], told: list[str]) -> None:
    recorder = WithBaked(fits=False)
    deploy({**config, "nodeImage": "baked"}, existing=[1, 2], recorder=recorder)
    assert told == []


@pytest.mark.parametrize(
    ("changes", "refusal"),
    [
        ({"openviduVersion": "latest"}, "openviduVersion: must be a version where nodeImage is"),
        ({"shape": "single-master"}, "nodeImage: is for nodes; a single master has none"),
        ({"nodeImage": "cooked"}, "nodeImage: must be one of stock, baked"),
    ],
)
def test_what_no_image_can_be_for_is_refused(
    config: dict[str, str], changes: dict[str, str], refusal: str
) -> None:
    with pytest.raises(ConfigurationError, match=refusal):
        deploy({**config, "nodeImage": "baked", **changes}, recorder=WithBaked())


def test_machines_that_exist_start_from_no_image(config: dict[str, str]) -> None:
    with pytest.raises(ConfigurationError, match="nodeImage: is for machines on AWS"):
        deploy({**config, "nodeImage": "baked", "machines": "existing"}, recorder=WithBaked())

"""An image of the operator's own: looked at before anything is registered."""

from __future__ import annotations

from typing import Any

import pytest
from pulumi.runtime import MockCallArgs

from components.settings.mistakes import ConfigurationError
from tests.program.test_cluster import DeniedError, Recorder, deploy

IMAGE = "ami-0123456789abcdef0"
UBUNTU, OWN = "099720109477", "123456789012"
GOOD = {
    "architecture": "x86_64",
    "blockDeviceMappings": [
        {"deviceName": "/dev/sdb", "ebs": {"volume_size": "500"}},
        {"deviceName": "/dev/sda1", "ebs": {"volume_size": "40"}},
    ],
    "enaSupport": True,
    "id": IMAGE,
    "platformDetails": "Linux/UNIX",
    "rootDeviceName": "/dev/sda1",
    "rootDeviceType": "ebs",
    "state": "available",
    "virtualizationType": "hvm",
}


class NoResultsError(DeniedError):
    """There is no such image."""

    def details(self) -> str:
        return "your query returned no results"


class WithImage(Recorder):
    """Answers for one image, and keeps how it was asked for."""

    def __init__(self, **other: Any) -> None:
        super().__init__()
        self.image, self.asked = {**GOOD, **other}, list[dict[str, Any]]()

    def call(self, args: MockCallArgs) -> dict[str, Any]:
        if args.token != "aws:ec2/getAmi:getAmi":
            return super().call(args)
        self.asked.append(args.args)
        return self.image


def started_from(recorder: Recorder) -> set[str]:
    return {one["ami"] for one in recorder.of_type("aws:ec2/instance:Instance").values()}


@pytest.mark.parametrize(("owner", "asked"), [(None, "self"), (OWN, OWN)])
def test_machines_start_from_the_image_that_is_configured(
    config: dict[str, str], owner: str | None, asked: str
) -> None:
    own = {"imageId": IMAGE} | ({"imageOwner": owner} if owner else {})
    recorder = deploy({**config, **own}, recorder=WithImage())
    assert started_from(recorder) == {IMAGE}
    assert isinstance(recorder, WithImage)
    (one,) = recorder.asked
    assert one["owners"] == [asked]
    assert one["filters"] == [{"name": "image-id", "values": [IMAGE]}]


@pytest.mark.parametrize(("owner", "asked"), [(None, UBUNTU), (OWN, OWN)])
def test_ubuntus_images_may_be_another_accounts(
    config: dict[str, str], owner: str | None, asked: str
) -> None:
    recorder = WithImage(id="ami-newest")
    deploy({**config, **({"imageOwner": owner} if owner else {})}, recorder=recorder)
    assert started_from(recorder) == {"ami-newest"}
    assert {one["owners"][0] for one in recorder.asked} == {asked}


@pytest.mark.parametrize(
    ("other", "found"),
    [
        ({"architecture": "arm64"}, "architecture arm64, must be x86_64"),
        ({"rootDeviceType": "instance-store"}, "root device type instance-store, must be ebs"),
        ({"virtualizationType": "paravirtual"}, "virtualization type paravirtual, must be hvm"),
        ({"enaSupport": False}, "ena support false, must be true"),
        ({"state": "pending"}, "state pending, must be available"),
        ({"platformDetails": "Windows"}, "platform Windows, must be Linux/UNIX"),
    ],
)
def test_an_image_that_cannot_carry_openvidu_is_refused(
    config: dict[str, str], other: dict[str, Any], found: str
) -> None:
    recorder = WithImage(**other)
    with pytest.raises(ConfigurationError, match=f"imageId: {IMAGE} has {found}"):
        deploy({**config, "imageId": IMAGE}, recorder=recorder)
    assert not recorder.registered


def test_a_root_volume_is_no_smaller_than_the_images(config: dict[str, str]) -> None:
    with pytest.raises(
        ConfigurationError, match=r"volumeSize: must be at least 40, .*root volume .*got 30"
    ):
        deploy({**config, "imageId": IMAGE, "volumeSize": "30"}, recorder=WithImage())


def test_an_image_that_is_not_there_or_not_its_owners_is_refused(config: dict[str, str]) -> None:
    class Without(WithImage):
        def call(self, args: MockCallArgs) -> dict[str, Any]:
            if args.token == "aws:ec2/getAmi:getAmi":
                raise NoResultsError
            return super().call(args)

    with pytest.raises(ConfigurationError, match=f"{IMAGE} doesn't exist, or isn't owned by self"):
        deploy({**config, "imageId": IMAGE}, recorder=Without())
    recorder = Without()
    with pytest.raises(ConfigurationError, match=f"imageOwner: {OWN} has no image ubuntu/"):
        deploy({**config, "imageOwner": OWN}, recorder=recorder)
    assert not recorder.registered


def test_machines_that_run_keep_theirs_whatever_became_of_the_image(config: dict[str, str]) -> None:
    recorder = WithImage(state="deregistered")
    urn = "urn:pulumi:dev::openvidu-enterprise::aws:ec2/instance:Instance"
    base = {"outputs": {"instanceType": "c5.2xlarge"}}
    recorder.state[f"{urn}::base"] = base
    deploy({**config, "imageId": IMAGE}, existing=[1, 2], recorder=recorder)
    assert not recorder.asked
    with pytest.raises(ConfigurationError, match="state deregistered"):
        deploy({**config, "imageId": IMAGE, "nodeCount": "3"}, existing=[1, 2], recorder=recorder)


@pytest.mark.parametrize(
    ("change", "takes"),
    [
        ({"imageId": "ami-1"}, "the id of an image such as"),
        ({"imageOwner": "canonical"}, "an account of 12 digits, self, amazon"),
    ],
)
def test_what_names_no_image_is_refused(
    config: dict[str, str], change: dict[str, str], takes: str
) -> None:
    with pytest.raises(ConfigurationError, match=takes):
        deploy({**config, **change})

"""An image of a node: of which machine, with what on it, and that nothing is left behind."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from components.aws import baked_image
from components.aws.permissions import Scope, statements
from components.settings.read import read
from components.settings.table import Settings
from components.ssh_way import SshWay, from_text
from scripts import bake, host_key
from scripts.baking import builder, preparation, stack_images
from scripts.baking.stack_images import Fate, Image
from scripts.pulumi_cli import PulumiError
from scripts.stack_machines import Machine
from tests.program.conftest import SECRETS, example

STACK = {"project": "openvidu-enterprise", "stack": "prod", "team": "calls"}
SCRIPT = 32 * "b2"
URN = "urn:pulumi:prod::openvidu-enterprise"
KEY = "-----BEGIN OPENSSH PRIVATE KEY-----\nof-the-stack\n-----END OPENSSH PRIVATE KEY-----\n"


def resource(kind: str, name: str, **outputs: Any) -> dict[str, Any]:
    return {"urn": f"{URN}::{kind}::{name}", "type": kind, "outputs": outputs}


@pytest.fixture
def settings() -> Settings:
    return read({**example(), "dockerRegistry": "https://mirror.example.io"}, SECRETS)


class Cloud:
    """moto's EC2, with a stack's network; says what was asked, and has images take a while."""

    def __init__(self, ec2: Any) -> None:
        self._ec2, self.asked, self.made = ec2, list[str](), list[dict[str, Any]]()
        vpc = ec2.create_vpc(CidrBlock="10.5.0.0/16")["Vpc"]["VpcId"]
        subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.5.0.0/24")["Subnet"]["SubnetId"]
        group = ec2.create_security_group(GroupName="node", Description="x", VpcId=vpc)["GroupId"]
        ec2.create_key_pair(KeyName="ssh-key-1")
        nodes = "aws:ec2/networkInterface:NetworkInterface"
        tags = {**STACK, "Name": "openvidu-enterprise-prod-node-2", "role": "node"}
        self.exported = {
            "deployment": {
                "resources": [
                    resource(nodes, "base-interface", subnetId="subnet-of-base"),
                    resource(nodes, "node-2-interface", subnetId=subnet, securityGroups=[group]),
                    resource("aws:ec2/instance:Instance", "node-2", tagsAll=tags),
                    resource("aws:ec2/keyPair:KeyPair", "ssh-key", keyName="ssh-key-1"),
                ]
            }
        }
        self.place = builder.place_in(self.exported)

    def __getattr__(self, name: str) -> Any:
        self.asked.append(name)
        return getattr(self._ec2, name)

    def get_paginator(self, name: str) -> Any:
        self.asked.append(name)
        return self._ec2.get_paginator(name)

    def create_image(self, **asked: Any) -> Any:
        self.asked.append("create_image")
        self.made.append(asked)
        (instance,) = self.instances()
        assert instance["State"]["Name"] == "stopped"
        # moto tags no snapshots.
        asked["TagSpecifications"] = asked["TagSpecifications"][:1]
        return self._ec2.create_image(**asked)

    def instances(self) -> list[dict[str, Any]]:
        return [
            one
            for group in self._ec2.describe_instances()["Reservations"]
            for one in group["Instances"]
        ]

    @property
    def state(self) -> str:
        (found,) = self.instances()
        return str(found["State"]["Name"])


@pytest.fixture
def cloud(ec2: Any, monkeypatch: pytest.MonkeyPatch) -> Cloud:
    name = "ubuntu/images/hvm-ssd-gp3/ubuntu-noble-24.04-amd64-server-20250610"
    ec2.register_image(Name=name, RootDeviceName="/dev/sda1")
    monkeypatch.setattr(stack_images, "UBUNTU", {"name": name})
    monkeypatch.setattr(stack_images, "UBUNTU_OWNER", "self")
    monkeypatch.setattr(host_key, "wait_for", lambda *_: "ssh-ed25519 AAAA")
    return Cloud(ec2)


@pytest.fixture
def node() -> Machine:
    variables = {"SSH_USER": "ubuntu", "NODE_HOST": "203.0.113.9", "NODE_HOST_KEY": "ssh-ed25519 B"}
    return Machine("node-2", "203.0.113.9", variables, KEY)


class OverSsh:
    """In the place of SSH: says what ran, and fails or is interrupted where a test wants."""

    def __init__(self, fault: Callable[[str], None]) -> None:
        self.ran: list[tuple[dict[str, str], str]] = []
        self._fault = fault

    def __call__(self, action: str, variables: dict[str, str], given: str) -> Any:
        assert action == "script"
        self.ran.append((dict(variables), given))
        self._fault(variables["SCRIPT"])
        said = f"Downloading …\nIts SHA-256 is {SCRIPT}\n"
        return subprocess.CompletedProcess([], 0, said, "")

    @property
    def scripts(self) -> list[str]:
        return [variables["SCRIPT"] for variables, _ in self.ran]


@pytest.fixture
def over_ssh(monkeypatch: pytest.MonkeyPatch) -> OverSsh:
    found = OverSsh(lambda script: None)
    monkeypatch.setattr(preparation, "run", found)
    return found


def baked(cloud: Cloud, settings: Settings, node: Machine) -> str:
    console = Console(quiet=True)
    return bake.bake(console, cloud, settings, cloud.place, node, "eu-west-1")


def test_a_builder_is_prepared_stopped_made_an_image_of_and_ended(
    cloud: Cloud, settings: Settings, node: Machine, over_ssh: OverSsh
) -> None:
    image = baked(cloud, settings, node)
    assert over_ssh.scripts == ["install-docker.sh", "install-openvidu.sh", "clean-image.sh"]
    changes = [one for one in cloud.asked if not one.startswith(("describe", "get"))]
    assert changes == ["run_instances", "stop_instances", "create_image", "terminate_instances"]
    assert cloud.state == "terminated"
    (told,) = cloud._ec2.describe_images(ImageIds=[image])["Images"]
    tags = {one["Key"]: one["Value"] for one in told["Tags"]}
    assert tags["role"] == "node-image"
    assert {**STACK, "openvidu-version": "2.30.0", "install-script-sha256": SCRIPT}.items() <= (
        tags.items()
    )
    assert tags["source-image"].startswith("ami-")
    assert re.fullmatch(r"[0-9a-f]{64}", tags["made-by-sha256"])
    assert re.fullmatch(r"20\d\d-.*Z", tags["made"])
    assert told["Name"] == tags["Name"]


def test_the_snapshot_has_the_images_tags(ec2: Any, settings: Settings) -> None:
    asked: dict[str, Any] = {}

    class Ec2:
        def create_image(self, **given: Any) -> dict[str, str]:
            asked.update(given)
            return {"ImageId": "ami-1"}

    assert stack_images.make(Ec2(), "i-1", 200 * "x", STACK) == "ami-1"
    kinds = {one["ResourceType"]: one["Tags"] for one in asked["TagSpecifications"]}
    assert [*kinds] == ["image", "snapshot"]
    assert kinds["image"] == kinds["snapshot"] == builder.tag_list(STACK)
    assert len(asked["Name"]) == 128


def test_the_image_is_one_that_nodes_then_find(
    cloud: Cloud, settings: Settings, node: Machine, over_ssh: OverSsh
) -> None:
    image = baked(cloud, settings, node)
    wanted = baked_image.fitting(settings, STACK)
    pattern = wanted["tag:source"].removesuffix("*")
    (told,) = cloud._ec2.describe_images(ImageIds=[image])["Images"]
    tags = {f"tag:{one['Key']}": one["Value"] for one in told["Tags"]}
    for key in wanted.keys() - {"tag:source", "architecture", "state"}:
        assert tags[key] == wanted[key]
    # moto's Ubuntu is the account's own.
    assert tags["tag:source"].replace("self", "099720109477").startswith(pattern)


def test_what_is_done_may_be_done_by_the_policy_that_is_printed(
    cloud: Cloud, settings: Settings, node: Machine, over_ssh: OverSsh
) -> None:
    baked(cloud, settings, node)
    images = stack_images.of_stack(cloud, STACK)
    stack_images.used_by(cloud, images)
    list(stack_images.remove(cloud, images))
    stack_images.left_snapshots(cloud, STACK, [])
    called = {
        f"ec2:{''.join(word.capitalize() for word in one.split('_'))}"
        for one in cloud.asked
        if not one.startswith("get_paginator")
    }
    may = {action for one in statements(Scope(stack="prod", bake=True)) for action in one.actions}
    assert {one for one in called if not one.startswith("ec2:Describe")} <= may
    assert "ec2:Describe*" in may


def test_it_starts_as_a_node_does(cloud: Cloud, settings: Settings) -> None:
    source = {"ImageId": "ami-1", "RootDeviceName": "/dev/xvda"}
    asked = builder.order(cloud.place, settings, source, "10.5.0.254")
    (interface,), (volume,) = asked["NetworkInterfaces"], asked["BlockDeviceMappings"]
    assert (interface["SubnetId"], interface["Groups"]) == (cloud.place.subnet, cloud.place.groups)
    assert volume["DeviceName"] == "/dev/xvda"
    assert volume["Ebs"]["Encrypted"]
    assert asked["MetadataOptions"]["HttpTokens"] == "required"
    assert "UserData" not in asked
    tags = {one["Key"]: one["Value"] for one in asked["TagSpecifications"][0]["Tags"]}
    assert tags == {
        **STACK,
        "Name": "openvidu-enterprise-prod-image-builder",
        "role": "image-builder",
    }


def test_it_has_an_address_that_no_node_gets(cloud: Cloud, settings: Settings) -> None:
    assert builder.free_address(cloud, cloud.place.subnet) == "10.5.0.254"
    cloud.create_network_interface(SubnetId=cloud.place.subnet, PrivateIpAddress="10.5.0.254")
    assert builder.free_address(cloud, cloud.place.subnet) == "10.5.0.253"


def test_no_value_is_in_a_command_or_variable(
    cloud: Cloud, settings: Settings, node: Machine, over_ssh: OverSsh
) -> None:
    baked(cloud, settings, node)
    for variables, given in over_ssh.ran:
        assert given.startswith(KEY)
        assert "of-the-stack" not in str(variables)
    values = "".join(step.values for step in preparation.steps(settings))
    assert "MIRROR=https://mirror.example.io\n" in values
    for secret in SECRETS:
        if text := example().get(secret):
            assert text not in values


@pytest.mark.parametrize(
    ("script", "fault"),
    [
        ("install-docker.sh", KeyboardInterrupt()),
        ("install-openvidu.sh", PulumiError("no room")),
        ("clean-image.sh", KeyboardInterrupt()),
    ],
)
def test_the_builder_is_ended_whatever_happens(
    cloud: Cloud,
    settings: Settings,
    node: Machine,
    monkeypatch: pytest.MonkeyPatch,
    script: str,
    fault: BaseException,
) -> None:
    def strike(running: str) -> None:
        if running == script:
            raise fault

    monkeypatch.setattr(preparation, "run", OverSsh(strike))
    with pytest.raises(type(fault)):
        baked(cloud, settings, node)
    assert cloud.state == "terminated"
    assert cloud.made == []


def test_a_script_that_fails_is_told_with_what_it_says(
    cloud: Cloud, settings: Settings, node: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    failed = subprocess.CompletedProcess([], 1, "", "Docker can't be had\n")
    monkeypatch.setattr(preparation, "run", lambda *_: failed)
    with pytest.raises(
        PulumiError, match=r"install-docker\.sh failed on image-builder, .*\nDocker"
    ):
        baked(cloud, settings, node)


def test_a_builder_that_cannot_be_ended_is_named(
    cloud: Cloud,
    settings: Settings,
    node: Machine,
    over_ssh: OverSsh,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refuse(**_: Any) -> None:
        raise PulumiError("throttled")

    monkeypatch.setattr(cloud, "terminate_instances", refuse, raising=False)
    with pytest.raises(PulumiError, match="throttled"):
        baked(cloud, settings, node)
    (instance,) = cloud.instances()
    command = f"aws ec2 terminate-instances --instance-ids {instance['InstanceId']}"
    assert f"{command} --region eu-west-1\n" in capsys.readouterr().err


def test_one_that_was_left_behind_is_named_and_nothing_begins(
    cloud: Cloud, settings: Settings
) -> None:
    builder.require_none(cloud, cloud.place, None)
    source = stack_images.source_of(cloud, settings)
    made = cloud.run_instances(**builder.order(cloud.place, settings, source, "10.5.0.254"))
    identifier = made["Instances"][0]["InstanceId"]
    told = f"image-builder is there already, {identifier}.*\n.*--instance-ids {identifier}"
    with pytest.raises(PulumiError, match=told):
        builder.require_none(cloud, cloud.place, None)
    cloud.terminate_instances(InstanceIds=[identifier])
    builder.require_none(cloud, cloud.place, None)


def test_an_instance_that_ends_by_itself_is_not_waited_for() -> None:
    class Ended:
        def describe_instances(self, **_: Any) -> Any:
            reason = {"Message": "no capacity"}
            told = {"State": {"Name": "terminated"}, "StateReason": reason}
            return {"Reservations": [{"Instances": [told]}]}

    with pytest.raises(PulumiError, match="terminated, expected running; AWS says: no capacity"):
        builder.reach(Ended(), "i-1", "running", lambda: None)


def states(*found: str) -> Iterator[dict[str, Any]]:
    for state in found:
        yield {"Images": [{"State": state, "StateReason": {"Message": "no key"}}] if state else []}


@pytest.mark.parametrize("found", [("", "pending", "available"), ("pending", "failed")])
def test_an_image_is_waited_for_until_it_is_there_or_has_failed(found: tuple[str, ...]) -> None:
    answers, pauses = states(*found), list[None]()

    class Ec2:
        def describe_images(self, **_: Any) -> Any:
            return next(answers)

    def wait() -> None:
        stack_images.wait_for(Ec2(), "ami-1", lambda: pauses.append(None))

    if found[-1] == "failed":
        with pytest.raises(PulumiError, match="ami-1 is failed, says AWS: no key"):
            wait()
    else:
        wait()
    assert len(pauses) == len(found) - 1


def test_by_session_manager_it_is_found_by_its_own_name(node: Machine) -> None:
    way = SshWay(ssm="eu-west-1 openvidu-enterprise prod node-2").as_text()
    variables = {**node.variables, "NODE_SSH_WAY": way}
    by_ssm = Machine(node.name, node.host, variables, KEY)
    found = preparation.builder(by_ssm, "10.5.0.9", "ssh-ed25519 AAAA")
    told = from_text(found.variables["NODE_SSH_WAY"]).ssm
    assert told == "eu-west-1 openvidu-enterprise prod image-builder"
    assert builder.name_of(STACK) == "openvidu-enterprise-prod-image-builder"
    straight = preparation.builder(node, "203.0.113.7", "ssh-ed25519 AAAA")
    assert (straight.host, straight.variables["NODE_SSH_WAY"]) == ("203.0.113.7", "")


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"openviduVersion": "latest"}, "one version of OpenVidu, and openviduVersion is latest"),
        ({"openviduVersion": "2.77.0"}, r"2\.77\.0, which isn't known here; known are: 2\.28\.0"),
        ({"shape": "single-master"}, "no nodes to make an image for"),
    ],
)
def test_what_no_image_can_be_made_for_is_refused(changes: dict[str, str], why: str) -> None:
    with pytest.raises(PulumiError, match=why):
        bake.refuse(read({**example(), **changes}, SECRETS))


def test_existing_machines_are_their_owners() -> None:
    key = example()["sshPublicKey"].strip()
    hosts = [
        {"publicIp": f"203.0.113.{number}", "privateIp": f"10.5.0.{number}", "hostKey": key}
        for number in (5, 6)
    ]
    config = {**example(), "machines": "existing", "hosts": json.dumps(hosts), "nodeCount": "1"}
    with pytest.raises(PulumiError, match=r"existing ones .*start from no image of AWS's"):
        bake.refuse(read(config, SECRETS))


def test_a_stack_without_nodes_has_no_place_for_a_builder() -> None:
    with pytest.raises(PulumiError, match="no node on AWS yet"):
        builder.place_in({"deployment": {}})


def image(number: int, state: str = "available") -> Image:
    return Image(f"ami-{number}", state, f"2026-11-0{number}", "2.30.0", "x", (f"snap-{number}",))


def test_old_images_go_but_those_that_something_starts_from() -> None:
    images = [image(1), image(2), image(3, "failed"), image(4), image(5), image(6, "pending")]
    used = {"ami-2": ["prod-node-1", "prod-node-3"]}
    found = stack_images.fates(images, ["ami-4", "ami-5"], used)
    assert [one.image.id for one in found if not one.kept] == ["ami-1", "ami-3", "ami-4"]
    assert [one.kept for one in found if one.kept] == [
        "prod-node-1, prod-node-3 started from it, and may again",
        "new nodes start from it",
        "it's being made",
    ]
    assert stack_images.fates([image(1)], [], {}) == [Fate(image(1), "")]


def test_an_image_goes_with_its_snapshot_and_a_snapshot_that_was_left_is_found(
    cloud: Cloud, settings: Settings, node: Machine, over_ssh: OverSsh
) -> None:
    baked(cloud, settings, node)
    (found,) = stack_images.of_stack(cloud, STACK)
    assert stack_images.of_stack(cloud, {**STACK, "stack": "dev"}) == []
    (snapshot,) = found.snapshots
    tags = builder.tag_list({**STACK, "role": "node-image"})
    cloud.create_tags(Resources=[snapshot], Tags=tags)
    assert stack_images.left_snapshots(cloud, STACK, [found]) == []
    assert stack_images.left_snapshots(cloud, STACK, []) == [snapshot]
    told = list(stack_images.remove(cloud, [found]))
    assert told == [f"{found.id} is removed", f"{snapshot}, its snapshot, is removed"]
    assert stack_images.of_stack(cloud, STACK) == []
    assert stack_images.left_snapshots(cloud, STACK, []) == []


def test_machines_are_named_by_the_image_that_they_started_from(
    cloud: Cloud, settings: Settings
) -> None:
    source = stack_images.source_of(cloud, settings)
    cloud.run_instances(**builder.order(cloud.place, settings, source, "10.5.0.254"))
    of_it = Image(source["ImageId"], "available", "", "", "")
    assert stack_images.used_by(cloud, [of_it, image(1)]) == {
        of_it.id: ["openvidu-enterprise-prod-image-builder"]
    }
    assert stack_images.used_by(cloud, []) == {}


def test_the_script_that_cleans_is_the_last_one(settings: Settings) -> None:
    last = preparation.steps(settings)[-1]
    assert last.script == "clean-image.sh"
    assert (Path("machine") / last.script).exists()

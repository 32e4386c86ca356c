"""The table of aws:ec2/instance:Instance."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from lab.providers.aws.facts import fact, facts
from lab.providers.aws.resource_type import ResourceType, update
from lab.providers.aws.resources.instance import changing, ending, launch, reading
from lab.providers.aws.rules import base64_text, between, ipv4_address, one_of, tags, user_data
from lab.providers.aws.rules import identifier as an_id
from lab.providers.aws.schema import Failure, Kind, State, block, boolean, conflicts, string

_VOLUME_TYPES: Final = ("gp2", "gp3", "io1", "io2", "sc1", "st1", "standard")
_MADE_AT_LAUNCH: Final = (
    "associatePublicIpAddress",
    "privateIp",
    "sourceDestCheck",
    "subnetId",
    "vpcSecurityGroupIds",
)

_METADATA_OPTIONS: Final = fact(
    fields={
        "httpEndpoint": fact(one_of("enabled", "disabled"), default="enabled"),
        "httpProtocolIpv6": fact(one_of("enabled", "disabled"), default="disabled"),
        "httpPutResponseHopLimit": fact(between(1, 64)),
        "httpTokens": fact(one_of("optional", "required")),
        "instanceMetadataTags": fact(one_of("enabled", "disabled")),
    }
)

_ROOT_BLOCK_DEVICE: Final = fact(
    fields={
        **facts("deviceName", "encrypted", "kmsKeyId", "volumeId"),
        "deleteOnTermination": fact(default=True),
        "iops": fact(between(100, 256000)),
        "tags": fact(tags),
        "tagsAll": fact(settable=False),
        "throughput": fact(between(125, 2000)),
        "volumeSize": fact(between(1, 65536)),
        "volumeType": fact(one_of(*_VOLUME_TYPES)),
    }
)

_NETWORK_INTERFACES: Final = fact(
    fields={
        "deleteOnTermination": fact(default=False),
        "deviceIndex": fact(between(0, 15)),
        "networkInterfaceId": fact(an_id("eni")),
    },
    kind=Kind.LIST,
)

_PRIMARY_NETWORK_INTERFACE: Final = block(
    {
        "deleteOnTermination": boolean(computed=True, settable=False),
        "networkInterfaceId": string(an_id("eni"), required=True, replaces=True),
    },
    computed=True,
    replaces=True,
)


def _tags_of_volumes_once(inputs: State) -> Iterator[Failure]:
    root = inputs.get("rootBlockDevice")
    if inputs.get("volumeTags") is not None and isinstance(root, dict) and root.get("tags"):
        yield Failure("rootBlockDevice.tags", "cannot be given together with volumeTags")


def _user_data_replaces(old: State, new: State) -> Iterator[str]:
    if new.get("userDataReplaceOnChange"):
        yield from ("userData", "userDataBase64")


INSTANCE: Final = ResourceType(
    name="aws:ec2/instance:Instance",
    noun="EC2 instance",
    inputs={
        **facts(
            "associatePublicIpAddress",
            "availabilityZone",
            "disableApiStop",
            "disableApiTermination",
            "ebsOptimized",
            "iamInstanceProfile",
            "keyName",
            "monitoring",
        ),
        "ami": fact(an_id("ami"), required=True),
        "creditSpecification": fact(
            fields={"cpuCredits": fact(one_of("standard", "unlimited"), computed=True)}
        ),
        "forceDestroy": boolean(default=False),
        "instanceInitiatedShutdownBehavior": fact(one_of("stop", "terminate")),
        "instanceType": fact(required=True),
        "metadataOptions": _METADATA_OPTIONS,
        "networkInterfaces": _NETWORK_INTERFACES,
        "primaryNetworkInterface": _PRIMARY_NETWORK_INTERFACE,
        "privateIp": fact(ipv4_address),
        "rootBlockDevice": _ROOT_BLOCK_DEVICE,
        "sourceDestCheck": fact(
            computed=True,
            default=True,
            default_unless=("networkInterfaces", "primaryNetworkInterface"),
        ),
        "subnetId": fact(an_id("subnet")),
        "tenancy": fact(one_of("default", "dedicated", "host")),
        "userData": fact(user_data, computed=False, replaces=False),
        "userDataBase64": fact(base64_text),
        "userDataReplaceOnChange": fact(default=False),
        "volumeTags": fact(tags),
        "vpcSecurityGroupIds": fact(each=(an_id("sg"),)),
    },
    checks=(
        conflicts("userData", "userDataBase64"),
        _tags_of_volumes_once,
        conflicts("primaryNetworkInterface", *_MADE_AT_LAUNCH, "networkInterfaces"),
        conflicts("networkInterfaces", *_MADE_AT_LAUNCH),
    ),
    also_replaces=_user_data_replaces,
    provider_only=frozenset({"forceDestroy", "userDataReplaceOnChange"}),
    create=launch.create,
    settle=launch.settle,
    read=reading.read,
    updates=(
        update(
            changing.change_while_stopped,
            "instanceType",
            "userData",
            "userDataBase64",
            unsettles=("publicDns", "publicIp"),
        ),
        update(changing.set_flag("disableApiStop", "DisableApiStop"), "disableApiStop"),
        update(
            changing.set_flag("disableApiTermination", "DisableApiTermination"),
            "disableApiTermination",
        ),
        update(changing.set_shutdown_behavior, "instanceInitiatedShutdownBehavior"),
        update(changing.set_security_groups, "vpcSecurityGroupIds"),
        update(changing.set_source_check, "sourceDestCheck"),
        update(changing.set_metadata_options, "metadataOptions"),
        update(changing.set_monitoring, "monitoring"),
        update(changing.set_profile, "iamInstanceProfile"),
        update(changing.set_credits, "creditSpecification"),
        update(changing.change_root_volume, "rootBlockDevice"),
        update(changing.set_volume_tags, "volumeTags"),
    ),
    delete=ending.delete,
)

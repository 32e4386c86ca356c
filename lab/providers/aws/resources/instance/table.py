"""The table of aws:ec2/instance:Instance."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from lab.providers.aws.resource_type import ResourceType, update
from lab.providers.aws.resources.instance import changing, ending, launch, reading
from lab.providers.aws.rules import base64_text, between, ipv4_address, one_of, tags, user_data
from lab.providers.aws.rules import identifier as an_id
from lab.providers.aws.schema import (
    STRING_MAP,
    State,
    block,
    blocks,
    boolean,
    conflicts,
    integer,
    string,
    strings,
)

_VOLUME_TYPES: Final = ("gp2", "gp3", "io1", "io2", "sc1", "st1", "standard")
_MADE_AT_LAUNCH: Final = (
    "associatePublicIpAddress",
    "privateIp",
    "sourceDestCheck",
    "subnetId",
    "vpcSecurityGroupIds",
)

_METADATA_OPTIONS: Final = block(
    {
        "httpEndpoint": string(one_of("enabled", "disabled"), computed=True),
        "httpProtocolIpv6": string(one_of("enabled", "disabled"), computed=True),
        "httpPutResponseHopLimit": integer(between(1, 64), computed=True),
        "httpTokens": string(one_of("optional", "required"), computed=True),
        "instanceMetadataTags": string(one_of("enabled", "disabled"), computed=True),
    },
    computed=True,
)

_ROOT_BLOCK_DEVICE: Final = block(
    {
        "deleteOnTermination": boolean(default=True),
        "deviceName": string(computed=True, settable=False),
        "encrypted": boolean(computed=True, replaces=True),
        "iops": integer(between(100, 256000), computed=True),
        "kmsKeyId": string(computed=True, replaces=True),
        "tags": STRING_MAP.but(rules=(tags,)),
        "tagsAll": STRING_MAP.but(computed=True, settable=False),
        "throughput": integer(between(125, 2000), computed=True),
        "volumeId": string(computed=True, settable=False),
        "volumeSize": integer(between(1, 65536), computed=True),
        "volumeType": string(one_of(*_VOLUME_TYPES), computed=True),
    },
    computed=True,
)

_NETWORK_INTERFACES: Final = blocks(
    {
        "deleteOnTermination": boolean(default=False, replaces=True),
        "deviceIndex": integer(between(0, 15), required=True, replaces=True),
        "networkInterfaceId": string(an_id("eni"), required=True, replaces=True),
    },
    computed=True,
    replaces=True,
)

_PRIMARY_NETWORK_INTERFACE: Final = block(
    {
        "deleteOnTermination": boolean(computed=True, settable=False),
        "networkInterfaceId": string(an_id("eni"), required=True, replaces=True),
    },
    computed=True,
    replaces=True,
)


def _user_data_replaces(old: State, new: State) -> Iterator[str]:
    if new.get("userDataReplaceOnChange"):
        yield from ("userData", "userDataBase64")


INSTANCE: Final = ResourceType(
    name="aws:ec2/instance:Instance",
    noun="EC2 instance",
    inputs={
        "ami": string(an_id("ami"), required=True, replaces=True),
        "associatePublicIpAddress": boolean(computed=True, replaces=True),
        "availabilityZone": string(computed=True, replaces=True),
        "creditSpecification": block(
            {"cpuCredits": string(one_of("standard", "unlimited"), computed=True)}, computed=True
        ),
        "disableApiStop": boolean(computed=True),
        "disableApiTermination": boolean(computed=True),
        "ebsOptimized": boolean(computed=True, replaces=True),
        "forceDestroy": boolean(default=False),
        "iamInstanceProfile": string(computed=True),
        "instanceInitiatedShutdownBehavior": string(one_of("stop", "terminate"), computed=True),
        "instanceType": string(required=True),
        "keyName": string(computed=True, replaces=True),
        "metadataOptions": _METADATA_OPTIONS,
        "monitoring": boolean(computed=True),
        "networkInterfaces": _NETWORK_INTERFACES,
        "primaryNetworkInterface": _PRIMARY_NETWORK_INTERFACE,
        "privateIp": string(ipv4_address, computed=True, replaces=True),
        "rootBlockDevice": _ROOT_BLOCK_DEVICE,
        "sourceDestCheck": boolean(
            computed=True,
            default=True,
            default_unless=("networkInterfaces", "primaryNetworkInterface"),
        ),
        "subnetId": string(an_id("subnet"), computed=True, replaces=True),
        "tenancy": string(one_of("default", "dedicated", "host"), computed=True, replaces=True),
        "userData": string(user_data, computed=True),
        "userDataBase64": string(base64_text, computed=True),
        "userDataReplaceOnChange": boolean(default=False),
        "volumeTags": STRING_MAP.but(rules=(tags,)),
        "vpcSecurityGroupIds": strings(string(an_id("sg")), computed=True),
    },
    outputs=frozenset(
        {
            "arn",
            "instanceLifecycle",
            "instanceState",
            "outpostArn",
            "passwordData",
            "primaryNetworkInterfaceId",
            "privateDns",
            "publicDns",
            "publicIp",
            "spotInstanceRequestId",
        }
    ),
    checks=(
        conflicts("userData", "userDataBase64"),
        conflicts("primaryNetworkInterface", *_MADE_AT_LAUNCH, "networkInterfaces"),
        conflicts("networkInterfaces", *_MADE_AT_LAUNCH),
    ),
    also_replaces=_user_data_replaces,
    provider_only=frozenset({"forceDestroy", "userDataReplaceOnChange"}),
    create=launch.create,
    settle=launch.settle,
    read=reading.read,
    updates=(
        update(changing.change_while_stopped, "instanceType", "userData", "userDataBase64"),
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

"""RunInstances: from inputs to a launched instance."""

from __future__ import annotations

import base64
from typing import Any, Final

from lab.providers.aws.call import MINUTE, Call
from lab.providers.aws.errors import AwsError
from lab.providers.aws.resources.instance.states import PENDING, RUNNING, wait_for_state
from lab.providers.aws.resources.lookup import find_one, given
from lab.providers.aws.rules import base64_text
from lab.providers.aws.schema import State
from lab.providers.aws.tags import specification, tag_list

_SECONDS: Final = 10 * MINUTE

# Pulumi's name of each metadata option, and AWS's.
METADATA_OPTIONS: Final = {
    "httpEndpoint": "HttpEndpoint",
    "httpProtocolIpv6": "HttpProtocolIpv6",
    "httpPutResponseHopLimit": "HttpPutResponseHopLimit",
    "httpTokens": "HttpTokens",
    "instanceMetadataTags": "InstanceMetadataTags",
}
# Pulumi's name of what can be set of a root volume at launch, and AWS's.
_VOLUME: Final = {
    "deleteOnTermination": "DeleteOnTermination",
    "encrypted": "Encrypted",
    "iops": "Iops",
    "kmsKeyId": "KmsKeyId",
    "throughput": "Throughput",
    "volumeSize": "VolumeSize",
    "volumeType": "VolumeType",
}


def create(call: Call, inputs: State) -> str:
    """Launch one instance."""
    answer = call.ec2.run_instances(
        MinCount=1, MaxCount=1, ClientToken=call.token, **_arguments(call, inputs)
    )
    return answer["Instances"][0]["InstanceId"]


def settle(call: Call, identifier: str, inputs: State) -> None:
    """Wait until it runs."""
    wait_for_state(call, identifier, RUNNING, through={PENDING}, seconds=_SECONDS)


def user_data_bytes(inputs: State) -> bytes | None:
    """The user data to send; as in the real provider, text that is base64 is taken as such."""
    text = inputs.get("userDataBase64") or inputs.get("userData")
    if not text:
        return None
    return text.encode() if base64_text(text) else base64.b64decode(text)


def _arguments(call: Call, inputs: State) -> dict[str, Any]:
    interfaces = _interfaces(inputs)
    separate = {} if interfaces else _network(inputs)
    return given(
        BlockDeviceMappings=_block_devices(call, inputs),
        CreditSpecification=_credits(inputs),
        DisableApiStop=inputs.get("disableApiStop"),
        DisableApiTermination=inputs.get("disableApiTermination"),
        EbsOptimized=inputs.get("ebsOptimized"),
        IamInstanceProfile=given(Name=inputs.get("iamInstanceProfile")),
        ImageId=inputs["ami"],
        InstanceInitiatedShutdownBehavior=inputs.get("instanceInitiatedShutdownBehavior"),
        InstanceType=inputs["instanceType"],
        KeyName=inputs.get("keyName"),
        MetadataOptions=given(
            **{
                theirs: (inputs.get("metadataOptions") or {}).get(ours)
                for ours, theirs in METADATA_OPTIONS.items()
            }
        ),
        Monitoring={"Enabled": True} if inputs.get("monitoring") else None,
        NetworkInterfaces=interfaces,
        Placement=given(
            AvailabilityZone=inputs.get("availabilityZone"), Tenancy=inputs.get("tenancy")
        ),
        TagSpecifications=_tags(inputs),
        UserData=user_data_bytes(inputs),
        **separate,
    )


def _tags(inputs: State) -> list[Any]:
    volumes = inputs.get("volumeTags") or (inputs.get("rootBlockDevice") or {}).get("tags")
    of_volumes = [{"ResourceType": "volume", "Tags": tag_list(volumes)}] if volumes else []
    return [*specification("instance", inputs), *of_volumes]


def _credits(inputs: State) -> dict[str, Any]:
    return given(CpuCredits=(inputs.get("creditSpecification") or {}).get("cpuCredits"))


def _interfaces(inputs: State) -> list[Any]:
    """The interfaces that are attached at launch, or the one that is made with the instance."""
    if inputs.get("primaryNetworkInterface"):
        primary = inputs["primaryNetworkInterface"]["networkInterfaceId"]
        return [{"DeviceIndex": 0, "NetworkInterfaceId": primary}]
    if inputs.get("networkInterfaces"):
        return [
            {
                "DeviceIndex": interface["deviceIndex"],
                "NetworkInterfaceId": interface["networkInterfaceId"],
                "DeleteOnTermination": interface["deleteOnTermination"],
            }
            for interface in inputs["networkInterfaces"]
        ]
    if "associatePublicIpAddress" in inputs:
        return [
            given(
                DeviceIndex="0",
                SubnetId=inputs.get("subnetId"),
                Groups=inputs.get("vpcSecurityGroupIds"),
                PrivateIpAddress=inputs.get("privateIp"),
            )
            | {"DeviceIndex": 0, "AssociatePublicIpAddress": inputs["associatePublicIpAddress"]}
        ]
    return []


def _network(inputs: State) -> dict[str, Any]:
    return given(
        SubnetId=inputs.get("subnetId"),
        SecurityGroupIds=inputs.get("vpcSecurityGroupIds"),
        PrivateIpAddress=inputs.get("privateIp"),
    )


def _block_devices(call: Call, inputs: State) -> list[Any]:
    root = inputs.get("rootBlockDevice")
    if not root:
        return []
    volume = {theirs: root[ours] for ours, theirs in _VOLUME.items() if root.get(ours) is not None}
    return [{"DeviceName": _root_device(call, inputs["ami"]), "Ebs": volume}]


def _root_device(call: Call, ami: str) -> str:
    image = find_one(lambda: call.ec2.describe_images(ImageIds=[ami]), "Images")
    if image is None:
        raise AwsError(f"the image {ami} does not exist in {call.region}")
    return str(image["RootDeviceName"])

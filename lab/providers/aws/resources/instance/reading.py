"""DescribeInstances and its kin: from an instance to outputs."""

from __future__ import annotations

import base64
import binascii
from typing import Any, Final

from lab.providers.aws.call import Call
from lab.providers.aws.resources.instance.launch import METADATA_OPTIONS
from lab.providers.aws.resources.instance.states import TERMINATED, find_instance, state_of
from lab.providers.aws.resources.lookup import find_one
from lab.providers.aws.schema import State
from lab.providers.aws.tags import tag_map

# Pulumi's name of what EC2 tells only one at a time: EC2's name for it, and where the answer is.
_ATTRIBUTES: Final = {
    "disableApiStop": ("disableApiStop", "DisableApiStop"),
    "disableApiTermination": ("disableApiTermination", "DisableApiTermination"),
    "instanceInitiatedShutdownBehavior": (
        "instanceInitiatedShutdownBehavior",
        "InstanceInitiatedShutdownBehavior",
    ),
}
_BURSTABLE: Final = ("t2.", "t3.", "t3a.", "t4g.")


def read(call: Call, identifier: str, state: State) -> State | None:
    """Everything that the real provider tells about an instance and the lab knows."""
    instance = find_instance(call, identifier)
    if instance is None or state_of(instance) == TERMINATED:
        return None
    return {
        **_of_instance(call, identifier, instance),
        **_of_network(instance, state),
        **_of_user_data(call, identifier, state),
        **{name: _attribute(call, identifier, name) for name in _ATTRIBUTES},
        "creditSpecification": _credits(call, identifier, instance),
        "rootBlockDevice": root_block_device(call, instance, state),
        "tagsAll": tag_map(instance.get("Tags")),
    }


def _of_instance(call: Call, identifier: str, instance: dict[str, Any]) -> State:
    placement = instance.get("Placement") or {}
    return {
        "ami": instance.get("ImageId"),
        "arn": call.arn("instance", identifier, instance.get("OwnerId")),
        "availabilityZone": placement.get("AvailabilityZone"),
        "ebsOptimized": instance.get("EbsOptimized"),
        "instanceLifecycle": instance.get("InstanceLifecycle", ""),
        "instanceState": state_of(instance),
        "instanceType": instance.get("InstanceType"),
        "iamInstanceProfile": profile_of(instance),
        "keyName": instance.get("KeyName"),
        "metadataOptions": _metadata_options(instance),
        "monitoring": (instance.get("Monitoring") or {}).get("State") in ("enabled", "pending"),
        "outpostArn": instance.get("OutpostArn", ""),
        "passwordData": "",
        "privateDns": instance.get("PrivateDnsName", ""),
        "privateIp": instance.get("PrivateIpAddress"),
        "publicDns": instance.get("PublicDnsName", ""),
        "publicIp": instance.get("PublicIpAddress", ""),
        "spotInstanceRequestId": instance.get("SpotInstanceRequestId", ""),
        "subnetId": instance.get("SubnetId"),
        "tenancy": placement.get("Tenancy"),
    }


def _metadata_options(instance: dict[str, Any]) -> State | None:
    options = instance.get("MetadataOptions")
    if not options:
        return None
    told = {ours: options.get(theirs) for ours, theirs in METADATA_OPTIONS.items()}
    return {name: value for name, value in told.items() if value is not None}


def primary_interface(instance: dict[str, Any]) -> dict[str, Any] | None:
    """The interface with device index 0."""
    for interface in instance.get("NetworkInterfaces", ()):
        if (interface.get("Attachment") or {}).get("DeviceIndex") == 0:
            found: dict[str, Any] = interface
            return found
    return None


def profile_of(instance: dict[str, Any]) -> str:
    """The name of an instance's profile, or empty."""
    arn = (instance.get("IamInstanceProfile") or {}).get("Arn", "")
    return str(arn).rpartition("/")[2]


def _of_network(instance: dict[str, Any], state: State) -> State:
    primary = primary_interface(instance) or {}
    groups = primary.get("Groups") or instance.get("SecurityGroups") or ()
    outputs: State = {
        "primaryNetworkInterfaceId": primary.get("NetworkInterfaceId", ""),
        "vpcSecurityGroupIds": [group["GroupId"] for group in groups],
    }
    if "primaryNetworkInterface" not in state and "networkInterfaces" not in state:
        outputs["sourceDestCheck"] = primary.get("SourceDestCheck")
    if not state:
        # Known from the program else: an address may have been associated since.
        outputs["associatePublicIpAddress"] = bool(instance.get("PublicIpAddress"))
    if not state.get("networkInterfaces"):
        outputs["primaryNetworkInterface"] = _primary(primary)
    else:
        outputs["networkInterfaces"] = _attached(instance, state["networkInterfaces"])
    return outputs


def _primary(interface: dict[str, Any]) -> State | None:
    if not interface:
        return None
    attachment = interface.get("Attachment") or {}
    return {
        "deleteOnTermination": attachment.get("DeleteOnTermination"),
        "networkInterfaceId": interface["NetworkInterfaceId"],
    }


def _attached(instance: dict[str, Any], wanted: list[State]) -> list[State]:
    """The interfaces in the order in which the program gives them."""
    known = {interface["networkInterfaceId"]: index for index, interface in enumerate(wanted)}
    found = [
        {
            "deleteOnTermination": (interface.get("Attachment") or {}).get("DeleteOnTermination"),
            "deviceIndex": (interface.get("Attachment") or {}).get("DeviceIndex"),
            "networkInterfaceId": interface["NetworkInterfaceId"],
        }
        for interface in instance.get("NetworkInterfaces", ())
        if interface["NetworkInterfaceId"] in known
    ]
    return sorted(found, key=lambda interface: known[interface["networkInterfaceId"]])


def _of_user_data(call: Call, identifier: str, state: State) -> State:
    """User data in the form in which the program gives it."""
    answer = call.ec2.describe_instance_attribute(InstanceId=identifier, Attribute="userData")
    encoded = (answer.get("UserData") or {}).get("Value", "")
    if "userDataBase64" in state:
        return {"userDataBase64": encoded}
    if not encoded:
        return {"userData": None}
    known = state.get("userData")
    if known == encoded:
        return {"userData": known}
    try:
        return {"userData": base64.b64decode(encoded).decode()}
    except (binascii.Error, UnicodeDecodeError):
        return {"userData": encoded}


def _attribute(call: Call, identifier: str, name: str) -> Any:
    theirs, key = _ATTRIBUTES[name]
    answer: Any = call.ec2.describe_instance_attribute(
        InstanceId=identifier,
        Attribute=theirs,  # type: ignore[arg-type]  # the stubs want literals
    )
    return (answer.get(key) or {}).get("Value")


def _credits(call: Call, identifier: str, instance: dict[str, Any]) -> State | None:
    if not str(instance.get("InstanceType")).startswith(_BURSTABLE):
        return None
    answer = call.ec2.describe_instance_credit_specifications(InstanceIds=[identifier])
    found = answer.get("InstanceCreditSpecifications")
    return {"cpuCredits": found[0].get("CpuCredits")} if found else None


def root_volume_id(instance: dict[str, Any]) -> str | None:
    """The id of the volume that the instance booted from."""
    for mapping in instance.get("BlockDeviceMappings", ()):
        if mapping.get("DeviceName") == instance.get("RootDeviceName"):
            return str(mapping["Ebs"]["VolumeId"])
    return None


def root_block_device(call: Call, instance: dict[str, Any], state: State) -> State | None:
    """The root volume and how it hangs on the instance."""
    identifier = root_volume_id(instance)
    if identifier is None:
        return None
    volume = find_one(lambda: call.ec2.describe_volumes(VolumeIds=[identifier]), "Volumes")
    if volume is None:
        return None
    mapping = next(
        mapping
        for mapping in instance["BlockDeviceMappings"]
        if mapping["Ebs"]["VolumeId"] == identifier
    )
    tags = tag_map(volume.get("Tags"))
    # Where the program tags all volumes together, the root volume's own tags stay out.
    own = {} if "volumeTags" in state else {"tags": tags, "tagsAll": tags}
    told = {
        "deleteOnTermination": mapping["Ebs"].get("DeleteOnTermination"),
        "deviceName": mapping.get("DeviceName"),
        "encrypted": volume.get("Encrypted"),
        "iops": volume.get("Iops"),
        "kmsKeyId": volume.get("KmsKeyId", ""),
        "throughput": volume.get("Throughput"),
        "volumeId": identifier,
        "volumeSize": volume.get("Size"),
        "volumeType": volume.get("VolumeType"),
        **own,
    }
    return {name: value for name, value in told.items() if value is not None}

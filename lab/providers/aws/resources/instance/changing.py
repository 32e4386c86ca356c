"""What can be changed of an instance in place, and how.

The type and the user data of a running instance need a stop and a start, as in the real provider.
"""

from __future__ import annotations

from typing import Any, Final

from lab.providers.aws.call import MINUTE, Call
from lab.providers.aws.errors import AwsError
from lab.providers.aws.resource_type import Apply, Change
from lab.providers.aws.resources.instance.launch import METADATA_OPTIONS, user_data_bytes
from lab.providers.aws.resources.instance.reading import primary_interface, root_volume_id
from lab.providers.aws.resources.instance.states import (
    PENDING,
    RUNNING,
    SHUTTING_DOWN,
    STOPPED,
    STOPPING,
    TERMINATED,
    find_instance,
    state_of,
    wait_for_state,
)
from lab.providers.aws.resources.lookup import given
from lab.providers.aws.resources.volume_modification import wait_for_modification
from lab.providers.aws.tags import replace_tags

_SECONDS: Final = 10 * MINUTE
_VOLUME: Final = {
    "iops": "Iops",
    "throughput": "Throughput",
    "volumeSize": "Size",
    "volumeType": "VolumeType",
}


def change_while_stopped(call: Call, identifier: str, change: Change) -> None:
    """Stop the instance, give it its new type and user data, start it again."""
    was = state_of(find_instance(call, identifier))
    if was in (SHUTTING_DOWN, TERMINATED):
        raise AwsError(f"{identifier} is {was}; run a refresh, then the update again")
    if was != STOPPED:
        call.ec2.stop_instances(InstanceIds=[identifier])
        through = {RUNNING, PENDING, STOPPING}
        wait_for_state(call, identifier, STOPPED, through=through, seconds=_SECONDS)
    if change.differs("instanceType"):
        call.ec2.modify_instance_attribute(
            InstanceId=identifier, InstanceType={"Value": change.new["instanceType"]}
        )
    if _user_data_changes(change):
        call.ec2.modify_instance_attribute(
            InstanceId=identifier, UserData={"Value": user_data_bytes(change.new) or b""}
        )
    call.ec2.start_instances(InstanceIds=[identifier])
    wait_for_state(call, identifier, RUNNING, through={STOPPED, PENDING}, seconds=_SECONDS)


def _user_data_changes(change: Change) -> bool:
    names = ("userData", "userDataBase64")
    return any((change.old.get(name) or "") != (change.new.get(name) or "") for name in names)


def set_flag(name: str, attribute: str) -> Apply:
    """A step that sets an attribute of an instance that is true or false."""

    def apply(call: Call, identifier: str, change: Change) -> None:
        flag: Any = {attribute: {"Value": bool(change.new.get(name))}}
        call.ec2.modify_instance_attribute(InstanceId=identifier, **flag)

    return apply


def set_shutdown_behavior(call: Call, identifier: str, change: Change) -> None:
    """Set what a shutdown from inside does: stop or terminate."""
    call.ec2.modify_instance_attribute(
        InstanceId=identifier,
        Attribute="instanceInitiatedShutdownBehavior",
        Value=change.new["instanceInitiatedShutdownBehavior"],
    )


def set_security_groups(call: Call, identifier: str, change: Change) -> None:
    """Set the security groups of the primary interface."""
    call.ec2.modify_network_interface_attribute(
        NetworkInterfaceId=_primary(call, identifier), Groups=change.new["vpcSecurityGroupIds"]
    )


def set_source_check(call: Call, identifier: str, change: Change) -> None:
    """Set whether the instance may pass on packets that are not its own."""
    call.ec2.modify_network_interface_attribute(
        NetworkInterfaceId=_primary(call, identifier),
        SourceDestCheck={"Value": bool(change.new.get("sourceDestCheck"))},
    )


def _primary(call: Call, identifier: str) -> str:
    interface = primary_interface(find_instance(call, identifier) or {})
    if interface is None:
        raise AwsError(f"{identifier} has no primary network interface")
    return str(interface["NetworkInterfaceId"])


def set_metadata_options(call: Call, identifier: str, change: Change) -> None:
    """Set how the instance reaches its metadata."""
    wanted = change.new.get("metadataOptions") or {}
    options: Any = given(**{theirs: wanted.get(ours) for ours, theirs in METADATA_OPTIONS.items()})
    call.ec2.modify_instance_metadata_options(InstanceId=identifier, **options)


def set_monitoring(call: Call, identifier: str, change: Change) -> None:
    """Switch detailed monitoring on or off."""
    if change.new.get("monitoring"):
        call.ec2.monitor_instances(InstanceIds=[identifier])
    else:
        call.ec2.unmonitor_instances(InstanceIds=[identifier])


def set_profile(call: Call, identifier: str, change: Change) -> None:
    """Give the instance another profile, or none."""
    mine: Any = [{"Name": "instance-id", "Values": [identifier]}]
    told = call.ec2.describe_iam_instance_profile_associations(Filters=mine)
    for one in told["IamInstanceProfileAssociations"]:
        call.ec2.disassociate_iam_instance_profile(AssociationId=one["AssociationId"])
    if name := change.new.get("iamInstanceProfile"):
        call.ec2.associate_iam_instance_profile(
            InstanceId=identifier, IamInstanceProfile={"Name": name}
        )


def set_credits(call: Call, identifier: str, change: Change) -> None:
    """Set what a burstable instance may do when its credits are used up."""
    wanted = (change.new.get("creditSpecification") or {}).get("cpuCredits")
    if wanted:
        call.ec2.modify_instance_credit_specification(
            InstanceCreditSpecifications=[{"InstanceId": identifier, "CpuCredits": wanted}]
        )


def change_root_volume(call: Call, identifier: str, change: Change) -> None:
    """Change the root volume's size, type, speed, tags, and whether it goes with the instance."""
    old = change.old.get("rootBlockDevice") or {}
    new = change.new.get("rootBlockDevice") or {}
    instance = find_instance(call, identifier) or {}
    volume = root_volume_id(instance)
    if volume is None:
        raise AwsError(f"{identifier} has no root volume")
    resized: Any = {
        theirs: new[ours]
        for ours, theirs in _VOLUME.items()
        if new.get(ours) is not None and new[ours] != old.get(ours)
    }
    if resized:
        call.ec2.modify_volume(VolumeId=volume, **resized)
        wait_for_modification(call, volume)
    if new.get("deleteOnTermination") not in (None, old.get("deleteOnTermination")):
        call.ec2.modify_instance_attribute(
            InstanceId=identifier,
            BlockDeviceMappings=[
                {
                    "DeviceName": instance["RootDeviceName"],
                    "Ebs": {"DeleteOnTermination": new["deleteOnTermination"]},
                }
            ],
        )
    if "volumeTags" not in change.new:
        replace_tags(call, volume, old.get("tags") or {}, new.get("tags") or {})


def set_volume_tags(call: Call, identifier: str, change: Change) -> None:
    """Set the tags of all volumes."""
    instance = find_instance(call, identifier) or {}
    for mapping in instance.get("BlockDeviceMappings", ()):
        replace_tags(
            call,
            mapping["Ebs"]["VolumeId"],
            change.old.get("volumeTags") or {},
            change.new.get("volumeTags") or {},
        )

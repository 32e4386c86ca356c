"""aws:ec2/getAmi:getAmi.

Source: terraform-provider-aws 6, data source aws_ami.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final

from lab.providers.aws.call import Call
from lab.providers.aws.function import Function
from lab.providers.aws.invokes.filters import FILTERS, filter_list
from lab.providers.aws.invokes.newest import newest
from lab.providers.aws.resources.lookup import given
from lab.providers.aws.schema import BOOL, STRING, STRING_LIST, Failure, State
from lab.providers.aws.tags import tag_map

# Pulumi's names of what is told as it is, and AWS's.
_PLAIN: Final = {
    "architecture": "Architecture",
    "bootMode": "BootMode",
    "creationDate": "CreationDate",
    "deprecationTime": "DeprecationTime",
    "description": "Description",
    "enaSupport": "EnaSupport",
    "hypervisor": "Hypervisor",
    "imageId": "ImageId",
    "imageLocation": "ImageLocation",
    "imageOwnerAlias": "ImageOwnerAlias",
    "imageType": "ImageType",
    "imdsSupport": "ImdsSupport",
    "kernelId": "KernelId",
    "lastLaunchedTime": "LastLaunchedTime",
    "name": "Name",
    "ownerId": "OwnerId",
    "platform": "Platform",
    "platformDetails": "PlatformDetails",
    "public": "Public",
    "ramdiskId": "RamdiskId",
    "rootDeviceName": "RootDeviceName",
    "rootDeviceType": "RootDeviceType",
    "sriovNetSupport": "SriovNetSupport",
    "state": "State",
    "tpmSupport": "TpmSupport",
    "usageOperation": "UsageOperation",
    "virtualizationType": "VirtualizationType",
}


def _answer(call: Call, inputs: State) -> State:
    images = _matching(call, inputs)
    chosen = newest(images, "images", lambda image: str(image.get("CreationDate", "")), inputs)
    return {**inputs, **_describe(call, chosen)}


def _matching(call: Call, inputs: State) -> list[dict[str, Any]]:
    arguments = given(
        ExecutableUsers=inputs.get("executableUsers"),
        Filters=filter_list(inputs),
        IncludeDeprecated=inputs.get("includeDeprecated"),
        Owners=inputs.get("owners"),
    )
    images: Any = call.ec2.describe_images(**arguments)["Images"]
    pattern = inputs.get("nameRegex")
    if pattern:
        images = [image for image in images if re.search(pattern, image.get("Name", ""))]
    return list(images)


def _describe(call: Call, image: dict[str, Any]) -> State:
    identifier = image["ImageId"]
    told = {ours: image.get(theirs) for ours, theirs in _PLAIN.items()}
    return {
        **{name: value for name, value in told.items() if value is not None},
        "arn": f"arn:aws:ec2:{call.region}::image/{identifier}",
        "blockDeviceMappings": [_mapping(each) for each in image.get("BlockDeviceMappings", ())],
        "id": identifier,
        "productCodes": [
            {"productCodeId": code["ProductCodeId"], "productCodeType": code["ProductCodeType"]}
            for code in image.get("ProductCodes", ())
        ],
        "rootSnapshotId": _root_snapshot(image),
        "stateReason": {
            "code": (image.get("StateReason") or {}).get("Code", "UNSET"),
            "message": (image.get("StateReason") or {}).get("Message", "UNSET"),
        },
        "tags": tag_map(image.get("Tags")),
    }


def _mapping(mapping: dict[str, Any]) -> State:
    volume = {key: str(value) for key, value in (mapping.get("Ebs") or {}).items()}
    return {
        "deviceName": mapping.get("DeviceName", ""),
        "ebs": {
            "delete_on_termination": volume.get("DeleteOnTermination", "").lower(),
            "encrypted": volume.get("Encrypted", "").lower(),
            "iops": volume.get("Iops", "0"),
            "snapshot_id": volume.get("SnapshotId", ""),
            "throughput": volume.get("Throughput", "0"),
            "volume_size": volume.get("VolumeSize", "0"),
            "volume_type": volume.get("VolumeType", ""),
        },
        "noDevice": mapping.get("NoDevice", ""),
        "virtualName": mapping.get("VirtualName", ""),
    }


def _root_snapshot(image: dict[str, Any]) -> str:
    for mapping in image.get("BlockDeviceMappings", ()):
        if mapping.get("DeviceName") == image.get("RootDeviceName"):
            return str((mapping.get("Ebs") or {}).get("SnapshotId", ""))
    return ""


def _pattern_compiles(inputs: State) -> Iterator[Failure]:
    try:
        re.compile(inputs.get("nameRegex") or "")
    except re.error as error:
        yield Failure("nameRegex", f"expected a regular expression: {error}")


AMI: Final = Function(
    name="aws:ec2/getAmi:getAmi",
    noun="image",
    inputs={
        "executableUsers": STRING_LIST,
        "filters": FILTERS,
        "includeDeprecated": BOOL,
        "mostRecent": BOOL,
        "nameRegex": STRING,
        "owners": STRING_LIST,
    },
    outputs=frozenset(
        {
            *_PLAIN,
            "arn",
            "blockDeviceMappings",
            "id",
            "productCodes",
            "rootSnapshotId",
            "stateReason",
            "tags",
        }
    ),
    checks=(_pattern_compiles,),
    answer=_answer,
)

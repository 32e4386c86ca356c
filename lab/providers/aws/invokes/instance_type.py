"""aws:ec2/getInstanceType and aws:ec2/getInstanceTypeOfferings.

Source: terraform-provider-aws 6, data sources aws_ec2_instance_type and …_offerings.
"""

from __future__ import annotations

from typing import Any, Final

from lab.providers.aws.call import Call
from lab.providers.aws.errors import AwsError
from lab.providers.aws.function import Function
from lab.providers.aws.invokes.filters import FILTERS, filter_list
from lab.providers.aws.resources.lookup import find_one, given
from lab.providers.aws.rules import one_of
from lab.providers.aws.schema import State, string

# Pulumi's names of what is told, and the way to it in AWS's answer.
_TOLD: Final = {
    "autoRecoverySupported": ("AutoRecoverySupported",),
    "bareMetal": ("BareMetal",),
    "burstablePerformanceSupported": ("BurstablePerformanceSupported",),
    "currentGeneration": ("CurrentGeneration",),
    "dedicatedHostsSupported": ("DedicatedHostsSupported",),
    "defaultCores": ("VCpuInfo", "DefaultCores"),
    "defaultThreadsPerCore": ("VCpuInfo", "DefaultThreadsPerCore"),
    "defaultVcpus": ("VCpuInfo", "DefaultVCpus"),
    "ebsEncryptionSupport": ("EbsInfo", "EncryptionSupport"),
    "ebsNvmeSupport": ("EbsInfo", "NvmeSupport"),
    "ebsOptimizedSupport": ("EbsInfo", "EbsOptimizedSupport"),
    "efaSupported": ("NetworkInfo", "EfaSupported"),
    "enaSupport": ("NetworkInfo", "EnaSupport"),
    "encryptionInTransitSupported": ("NetworkInfo", "EncryptionInTransitSupported"),
    "freeTierEligible": ("FreeTierEligible",),
    "hibernationSupported": ("HibernationSupported",),
    "hypervisor": ("Hypervisor",),
    "instanceStorageSupported": ("InstanceStorageSupported",),
    "instanceType": ("InstanceType",),
    "ipv6Supported": ("NetworkInfo", "Ipv6Supported"),
    "maximumIpv4AddressesPerInterface": ("NetworkInfo", "Ipv4AddressesPerInterface"),
    "maximumIpv6AddressesPerInterface": ("NetworkInfo", "Ipv6AddressesPerInterface"),
    "maximumNetworkCards": ("NetworkInfo", "MaximumNetworkCards"),
    "maximumNetworkInterfaces": ("NetworkInfo", "MaximumNetworkInterfaces"),
    "memorySize": ("MemoryInfo", "SizeInMiB"),
    "networkPerformance": ("NetworkInfo", "NetworkPerformance"),
    "supportedArchitectures": ("ProcessorInfo", "SupportedArchitectures"),
    "supportedPlacementStrategies": ("PlacementGroupInfo", "SupportedStrategies"),
    "supportedRootDeviceTypes": ("SupportedRootDeviceTypes",),
    "supportedUsagesClasses": ("SupportedUsageClasses",),
    "supportedVirtualizationTypes": ("SupportedVirtualizationTypes",),
    "sustainedClockSpeed": ("ProcessorInfo", "SustainedClockSpeedInGhz"),
    "totalInstanceStorage": ("InstanceStorageInfo", "TotalSizeInGB"),
    "validCores": ("VCpuInfo", "ValidCores"),
    "validThreadsPerCores": ("VCpuInfo", "ValidThreadsPerCore"),
}


def _instance_type(call: Call, inputs: State) -> State:
    name = inputs["instanceType"]
    told: Any = find_one(
        lambda: call.ec2.describe_instance_types(InstanceTypes=[name]), "InstanceTypes"
    )
    if told is None:
        raise AwsError(f"InvalidInstanceType: {call.region} has no instance type {name!r}")
    found = {ours: _dig(told, way) for ours, way in _TOLD.items()}
    return {"id": name, **{key: value for key, value in found.items() if value is not None}}


def _dig(value: Any, way: tuple[str, ...]) -> Any:
    for key in way:
        value = (value or {}).get(key)
    return value


def _offerings(call: Call, inputs: State) -> State:
    arguments = given(LocationType=inputs.get("locationType"), Filters=filter_list(inputs))
    pages = call.ec2.get_paginator("describe_instance_type_offerings").paginate(**arguments)
    offerings = [each for page in pages for each in page["InstanceTypeOfferings"]]
    return {
        **inputs,
        "id": call.region,
        "instanceTypes": [each["InstanceType"] for each in offerings],
        "locationTypes": [each["LocationType"] for each in offerings],
        "locations": [each["Location"] for each in offerings],
    }


INSTANCE_TYPE: Final = Function(
    name="aws:ec2/getInstanceType:getInstanceType",
    noun="instance type",
    inputs={"instanceType": string(required=True)},
    outputs=frozenset({"id", *_TOLD}),
    answer=_instance_type,
)

INSTANCE_TYPE_OFFERINGS: Final = Function(
    name="aws:ec2/getInstanceTypeOfferings:getInstanceTypeOfferings",
    noun="instance type offerings",
    inputs={
        "filters": FILTERS,
        "locationType": string(
            one_of("region", "availability-zone", "availability-zone-id", "outpost")
        ),
    },
    outputs=frozenset({"id", "instanceTypes", "locationTypes", "locations"}),
    answer=_offerings,
)

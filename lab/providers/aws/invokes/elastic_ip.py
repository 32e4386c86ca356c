"""aws:ec2/getElasticIp and aws:ec2/getEips.

Source: terraform-provider-aws 6, data sources aws_eip and aws_eips.
"""

from __future__ import annotations

from typing import Any, Final

from lab.providers.aws.call import Call
from lab.providers.aws.errors import AwsError
from lab.providers.aws.function import Function
from lab.providers.aws.invokes.filters import FILTERS, filter_list
from lab.providers.aws.resources.eip import describe
from lab.providers.aws.resources.lookup import given
from lab.providers.aws.schema import STRING, STRING_MAP, State


def _one(call: Call, inputs: State) -> State:
    found = _addresses(
        call,
        inputs,
        AllocationIds=[inputs["id"]] if inputs.get("id") else None,
        PublicIps=[inputs["publicIp"]] if inputs.get("publicIp") else None,
    )
    if len(found) != 1:
        raise AwsError(f"found {len(found)} Elastic IPs, expected one")
    told = describe(call, found[0])
    return {
        **{key: value for key, value in told.items() if key in _AS_THE_RESOURCE},
        "id": told["allocationId"],
        "instanceId": told["instance"],
        "networkInterfaceId": told["networkInterface"],
        "tags": told["tagsAll"],
    }


def _all(call: Call, inputs: State) -> State:
    found = _addresses(call, inputs)
    return {
        **inputs,
        "allocationIds": [address["AllocationId"] for address in found],
        "id": call.region,
        "publicIps": [address["PublicIp"] for address in found],
    }


def _addresses(call: Call, inputs: State, **arguments: Any) -> list[Any]:
    tags = [
        {"Name": f"tag:{key}", "Values": [value]}
        for key, value in (inputs.get("tags") or {}).items()
    ]
    filters = [*filter_list(inputs), *tags]
    found: list[Any] = call.ec2.describe_addresses(**given(**arguments, Filters=filters or None))[
        "Addresses"
    ]
    return found


_AS_THE_RESOURCE: Final = frozenset(
    {
        "arn",
        "associationId",
        "domain",
        "privateDns",
        "privateIp",
        "publicDns",
        "publicIp",
        "publicIpv4Pool",
    }
)
"""What the function tells under the resource's names."""

ELASTIC_IP: Final = Function(
    name="aws:ec2/getElasticIp:getElasticIp",
    noun="Elastic IP",
    inputs={"filters": FILTERS, "id": STRING, "publicIp": STRING, "tags": STRING_MAP},
    outputs=(_AS_THE_RESOURCE - {"publicIp"}) | {"instanceId", "networkInterfaceId"},
    answer=_one,
)

ELASTIC_IPS: Final = Function(
    name="aws:ec2/getEips:getEips",
    noun="Elastic IPs",
    inputs={"filters": FILTERS, "tags": STRING_MAP},
    outputs=frozenset({"allocationIds", "id", "publicIps"}),
    answer=_all,
)

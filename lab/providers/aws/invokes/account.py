"""aws:index/getAvailabilityZones, aws:index/getCallerIdentity, aws:index/getRegion.

Source: terraform-provider-aws 6, the data sources of the same names.
"""

from __future__ import annotations

from typing import Final

from botocore.session import get_session

from lab.providers.aws.call import Call
from lab.providers.aws.errors import AwsError
from lab.providers.aws.function import Function
from lab.providers.aws.invokes.filters import FILTERS, filter_list
from lab.providers.aws.resources.lookup import given, where
from lab.providers.aws.rules import one_of
from lab.providers.aws.schema import BOOL, STRING, STRING_SET, State, string


def _zones(call: Call, inputs: State) -> State:
    filters = filter_list(inputs)
    if inputs.get("state"):
        filters += where(state=inputs["state"])
    arguments = given(AllAvailabilityZones=inputs.get("allAvailabilityZones"), Filters=filters)
    zones = call.ec2.describe_availability_zones(**arguments)["AvailabilityZones"]
    kept = sorted(
        (
            zone
            for zone in zones
            if zone.get("ZoneName") not in inputs.get("excludeNames", ())
            and zone.get("ZoneId") not in inputs.get("excludeZoneIds", ())
        ),
        key=lambda zone: zone["ZoneName"],
    )
    return {
        **inputs,
        "groupNames": sorted({zone["GroupName"] for zone in kept if zone.get("GroupName")}),
        "id": call.region,
        "names": [zone["ZoneName"] for zone in kept],
        "zoneIds": [zone["ZoneId"] for zone in kept],
    }


def _caller(call: Call, inputs: State) -> State:
    identity = call.clients.identity(call.region)
    return {
        "accountId": identity["Account"],
        "arn": identity["Arn"],
        "id": identity["Account"],
        "userId": identity["UserId"],
    }


def _region(call: Call, inputs: State) -> State:
    name = inputs.get("name") or call.region
    for partition in get_session().get_data("endpoints")["partitions"]:
        if name in partition["regions"]:
            return {
                "description": partition["regions"][name]["description"],
                "endpoint": f"ec2.{name}.{partition['dnsSuffix']}",
                "id": name,
                "name": name,
                "region": name,
            }
    raise AwsError(f"AWS has no region {name!r}")


AVAILABILITY_ZONES: Final = Function(
    name="aws:index/getAvailabilityZones:getAvailabilityZones",
    noun="availability zones",
    inputs={
        "allAvailabilityZones": BOOL,
        "excludeNames": STRING_SET,
        "excludeZoneIds": STRING_SET,
        "filters": FILTERS,
        "state": string(one_of("available", "information", "impaired", "unavailable")),
    },
    outputs=frozenset({"groupNames", "id", "names", "zoneIds"}),
    answer=_zones,
)

CALLER_IDENTITY: Final = Function(
    name="aws:index/getCallerIdentity:getCallerIdentity",
    noun="caller identity",
    inputs={},
    outputs=frozenset({"accountId", "arn", "id", "userId"}),
    answer=_caller,
)

REGION: Final = Function(
    name="aws:index/getRegion:getRegion",
    noun="region",
    inputs={"name": STRING},
    outputs=frozenset({"description", "endpoint", "id", "region"}),
    answer=_region,
)

"""aws:route53/getZone:getZone.

Source: terraform-provider-aws 6, data source aws_route53_zone.
"""

from __future__ import annotations

from typing import Any, Final

from lab.providers.aws.call import Call
from lab.providers.aws.errors import AwsError
from lab.providers.aws.function import Function
from lab.providers.aws.schema import BOOL, STRING, State, exactly_one_of


def _answer(call: Call, inputs: State) -> State:
    identifier = inputs.get("zoneId") or _find_by_name(call, inputs)
    told: Any = call.route53.get_hosted_zone(Id=identifier)
    zone = told["HostedZone"]
    bare = zone["Id"].removeprefix("/hostedzone/")
    servers = sorted((told.get("DelegationSet") or {}).get("NameServers", ()))
    configuration = zone.get("Config") or {}
    return {
        "arn": f"arn:aws:route53:::hostedzone/{bare}",
        "callerReference": zone.get("CallerReference"),
        "comment": configuration.get("Comment", ""),
        "id": bare,
        "name": zone["Name"].rstrip("."),
        "nameServers": servers,
        "primaryNameServer": servers[0] if servers else "",
        "privateZone": bool(configuration.get("PrivateZone")),
        "resourceRecordSetCount": zone.get("ResourceRecordSetCount"),
        "tags": _tags(call, bare),
        "zoneId": bare,
    }


def _find_by_name(call: Call, inputs: State) -> str:
    name = inputs["name"].rstrip(".")
    private = bool(inputs.get("privateZone"))
    pages: Any = call.route53.get_paginator("list_hosted_zones").paginate()
    found = [
        zone["Id"]
        for page in pages
        for zone in page["HostedZones"]
        if zone["Name"].rstrip(".") == name
        and bool((zone.get("Config") or {}).get("PrivateZone")) == private
    ]
    kind = "private" if private else "public"
    if len(found) != 1:
        raise AwsError(f"found {len(found)} {kind} hosted zones named {name}, expected one")
    return str(found[0])


def _tags(call: Call, identifier: str) -> dict[str, str]:
    answer: Any = call.route53.list_tags_for_resource(
        ResourceType="hostedzone", ResourceId=identifier
    )
    return {tag["Key"]: tag["Value"] for tag in answer["ResourceTagSet"].get("Tags", ())}


ZONE: Final = Function(
    name="aws:route53/getZone:getZone",
    noun="hosted zone",
    inputs={"name": STRING, "privateZone": BOOL, "zoneId": STRING},
    outputs=frozenset(
        {
            "arn",
            "callerReference",
            "comment",
            "id",
            "nameServers",
            "primaryNameServer",
            "resourceRecordSetCount",
            "tags",
        }
    ),
    checks=(exactly_one_of("name", "zoneId"),),
    answer=_answer,
)

"""aws:ec2/route:Route, for IPv4 destinations.

Source: terraform-provider-aws 6, aws_route.
"""

from __future__ import annotations

import zlib
from typing import Any, Final

from lab.providers.aws.call import MINUTE, Call
from lab.providers.aws.errors import gone_is_fine
from lab.providers.aws.facts import fact, facts
from lab.providers.aws.resource_type import Change, Located, ResourceType, update
from lab.providers.aws.resources.lookup import parts_of
from lab.providers.aws.resources.route_table import find_route_table
from lab.providers.aws.rules import identifier as an_id
from lab.providers.aws.rules import ipv4_network
from lab.providers.aws.schema import State, exactly_one_of

# Pulumi's name of each target, and AWS's.
_TARGETS: Final = {
    "gatewayId": "GatewayId",
    "natGatewayId": "NatGatewayId",
    "networkInterfaceId": "NetworkInterfaceId",
    "transitGatewayId": "TransitGatewayId",
    "vpcPeeringConnectionId": "VpcPeeringConnectionId",
}
_SETTLE_SECONDS: Final = 5 * MINUTE


def _route(inputs: State) -> Any:
    target = {theirs: inputs[ours] for ours, theirs in _TARGETS.items() if inputs.get(ours)}
    return {
        "RouteTableId": inputs["routeTableId"],
        "DestinationCidrBlock": inputs["destinationCidrBlock"],
        **target,
    }


def _create(call: Call, inputs: State) -> str:
    call.ec2.create_route(**_route(inputs))
    return _identifier(inputs["routeTableId"], inputs["destinationCidrBlock"])


def _identifier(table: str, destination: str) -> str:
    """The real provider's id: the table's, and the checksum of the destination."""
    return f"r-{table}{zlib.crc32(destination.encode())}"


def _locate(call: Call, identifier: str) -> Located:
    table, destination = parts_of(identifier, "_", "ROUTETABLEID_DESTINATION")
    state: State = {"routeTableId": table, "destinationCidrBlock": destination}
    return Located(_identifier(table, destination), state)


def _find(call: Call, state: State) -> dict[str, Any] | None:
    table = find_route_table(call, state["routeTableId"])
    for route in (table or {}).get("Routes", ()):
        if route.get("DestinationCidrBlock") == state["destinationCidrBlock"]:
            found: dict[str, Any] = route
            return found
    return None


def _settle(call: Call, identifier: str, inputs: State) -> None:
    call.wait(
        f"route {identifier} to be in force", lambda: _find(call, inputs), seconds=_SETTLE_SECONDS
    )


def _read(call: Call, identifier: str, state: State) -> State | None:
    route = _find(call, state)
    if route is None:
        return None
    return {
        "destinationCidrBlock": state["destinationCidrBlock"],
        "instanceId": route.get("InstanceId", ""),
        "instanceOwnerId": route.get("InstanceOwnerId", ""),
        "origin": route.get("Origin", ""),
        "routeTableId": state["routeTableId"],
        "state": route.get("State", ""),
        **{ours: route[theirs] for ours, theirs in _TARGETS.items() if route.get(theirs)},
    }


def _retarget(call: Call, identifier: str, change: Change) -> None:
    call.ec2.replace_route(**_route(change.new))


def _delete(call: Call, identifier: str, state: State) -> None:
    with gone_is_fine():
        call.ec2.delete_route(
            RouteTableId=state["routeTableId"],
            DestinationCidrBlock=state["destinationCidrBlock"],
        )


ROUTE: Final = ResourceType(
    name="aws:ec2/route:Route",
    noun="route",
    inputs={
        **facts("gatewayId"),
        "destinationCidrBlock": fact(ipv4_network, required=True),
        "routeTableId": fact(an_id("rtb")),
        "natGatewayId": fact(an_id("nat")),
        "networkInterfaceId": fact(an_id("eni")),
        "transitGatewayId": fact(an_id("tgw")),
        "vpcPeeringConnectionId": fact(an_id("pcx")),
    },
    checks=(exactly_one_of(*_TARGETS),),
    create=_create,
    settle=_settle,
    locate=_locate,
    read=_read,
    updates=(update(_retarget, *_TARGETS),),
    delete=_delete,
)

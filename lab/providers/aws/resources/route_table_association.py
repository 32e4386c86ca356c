"""aws:ec2/routeTableAssociation:RouteTableAssociation, of a subnet.

Source: terraform-provider-aws 6, aws_route_table_association.
"""

from __future__ import annotations

from typing import Any, Final

from lab.providers.aws.call import MINUTE, Call
from lab.providers.aws.errors import gone_is_fine
from lab.providers.aws.facts import fact
from lab.providers.aws.resource_type import Change, Located, ResourceType, update
from lab.providers.aws.resources.lookup import find_one, parts_of, where
from lab.providers.aws.rules import identifier as an_id
from lab.providers.aws.schema import State

_SETTLE_SECONDS: Final = 5 * MINUTE


def _create(call: Call, inputs: State) -> str:
    answer = call.ec2.associate_route_table(
        RouteTableId=inputs["routeTableId"], SubnetId=inputs["subnetId"]
    )
    return answer["AssociationId"]


def _find(call: Call, identifier: str, subnet: str | None) -> dict[str, Any] | None:
    """The association with this id, or else the subnet's: AWS gives a moved one a new id."""
    by_id = where(association__route_table_association_id=identifier)
    association = _find_where(call, by_id, identifier, None)
    if association is None and subnet:
        by_subnet = where(association__subnet_id=subnet)
        association = _find_where(call, by_subnet, None, subnet)
    return association


def _find_where(
    call: Call, filters: list[Any], identifier: str | None, subnet: str | None
) -> dict[str, Any] | None:
    table = find_one(lambda: call.ec2.describe_route_tables(Filters=filters), "RouteTables")
    for association in (table or {}).get("Associations", ()):
        if association.get("RouteTableAssociationId") == identifier or (
            subnet and association.get("SubnetId") == subnet
        ):
            found: dict[str, Any] = association
            return found
    return None


def _locate(call: Call, identifier: str) -> Located | None:
    subnet, table = parts_of(identifier, "/", "SUBNETID/ROUTETABLEID")
    association = _find_where(call, where(association__subnet_id=subnet), None, subnet)
    if association is None or association.get("RouteTableId") != table:
        return None
    return Located(association["RouteTableAssociationId"], {"subnetId": subnet})


def _settle(call: Call, identifier: str, inputs: State) -> None:
    call.wait(
        f"association {identifier} to be in force",
        lambda: _find(call, identifier, inputs["subnetId"]),
        seconds=_SETTLE_SECONDS,
    )


def _read(call: Call, identifier: str, state: State) -> State | None:
    association = _find(call, identifier, state.get("subnetId"))
    if association is None:
        return None
    return {
        "routeTableId": association.get("RouteTableId"),
        "subnetId": association.get("SubnetId"),
    }


def _move(call: Call, identifier: str, change: Change) -> None:
    association = _find(call, identifier, change.new["subnetId"])
    current = association["RouteTableAssociationId"] if association else identifier
    call.ec2.replace_route_table_association(
        AssociationId=current, RouteTableId=change.new["routeTableId"]
    )


def _delete(call: Call, identifier: str, state: State) -> None:
    association = _find(call, identifier, state.get("subnetId"))
    if association is None or association.get("RouteTableId") != state.get("routeTableId"):
        return
    with gone_is_fine():
        call.ec2.disassociate_route_table(AssociationId=association["RouteTableAssociationId"])


ROUTE_TABLE_ASSOCIATION: Final = ResourceType(
    name="aws:ec2/routeTableAssociation:RouteTableAssociation",
    noun="route table association",
    inputs={"routeTableId": fact(an_id("rtb")), "subnetId": fact(an_id("subnet"), required=True)},
    create=_create,
    settle=_settle,
    locate=_locate,
    read=_read,
    updates=(update(_move, "routeTableId"),),
    delete=_delete,
)

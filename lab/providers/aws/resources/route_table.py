"""aws:ec2/routeTable:RouteTable. Its routes are resources of their own: aws:ec2/route:Route.

Source: terraform-provider-aws 6, aws_route_table.
"""

from __future__ import annotations

from typing import Any, Final

from lab.providers.aws.call import MINUTE, Call
from lab.providers.aws.errors import gone_is_fine
from lab.providers.aws.facts import fact
from lab.providers.aws.resource_type import ResourceType
from lab.providers.aws.resources.lookup import find_one, given
from lab.providers.aws.rules import identifier as an_id
from lab.providers.aws.schema import State
from lab.providers.aws.tags import specification, tag_map

_DELETE_SECONDS: Final = 5 * MINUTE


def find_route_table(call: Call, identifier: str) -> dict[str, Any] | None:
    """The route table with this id, as EC2 describes it."""
    return find_one(
        lambda: call.ec2.describe_route_tables(RouteTableIds=[identifier]), "RouteTables"
    )


def _create(call: Call, inputs: State) -> str:
    arguments = given(VpcId=inputs["vpcId"], TagSpecifications=specification("route-table", inputs))
    return call.ec2.create_route_table(**arguments)["RouteTable"]["RouteTableId"]


def _read(call: Call, identifier: str, state: State) -> State | None:
    table = find_route_table(call, identifier)
    if table is None:
        return None
    owner = table.get("OwnerId")
    return {
        "arn": call.arn("route-table", identifier, owner),
        "ownerId": owner,
        "tagsAll": tag_map(table.get("Tags")),
        "vpcId": table.get("VpcId"),
    }


def _delete(call: Call, identifier: str, state: State) -> None:
    table = find_route_table(call, identifier)
    for association in (table or {}).get("Associations", ()):
        with gone_is_fine():
            call.ec2.disassociate_route_table(AssociationId=association["RouteTableAssociationId"])
    with gone_is_fine():
        call.insist(
            f"route table {identifier} to be out of use",
            lambda: call.ec2.delete_route_table(RouteTableId=identifier),
            on={"DependencyViolation"},
            seconds=_DELETE_SECONDS,
        )


ROUTE_TABLE: Final = ResourceType(
    name="aws:ec2/routeTable:RouteTable",
    noun="route table",
    inputs={"vpcId": fact(an_id("vpc"))},
    create=_create,
    read=_read,
    delete=_delete,
)

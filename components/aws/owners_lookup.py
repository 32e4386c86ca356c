"""Asks AWS about a network that existed before the stack; changes nothing there."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from components.aws.owners_network import Owners
from components.settings.mistakes import ConfigurationError, Mistake
from components.settings.stack_config import config_of_stack
from components.settings.table import Settings

if TYPE_CHECKING:
    from components.aws.provider_session import AwsSession

PERMISSIONS = (
    "ec2:DescribeVpcs",
    "ec2:DescribeSubnets",
    "ec2:DescribeRouteTables",
    "ec2:DescribeInternetGateways",
    "ec2:DescribeNetworkInterfaces",
    "ec2:DescribeAvailabilityZones",
)


def log_in(region: str | None) -> AwsSession:
    """AWS, as the provider of this stack sees it."""
    # It's slow to import, and a network of the stack's own needs none of it.
    from components.aws.provider_session import AwsSession  # noqa: PLC0415

    return AwsSession(config_of_stack("aws")[0], region)


def ask(settings: Settings, region: str | None) -> Owners:
    """What there is.

    Args:
        settings: names the VPC and its subnets.
        region: where they are.

    Raises:
        ConfigurationError: AWS doesn't tell; without knowing no address can be chosen.
    """
    from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415

    try:
        return _told(settings, log_in(region))
    except (BotoCoreError, ClientError) as error:
        problem = (
            f"AWS doesn't say what exists there: {' '.join(str(error).split())}. The "
            f"check needs the permissions {', '.join(PERMISSIONS)}"
        )
        command = "aws sts get-caller-identity, which says who asks"
        raise ConfigurationError([Mistake("vpcId", problem, command)]) from None


def _told(settings: Settings, session: AwsSession) -> Owners:
    ec2 = session.client("ec2")

    def of(name: str, listed: str, **filters: Sequence[str]) -> list[Any]:
        # By filters, as AWS names only the first id that it doesn't know.
        wanted = [
            {"Name": key.replace("_", "-"), "Values": list(values)}
            for key, values in filters.items()
        ]
        pages = ec2.get_paginator(name).paginate(Filters=wanted)
        return [one for page in pages for one in page[listed]]

    vpc = [settings.vpc_id or ""]
    attached = [{"Name": "attachment.vpc-id", "Values": vpc}]
    gateways = ec2.describe_internet_gateways(Filters=attached)["InternetGateways"]
    ordinary = [{"Name": "zone-type", "Values": ["availability-zone"]}]
    zones = ec2.describe_availability_zones(Filters=ordinary)["AvailabilityZones"]
    return Owners(
        account=session.client("sts").get_caller_identity()["Account"],
        has_vpc=bool(of("describe_vpcs", "Vpcs", vpc_id=vpc)),
        subnets=of("describe_subnets", "Subnets", subnet_id=settings.subnet_ids),
        tables=of("describe_route_tables", "RouteTables", vpc_id=vpc),
        gateways=gateways,
        interfaces=of(
            "describe_network_interfaces", "NetworkInterfaces", subnet_id=settings.subnet_ids
        ),
        zones={one["ZoneName"] for one in zones},
    )

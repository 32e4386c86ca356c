"""The network of machines on AWS: one that is made, or an owner's. Pure."""

from __future__ import annotations

from components.settings.choices import EXISTING, SINGLE_MASTER
from components.settings.mistakes import Mistake, of_no_use, set_command, set_list_command
from components.settings.table import Settings


def subnet_size(settings: Settings) -> list[Mistake]:
    """A network that AWS makes has one of the sizes that it takes."""
    network = settings.subnet_cidr
    if settings.machines == EXISTING or 16 <= network.prefixlen <= 28:
        return []
    problem = f"must be a network from /16 to /28, as AWS's subnets are, got {network}"
    return [Mistake("subnetCidr", problem, set_command("subnetCidr", "10.5.0.0/24"))]


def owners_network(settings: Settings) -> list[Mistake]:
    """A VPC that exists goes with its subnets, and in place of a network of the stack's own."""
    vpc, subnets = settings.vpc_id, settings.subnet_ids
    if not vpc and not subnets:
        return []
    of_keys = {"vpcId": vpc, "subnetIds": subnets}
    if settings.machines == EXISTING:
        return of_no_use(of_keys, "is for machines on AWS; machines is existing")
    mistakes = [
        Mistake(key, "is missing; vpcId and subnetIds go together", set_command(key, example))
        for key, example in (
            ("vpcId", "vpc-0123456789abcdef0"),
            ("subnetIds", '["subnet-0123456789abcdef0"]'),
        )
        if not of_keys[key]
    ]
    if len(set(subnets)) < len(subnets):
        once = list(dict.fromkeys(subnets))
        problem = "lists a subnet twice"
        mistakes.append(Mistake("subnetIds", problem, set_list_command("subnetIds", once)))
    if settings.shape == SINGLE_MASTER and len(subnets) > 1:
        problem = f"must be one subnet for a single master, got {len(subnets)}"
        command = set_list_command("subnetIds", subnets[:1])
        mistakes.append(Mistake("subnetIds", problem, command))
    if settings.subnet_cidr != Settings.subnet_cidr:
        problem = "is for a new network only; existing subnets have their own"
        mistakes.append(Mistake("subnetCidr", problem, "pulumi config rm subnetCidr"))
    return mistakes

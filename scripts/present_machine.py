"""Prints address and SSH host key of a machine as it is now: `203.0.113.3 ssh-ed25519 AAAA…`.

Or `gone`, where AWS knows the stack's other machines and not this one.

A drain goes by what the last update knew. Where a machine shows another SSH host key since, it may
have been replaced, or somebody stands in between: this asks whom nobody on the network can change,
AWS's API, or the configuration of the stack on this computer.

Reads from the environment: MACHINE, such as `base`; HOST, its address as it was known; PRESENT,
`aws REGION PROJECT STACK`, with - for the environment's own region, or `existing PROJECT STACK`;
and BASE_HOST_KEY, or NODE_HOST_KEY of a node, where its key is known, too.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import yaml
from botocore.exceptions import BotoCoreError, ClientError

from openvidu.roles import NODE, role_of
from scripts import aws_session
from scripts.host_key import host_key

if TYPE_CHECKING:
    from mypy_boto3_ec2 import EC2Client
    from mypy_boto3_ec2.type_defs import InstanceTypeDef

_SECONDS = 10
GONE = "gone"


def main() -> None:
    """Print what is known of it, or why nothing is."""
    machine, kind, *place = os.environ["MACHINE"], *os.environ["PRESENT"].split()
    try:
        found = (
            _on_aws(machine, os.environ["HOST"], *place)
            if kind == "aws"
            else _of_hosts(machine, *place)
        )
    except (BotoCoreError, ClientError, OSError, LookupError, yaml.YAMLError) as error:
        sys.exit(str(error))
    print(found)  # noqa: T201 - its result


def _on_aws(machine: str, host: str, region: str, project: str, stack: str) -> str:
    """What AWS says of the instance that has the address now; `GONE` where there is none.

    Raises:
        LookupError: it's none of this stack, or tells no key.
    """
    session = aws_session.of_environment(region.strip("-") or None)
    ec2: EC2Client = session.client("ec2", timeout=_SECONDS)
    name = f"{project}-{stack}-{machine}"
    of_stack = {"tag:project": project, "tag:stack": stack}
    # An account that isn't the stack's may have machines of the same names.
    found = _instances(
        ec2, of_stack | {"tag:Name": name, "ip-address": host, "instance-state-name": "running"}
    )
    if not found:
        there = _instances(ec2, of_stack)
        if _is_gone(name, there):
            return GONE
        if moved := _elsewhere(machine, name, there):
            return moved
    if len(found) != 1:
        raise LookupError(f"AWS knows {len(found)} machines called {name} at {host}")
    console = ec2.get_console_output(InstanceId=found[0]["InstanceId"], Latest=True)
    key = host_key(console.get("Output") or "")
    if key is None:
        raise LookupError(f"no SSH host key in the console of {found[0]['InstanceId']} yet")
    return f"{host} {key}"


def _elsewhere(machine: str, name: str, of_stack: Sequence[InstanceTypeDef]) -> str | None:
    """Where it has another address by now: that, and the key that is known, which it has to show.

    One that was made anew as well shows another, and is then asked for at its new address.
    """
    key = os.environ.get("NODE_HOST_KEY" if role_of(machine) is NODE else "BASE_HOST_KEY")
    addresses = [
        one["PublicIpAddress"]
        for one in of_stack
        if {"Key": "Name", "Value": name} in one.get("Tags", [])
        and one["State"]["Name"] == "running"
        and "PublicIpAddress" in one
    ]
    return f"{addresses[0]} {key}" if key and len(addresses) == 1 else None


def _instances(ec2: EC2Client, wanted: Mapping[str, str]) -> list[InstanceTypeDef]:
    answer = ec2.describe_instances(
        Filters=[{"Name": key, "Values": [value]} for key, value in wanted.items()]
    )
    return [one for reserved in answer["Reservations"] for one in reserved["Instances"]]


def _is_gone(name: str, of_stack: Sequence[InstanceTypeDef]) -> bool:
    """Whether the stack's machines are known here and this one isn't, in whatever state."""
    there = [one for one in of_stack if one["State"]["Name"] not in ("shutting-down", "terminated")]
    names = {tag["Value"] for one in there for tag in one.get("Tags", []) if tag["Key"] == "Name"}
    return bool(names) and name not in names


def _of_hosts(machine: str, project: str, stack: str) -> str:
    """What the stack's configuration says of a machine that exists already.

    Raises:
        LookupError: it says nothing of it.
    """
    config = yaml.safe_load(Path(f"Pulumi.{stack}.yaml").read_text())["config"]
    hosts = config[f"{project}:hosts"]
    number = int(machine.removeprefix("node-")) if role_of(machine) is NODE else 0
    return f"{hosts[number]['publicIp']} {hosts[number]['hostKey']}"


if __name__ == "__main__":
    main()

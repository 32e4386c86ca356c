"""Prints address and SSH host key of a machine as it is now: `203.0.113.3 ssh-ed25519 AAAA…`.

A drain goes by what the last update knew. Where a machine shows another SSH host key since, it may
have been replaced, or somebody stands in between: this asks whom nobody on the network can change,
AWS's API, or the configuration of the stack on this computer.

Reads from the environment: MACHINE, such as `base`; HOST, its address as it was known; and PRESENT,
`aws REGION PROJECT STACK`, with - for the environment's own region, or `existing PROJECT STACK`.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import yaml
from botocore.exceptions import BotoCoreError, ClientError

from openvidu.roles import NODE, role_of
from scripts import aws_session
from scripts.host_key import host_key

if TYPE_CHECKING:
    from mypy_boto3_ec2 import EC2Client

_SECONDS = 10


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
    """What AWS says of the instance that has the address now.

    Raises:
        LookupError: it's none of this stack, or tells no key.
    """
    session = aws_session.of_environment(region.strip("-") or None)
    ec2: EC2Client = session.client("ec2", timeout=_SECONDS)
    name = f"{project}-{stack}-{machine}"
    answer = ec2.describe_instances(
        Filters=[
            {"Name": "instance-state-name", "Values": ["running"]},
            # An account that isn't the stack's may have machines of the same names.
            {"Name": "ip-address", "Values": [host]},
            {"Name": "tag:project", "Values": [project]},
            {"Name": "tag:stack", "Values": [stack]},
            {"Name": "tag:Name", "Values": [name]},
        ]
    )
    found = [one for reserved in answer["Reservations"] for one in reserved["Instances"]]
    if len(found) != 1:
        raise LookupError(f"AWS knows {len(found)} machines called {name} at {host}")
    console = ec2.get_console_output(InstanceId=found[0]["InstanceId"], Latest=True)
    key = host_key(console.get("Output") or "")
    if key is None:
        raise LookupError(f"no SSH host key in the console of {found[0]['InstanceId']} yet")
    return f"{host} {key}"


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

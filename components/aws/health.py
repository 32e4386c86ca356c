"""How AWS says that the stack's instances are: their states, status checks and scheduled events.

A machine may run and be dead: its kernel hangs, or the host below it failed. AWS's status checks
tell. Source: EC2 API, DescribeInstanceStatus; EC2 guide, "Status checks", "Scheduled events".
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from components.aws.arn import NO_SUCH_INSTANCE, InstanceArn
from components.resource_names import node_number

if TYPE_CHECKING:
    from mypy_boto3_ec2 import EC2Client

    from components.aws.provider_session import AwsSession

PERMISSION = "ec2:DescribeInstanceStatus"
_SECONDS = 5
_ID = re.compile(r"i-[0-9a-f]+")
_IMPAIRED = "impaired"
_ENDED = ("shutting-down", "terminated", "missing")
_STOPPED = ("stopping", "stopped")
_PAST = ("[Completed]", "[Canceled]")
"""Source: EC2 guide, "Scheduled events": such a description is of an event that is over."""


@dataclass(frozen=True)
class Event:
    """What AWS is going to do with an instance.

    Attributes:
        code: such as `instance-retirement` or `instance-stop`.
        when: not before that time; None where AWS doesn't say.
    """

    code: str
    when: datetime | None = None

    def __str__(self) -> str:
        return f"{self.code} from {self.when:%Y-%m-%d %H:%M} UTC" if self.when else self.code


@dataclass(frozen=True)
class InstanceHealth:
    """How AWS says that an instance is.

    Attributes:
        instance_id: its id.
        state: `running`, `stopped`, …; `missing` where AWS has no such instance.
        system: the check of the host below it: `ok`, `impaired`, `initializing`, ….
        instance: the check of the machine itself, likewise.
        events: what AWS is going to do with it.
        type: its EC2 type, whoever chose it; empty where AWS didn't tell.
        is_owners: whether its owner made it, and it was taken over.
    """

    instance_id: str
    state: str
    system: str = "ok"
    instance: str = "ok"
    events: tuple[Event, ...] = ()
    type: str = ""
    is_owners: bool = False

    @property
    def is_gone(self) -> bool:
        """Whether there's no machine any more."""
        return self.state in _ENDED

    @property
    def is_stopped(self) -> bool:
        """Whether it doesn't run, and can be started."""
        return self.state in _STOPPED

    @property
    def is_impaired(self) -> bool:
        """Whether it runs, and AWS can't reach it or its host."""
        return not self.is_gone and _IMPAIRED in (self.system, self.instance)

    @property
    def is_dead(self) -> bool:
        """Whether it can carry no call: it's stopped, or there's none any more.

        A check that fails says less: it fails on a machine that hangs and comes back, too, or whose
        network is overloaded while calls go on.
        """
        return self.is_gone or self.is_stopped

    @property
    def is_down(self) -> bool:
        """Whether it needs somebody, as AWS sees it: it's dead, or nothing reaches it."""
        return self.is_dead or self.is_impaired

    @property
    def is_well(self) -> bool:
        """Whether it runs, both checks are ok, and AWS plans nothing with it."""
        checks = {self.system, self.instance}
        return self.state == "running" and checks == {"ok"} and not self.events

    def __str__(self) -> str:
        checks = f", host {self.system}, machine {self.instance}" if self.state == "running" else ""
        return ", ".join([f"{self.state}{checks}", *map(str, self.events)])


@dataclass(frozen=True)
class Unasked:
    """AWS couldn't be asked, for `reason`."""

    reason: str


Health = Mapping[str, InstanceHealth] | Unasked


def look(
    instances: Mapping[str, str],
    log_in: Callable[[str], AwsSession],
    owners: Collection[str] = (),
) -> Health:
    """Ask AWS once how instances are.

    Args:
        instances: their ARNs, by name.
        log_in: gives AWS as the provider sees it, in a region.
        owners: the names of those that their owner made.

    Returns:
        how each is, by name. One that isn't there says nothing where the account may be another.
    """
    if not instances:
        return {}
    # A preview without machines needs none of it, and it's slow to import.
    from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415

    try:
        arns = {name: InstanceArn.parse(arn) for name, arn in instances.items()}
        region = next(iter(arns.values())).region
        session = log_in(region)
        client = session.client("ec2", timeout=_SECONDS)
        ids = [arn.instance_id for arn in arns.values()]
        try:
            found = _ask(client, ids)
        except ClientError as error:
            if error.response["Error"]["Code"] != NO_SUCH_INSTANCE:
                raise
            gone = set(_ID.findall(error.response["Error"]["Message"]))
            previous = [one for one in ids if one not in gone]
            if not previous:
                # In another account each of them would be missing, whatever it does in its own.
                account = session.client("sts", timeout=_SECONDS).get_caller_identity()["Account"]
                if account != (expected := next(iter(arns.values())).account):
                    return Unasked(f"the credentials belong to account {account}, not {expected}")
            found = {one: InstanceHealth(one, "missing") for one in gone}
            found |= _ask(client, previous) if previous else {}
    except (BotoCoreError, ClientError, ValueError) as error:
        return Unasked(" ".join(str(error).split()))
    return {
        name: replace(found[arn.instance_id], is_owners=name in owners)
        for name, arn in arns.items()
        if arn.instance_id in found
    }


def _ask(client: EC2Client, ids: list[str]) -> dict[str, InstanceHealth]:
    pages = client.get_paginator("describe_instance_status").paginate(
        InstanceIds=ids, IncludeAllInstances=True
    )
    found = [parse(one) for page in pages for one in page["InstanceStatuses"]]
    types = _types(client, [one.instance_id for one in found])
    return {one.instance_id: replace(one, type=types.get(one.instance_id, "")) for one in found}


def _types(client: EC2Client, ids: list[str]) -> dict[str, str]:
    """The types of instances; nothing where that may not be asked for."""
    from botocore.exceptions import ClientError  # noqa: PLC0415

    try:
        pages = client.get_paginator("describe_instances").paginate(InstanceIds=ids)
        found = [
            one for page in pages for held in page["Reservations"] for one in held["Instances"]
        ]
    except ClientError:
        return {}
    return {one["InstanceId"]: one["InstanceType"] for one in found}


def parse(told: Mapping[str, Any]) -> InstanceHealth:
    """Read one of DescribeInstanceStatus's answers."""
    return InstanceHealth(
        told["InstanceId"],
        told["InstanceState"]["Name"],
        told.get("SystemStatus", {}).get("Status", "ok"),
        told.get("InstanceStatus", {}).get("Status", "ok"),
        tuple(
            Event(one["Code"], one.get("NotBefore"))
            for one in told.get("Events", ())
            if not one.get("Description", "").startswith(_PAST)
        ),
    )


def next_command(name: str, health: InstanceHealth) -> str:
    """What puts a machine right, as it's typed."""
    if health.is_owners and not health.is_impaired:
        return _owners_next(name, health)
    return "pulumi up --refresh" if health.is_gone else f"uv run openvidu-enterprise repair {name}"


def _owners_next(name: str, health: InstanceHealth) -> str:
    """The same of an instance that its owner starts and stops, and of which AWS makes no other."""
    start = f"aws ec2 start-instances --instance-ids {health.instance_id}"
    if health.is_stopped:
        return f"{start}, then: pulumi up"
    if node_number(name):
        return f"uv run openvidu-enterprise retire --replace {name}, then: pulumi up"
    if health.is_gone:
        return "pulumi destroy, then another stack: its data was on its own disk"
    stop = start.replace("start", "stop")
    return f"at a quiet moment: {stop}, and once it's stopped: {start}"


def warnings(health: Health) -> list[str]:
    """What an operator has to know first: machines that AWS says are down, or will be."""
    if isinstance(health, Unasked):
        return [
            "Couldn't check whether AWS says that the machines are well. The check needs "
            f"the permission {PERMISSION}. Asking AWS failed: {health.reason}"
        ]
    return [
        f"AWS says of {name} ({one.instance_id}): {one}. Next: {next_command(name, one)}"
        for name, one in health.items()
        if one.is_down or one.events
    ]


class DownError(Exception):
    """The machine that the deployment begins with is down: an update that needs it has ended."""

    def __init__(self, name: str, health: InstanceHealth) -> None:
        super().__init__(
            f"The {name} is down: AWS says of {health.instance_id}: {health}.\n"
            f"The update ends here: its changes to the cluster go through the {name}.\n"
            f"Next: {next_command(name, health)}"
        )

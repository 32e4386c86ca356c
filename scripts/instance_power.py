"""Starts or stops an EC2 instance, and waits until it runs or is stopped: for standby machines.

Reads INSTANCE_ARN from the environment. `start` prints when the instance was started; exit status
10 says that AWS has no such instance any more. Where the account that is asked is another one, what
it doesn't have says nothing.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from components.aws.arn import GONE_STATUS, NO_SUCH_INSTANCE, InstanceArn
from scripts import aws_session

if TYPE_CHECKING:
    from mypy_boto3_ec2 import EC2Client

LIMIT_SECONDS = 600
"""AWS stops an instance by force after some minutes. Source: EC2 guide, "Stop and start"."""
_POLL_SECONDS = 2.0
_ENDED = ("shutting-down", "terminated")
_NO_CAPACITY = ("InsufficientInstanceCapacity", "InsufficientHostCapacity")
"""Source: EC2 API, "Error codes"."""


class PowerError(Exception):
    """An instance didn't start or stop; says what to type."""


class GoneError(PowerError):
    """AWS has no such instance any more."""


def main() -> None:
    """Do what the first argument says."""
    arn, action = InstanceArn.parse(os.environ["INSTANCE_ARN"]), sys.argv[1]
    instance_id = arn.instance_id
    try:
        session = aws_session.of_environment(arn.region)
        try:
            {"start": start, "stop": stop}[action](session.client("ec2"), instance_id)
        except GoneError:
            _require_account(arn, session.client("sts").get_caller_identity()["Account"])
            if action == "start":
                raise
    except GoneError as error:
        sys.stderr.write(f"{error}\n")
        sys.exit(GONE_STATUS)
    except PowerError as error:
        sys.exit(str(error))
    except (BotoCoreError, ClientError) as error:
        sys.exit(
            f"{instance_id}: AWS doesn't {action} it: {error}\n"
            "  Next: log in to AWS (aws sts get-caller-identity shows as whom), then: pulumi up"
        )
    # Each run is told apart from the one before.
    print(f"{action} {datetime.now(UTC).isoformat()}")  # noqa: T201 - the command's result


def _require_account(arn: InstanceArn, asked: str) -> None:
    """In another account each instance would be missing, whatever it does in its own.

    Raises:
        PowerError: it's another one.
    """
    if asked != arn.account:
        raise PowerError(
            f"{arn.instance_id}: whether it's there isn't known: the credentials here are of "
            f"account {asked}, not {arn.account}.\n"
            "  Next: log in to that account (aws sts get-caller-identity), then: pulumi up"
        )


def start(ec2: EC2Client, instance_id: str, sleep: Callable[[float], None] = time.sleep) -> None:
    """Have an instance run.

    Raises:
        GoneError: there's no such instance.
        PowerError: AWS has no capacity for it, or it doesn't run within the limit.
        BotoCoreError, ClientError: AWS can't be asked.
    """
    if _state(ec2, instance_id) == "stopping":
        # One that stops can't be started.
        _wait(ec2, instance_id, "stopped", sleep)
    if _state(ec2, instance_id) == "stopped":
        try:
            ec2.start_instances(InstanceIds=[instance_id])
        except ClientError as error:
            if error.response["Error"]["Code"] not in _NO_CAPACITY:
                raise
            raise PowerError(
                f"{instance_id}: AWS can't start it: {error}\n"
                "  It stays stopped; what runs isn't touched.\n"
                "  Next: pulumi up, later"
            ) from None
    _wait(ec2, instance_id, "running", sleep)


def stop(ec2: EC2Client, instance_id: str, sleep: Callable[[float], None] = time.sleep) -> None:
    """Have an instance be stopped.

    Raises:
        GoneError: there's no such instance.
        PowerError: it isn't stopped within the limit.
        BotoCoreError, ClientError: AWS can't be asked.
    """
    if _state(ec2, instance_id) != "stopped":
        ec2.stop_instances(InstanceIds=[instance_id])
        _wait(ec2, instance_id, "stopped", sleep)


def _wait(ec2: EC2Client, instance_id: str, wanted: str, sleep: Callable[[float], None]) -> None:
    left = float(LIMIT_SECONDS)
    while (seen := _state(ec2, instance_id)) != wanted:
        if left <= 0:
            raise PowerError(
                f"{instance_id}: after {LIMIT_SECONDS} s it's {seen}, and not {wanted}.\n"
                f"  Look at it: aws ec2 describe-instance-status --include-all-instances "
                f"--instance-ids {instance_id}\n  Next: pulumi up"
            )
        sleep(_POLL_SECONDS)
        left -= _POLL_SECONDS


def _state(ec2: EC2Client, instance_id: str) -> str:
    """What AWS says of it.

    Raises:
        GoneError: it isn't there any more.
    """
    try:
        answer = ec2.describe_instances(InstanceIds=[instance_id])
    except ClientError as error:
        if error.response["Error"]["Code"] == NO_SUCH_INSTANCE:
            raise _gone(instance_id, "missing") from None
        raise
    states = [one["State"]["Name"] for held in answer["Reservations"] for one in held["Instances"]]
    if not states:
        raise PowerError(f"{instance_id}: AWS says nothing of it.\n  Next: pulumi up")
    if states[0] in _ENDED:
        raise _gone(instance_id, states[0])
    return states[0]


def _gone(instance_id: str, state: str) -> GoneError:
    return GoneError(
        f"{instance_id} is {state}: there's no such machine.\n  Next: pulumi up --refresh"
    )


if __name__ == "__main__":
    main()

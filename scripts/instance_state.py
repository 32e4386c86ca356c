"""Says how an EC2 instance is, as `runs …`, `stopped …` or `unknown …`; a drain asks this.

`stopped` is said of an instance that can't carry calls: stopped, terminated, or not there. An
instance that isn't in the account that is asked says nothing about the one that is meant.

Reads INSTANCE_ARN from the environment.
"""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from components.aws.arn import NO_SUCH_INSTANCE, InstanceArn
from scripts import aws_session

if TYPE_CHECKING:
    from mypy_boto3_ec2 import EC2Client

_SECONDS = 5
_ENDED = ("stopped", "terminated")


def main() -> None:
    """Print what AWS says."""
    try:
        arn = InstanceArn.parse(os.environ["INSTANCE_ARN"])
        session = aws_session.of_environment(arn.region)
        account = session.client("sts", timeout=_SECONDS).get_caller_identity()["Account"]
        if account != arn.account:
            # There it would be missing, whatever it does in its own.
            print(f"unknown the credentials here are of account {account}, not {arn.account}")  # noqa: T201
            return
        print(state(session.client("ec2", timeout=_SECONDS), arn.instance_id))  # noqa: T201
    except (BotoCoreError, ClientError, ValueError) as error:
        sys.exit(str(error))


def state(ec2: EC2Client, instance_id: str) -> str:
    """What EC2 says of an instance of this account.

    Raises:
        ClientError: it can't be asked.
    """
    try:
        answer = ec2.describe_instances(InstanceIds=[instance_id])
    except ClientError as error:
        if error.response["Error"]["Code"] == NO_SUCH_INSTANCE:
            return f"stopped there is no {instance_id} any more"
        raise
    found = [one for reserved in answer["Reservations"] for one in reserved["Instances"]]
    if not found:
        return f"unknown nothing of {instance_id}"
    name = found[0]["State"]["Name"]
    return f"{'stopped' if name in _ENDED else 'runs'} {instance_id} is {name}"


if __name__ == "__main__":
    main()

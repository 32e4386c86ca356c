"""Connects an SSH client to a machine by AWS's Session Manager: its ProxyCommand, on a pipe.

Its arguments: REGION PROJECT STACK MACHINE PORT, with - for the environment's own region. AWS is
asked as the provider asks it; then the plugin takes this process's place.

Source: aws-cli, customizations/sessionmanager.py, what the plugin is told;
AWS Systems Manager guide, "Allow and control permissions for SSH connections".
"""

from __future__ import annotations

import json
import os
import shutil
import sys
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from components.aws.session_manager import INSTALL, PLUGIN
from scripts import aws_session

if TYPE_CHECKING:
    from mypy_boto3_ec2 import EC2Client

_SECONDS = 10
_POLICY = "uv run openvidu-enterprise permissions --ssm"
_DOCUMENT = "AWS-StartSSHSession"
_RESPONSE = "AWS_SSM_START_SESSION_RESPONSE"
_WONT = "refused: "
"""Before a reason for which it won't go otherwise the next time; `remote/session.py` reads it."""
_NOT_ALLOWED = ("AccessDenied", "AccessDeniedException", "UnauthorizedOperation")
_NOT_CONNECTED = "TargetNotConnected"
"""Source: Systems Manager API, StartSession, "Errors"."""


def main() -> None:
    """Connect, or say why that can't be."""
    region, project, stack, machine, port = sys.argv[1:]
    if shutil.which(PLUGIN) is None:
        sys.exit(f"{_WONT}{PLUGIN} isn't on the PATH of this computer; install it: {INSTALL}")
    try:
        _connect(region.strip("-") or None, project, stack, machine, port)
    except ClientError as error:
        code = error.response["Error"]["Code"]
        if code in _NOT_ALLOWED:
            sys.exit(f"{_WONT}{error}; what it takes: {_POLICY}")
        if code == _NOT_CONNECTED:
            sys.exit(
                f"the agent of {machine} isn't registered there yet. One that had no "
                "rights before looks for them every hour: sudo snap restart "
                "amazon-ssm-agent (there)"
            )
        sys.exit(str(error))
    except (BotoCoreError, LookupError) as error:
        sys.exit(str(error))


def _connect(region: str | None, project: str, stack: str, machine: str, port: str) -> None:
    """Start a session and become the plugin.

    Raises:
        LookupError: there's no such machine, or several.
        BotoCoreError, ClientError: AWS doesn't start one.
    """
    session = aws_session.of_environment(region)
    target = _instance(session.client("ec2", timeout=_SECONDS), project, stack, machine)
    client = session.client("ssm", timeout=_SECONDS)
    asked = {
        "Target": target,
        "DocumentName": _DOCUMENT,
        "Parameters": {"portNumber": [port]},
    }
    begun = client.start_session(**asked)
    told = {key: begun[key] for key in ("SessionId", "TokenValue", "StreamUrl")}
    words = [PLUGIN, _RESPONSE, client.meta.region_name, "StartSession", "", json.dumps(asked)]
    # Not as an argument: whoever has the token has the session.
    environment = {**os.environ, **session.variables(), _RESPONSE: json.dumps(told)}
    try:
        os.execvpe(PLUGIN, [*words, client.meta.endpoint_url], environment)  # noqa: S606 - the plugin
    except OSError as error:
        client.terminate_session(SessionId=begun["SessionId"])
        sys.exit(f"{_WONT}{PLUGIN} doesn't start: {error}")


def _instance(ec2: EC2Client, project: str, stack: str, machine: str) -> str:
    """The instance that is this machine now.

    Raises:
        LookupError: none is, or several are.
    """
    wanted = {
        "tag:project": project,
        "tag:stack": stack,
        "tag:Name": f"{project}-{stack}-{machine}",
        "instance-state-name": "running",
    }
    answer = ec2.describe_instances(
        Filters=[{"Name": key, "Values": [value]} for key, value in wanted.items()]
    )
    found = [one["InstanceId"] for group in answer["Reservations"] for one in group["Instances"]]
    if len(found) != 1:
        raise LookupError(f"AWS knows {len(found)} machines that run as {wanted['tag:Name']}")
    return found[0]


if __name__ == "__main__":
    main()

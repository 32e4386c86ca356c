"""Prints an instance's SSH host key, read from its console output through the AWS API.

Ubuntu's cloud-init prints the host keys to the console at first boot. An attacker on the
network can't change what the API says, so the first connection is checked already.
Source: EC2 API, GetConsoleOutput; cloud-init, module `keys_to_console`.

Reads INSTANCE_ID from the environment; waits until the key is there. Once it was read it stays, as
long as it's the same instance: its console shows it for a while only.
"""

from __future__ import annotations

import base64
import os
import re
import struct
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING

from botocore import exceptions
from botocore.exceptions import BotoCoreError, ClientError, NoRegionError
from tenacity import (
    Future,
    RetryCallState,
    RetryError,
    Retrying,
    retry_if_exception,
    retry_if_result,
    stop_after_delay,
    wait_exponential,
)

from components.aws.arn import NO_SUCH_INSTANCE
from components.aws.provider_session import AwsSession
from scripts import aws_session

if TYPE_CHECKING:
    from mypy_boto3_ec2 import EC2Client

_BLOCK = re.compile(
    r"-----BEGIN SSH HOST KEY KEYS-----(.*?)-----END SSH HOST KEY KEYS-----", re.DOTALL
)
_KEY = re.compile(r"ssh-ed25519 ([A-Za-z0-9+/=]+)")
_WHOLE = struct.pack(">I11sI", 11, b"ssh-ed25519", 32)
"""What a whole key's 51 bytes begin with. Source: RFC 8709, section 4; RFC 4251, section 5."""
LIMIT_SECONDS = 900
FIRST_POLL_SECONDS = 0.25
LONGEST_POLL_SECONDS = 2
PROGRESS_SECONDS = 5
KNOWN = "PULUMI_COMMAND_STDOUT"
"""What was printed before, where something else about this command changes.

Source: pulumi-command, Command, `addPreviousOutputInEnv`.
"""
NOT_FOUND_SECONDS = 60
_PASSING = (
    "RequestLimitExceeded",
    "Throttling",
    "ThrottlingException",
    "InternalError",
    "InternalFailure",
    "ServiceUnavailable",
    "Unavailable",
    NO_SUCH_INSTANCE,
)
"""Source: EC2 API, "Error codes"; an instance that was just made isn't known everywhere yet."""
_NOT_ALLOWED = ("UnauthorizedOperation", "AccessDenied", "AccessDeniedException")


def host_key(console: str) -> str | None:
    """The ed25519 host key in a console's output: `ssh-ed25519 AAAA…`; None when it isn't there.

    The newest block counts: a console can hold several boots. What the kernel says meanwhile may
    stand in the middle of a key, and AWS may show the beginning of one: that is none.
    """
    blocks = _BLOCK.findall(console)
    found = _KEY.search(blocks[-1]) if blocks else None
    return found.group(0) if found and _is_whole(found.group(1)) else None


def _is_whole(text: str) -> bool:
    try:
        key = base64.b64decode(text, validate=True)
    except ValueError:
        return False
    return key.startswith(_WHOLE) and len(key) == len(_WHOLE) + 32


def main() -> None:
    """Wait for the key and print it."""
    instance_id = os.environ["INSTANCE_ID"]
    if known := os.environ.get(KNOWN):
        print(known)  # noqa: T201 - as below
        return
    try:
        session = aws_session.of_environment()
        print(wait_for(instance_id, session.client("ec2")))  # noqa: T201 - the command's result
    except RetryError as error:
        if _is_not_found(error.last_attempt):
            sys.exit(_elsewhere(instance_id, session))
        sys.exit(
            f"{instance_id}: {_missing(error.last_attempt)} after {LIMIT_SECONDS} s.\n"
            "  Look at it: aws ec2 get-console-output --latest --output text "
            f"--instance-id {instance_id}\n  Next: pulumi up"
        )
    except (BotoCoreError, ClientError) as error:
        sys.exit(
            f"{instance_id}: its console can't be read, so neither can its SSH host key: "
            f"{error}\n"
            "  The machine runs; nothing has connected to it.\n"
            f"  Next: {_remedy(error)}, then: pulumi up"
        )


def wait_for(instance_id: str, client: EC2Client) -> str | None:
    """An instance's host key, once its console shows it.

    Raises:
        RetryError: it doesn't within the limit.
        BotoCoreError, ClientError: the console can't be read.
    """

    def read() -> str | None:
        # Latest is for Nitro instances only; others publish their console by themselves.
        answer = client.get_console_output(InstanceId=instance_id, Latest=True)
        return host_key(answer.get("Output") or "")

    waiting = Retrying(
        retry=retry_if_result(lambda key: key is None) | retry_if_exception(_may_pass),
        wait=wait_exponential(FIRST_POLL_SECONDS, max=LONGEST_POLL_SECONDS),
        stop=_ends,
        before_sleep=_progress(instance_id),
    )
    return waiting(read)


def _may_pass(error: BaseException) -> bool:
    """Whether asking again can help: AWS is busy or out of reach, or doesn't know it yet."""
    if isinstance(error, ClientError):
        return error.response["Error"]["Code"] in _PASSING
    return isinstance(error, exceptions.ConnectionError | exceptions.HTTPClientError)


def _is_not_found(last: Future) -> bool:
    error = last.exception() if last.failed else None
    return isinstance(error, ClientError) and error.response["Error"]["Code"] == NO_SUCH_INSTANCE


def _ends(state: RetryCallState) -> bool:
    return stop_after_delay(LIMIT_SECONDS)(state) or _is_nowhere(state)


def _is_nowhere(state: RetryCallState) -> bool:
    """Whether AWS has had the time to know it everywhere, and doesn't."""
    late = (state.seconds_since_start or 0) >= NOT_FOUND_SECONDS
    return late and state.outcome is not None and _is_not_found(state.outcome)


def _elsewhere(instance_id: str, session: AwsSession) -> str:
    try:
        who = session.client("sts").get_caller_identity()["Arn"]
    except (BotoCoreError, ClientError) as error:
        who = f"somebody ({error})"
    return (
        f"{instance_id}: AWS was asked as {who} in {session.region_name}, and knows no such "
        "instance there.\n"
        "  The provider has made it with other credentials or elsewhere; nothing has connected to "
        "it.\n"
        "  Next: let both find the same (aws sts get-caller-identity), then: pulumi up"
    )


def _remedy(error: Exception) -> str:
    """What to do about an error that doesn't pass."""
    if isinstance(error, NoRegionError):
        return "pulumi config set aws:region eu-west-1"
    if isinstance(error, ClientError) and error.response["Error"]["Code"] in _NOT_ALLOWED:
        return "get the permission ec2:GetConsoleOutput"
    return "log in to AWS (aws sts get-caller-identity shows as whom)"


def _missing(last: Future) -> str:
    """What the last look has shown."""
    if last.failed:
        return f"AWS doesn't show its console: {last.exception()}"
    return "no whole SSH host key in its console output"


def _progress(instance_id: str) -> Callable[[RetryCallState], None]:
    told = 0

    def tell(state: RetryCallState) -> None:
        nonlocal told
        passed = int(state.seconds_since_start or 0) // PROGRESS_SECONDS * PROGRESS_SECONDS
        if passed > told and state.outcome:
            told = passed
            so_far = f"{passed} s of {LIMIT_SECONDS} s"
            sys.stderr.write(f"{instance_id}: boots; {_missing(state.outcome)}, {so_far}\n")

    return tell


if __name__ == "__main__":
    main()

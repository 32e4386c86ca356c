"""Prints an instance's SSH host key, read from its console output through the AWS API.

Ubuntu's cloud-init prints the host keys to the console at first boot. An attacker on the
network can't change what the API says, so the first connection is checked already.
Source: EC2 API, GetConsoleOutput; cloud-init, module `keys_to_console`.

Reads INSTANCE_ID from the environment; waits until the key is there.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable

import boto3
from tenacity import (
    RetryCallState,
    RetryError,
    Retrying,
    retry_if_result,
    stop_after_delay,
    wait_exponential,
)

_BLOCK = re.compile(
    r"-----BEGIN SSH HOST KEY KEYS-----(.*?)-----END SSH HOST KEY KEYS-----", re.DOTALL
)
_KEY = re.compile(r"ssh-ed25519 [A-Za-z0-9+/=]+")
LIMIT_SECONDS = 900
FIRST_POLL_SECONDS = 0.25
LONGEST_POLL_SECONDS = 2
PROGRESS_SECONDS = 5


def host_key(console: str) -> str | None:
    """The ed25519 host key in a console's output: `ssh-ed25519 AAAA…`; None when it isn't there.

    The newest block counts: a console can hold several boots.
    """
    blocks = _BLOCK.findall(console)
    found = _KEY.search(blocks[-1]) if blocks else None
    return found.group(0) if found else None


def _progress(instance_id: str) -> Callable[[RetryCallState], None]:
    told = 0

    def tell(state: RetryCallState) -> None:
        nonlocal told
        passed = int(state.seconds_since_start or 0) // PROGRESS_SECONDS * PROGRESS_SECONDS
        if passed > told:
            told = passed
            sys.stderr.write(
                f"{instance_id}: boots; its SSH host key isn't on its console yet, "
                f"{passed} s of {LIMIT_SECONDS} s\n"
            )

    return tell


def main() -> None:
    """Wait for the key and print it."""
    instance_id = os.environ["INSTANCE_ID"]
    client = boto3.client("ec2", region_name=os.environ.get("AWS_REGION") or None)

    def read() -> str | None:
        # Latest is for Nitro instances only; others publish their console by themselves.
        answer = client.get_console_output(InstanceId=instance_id, Latest=True)
        return host_key(answer.get("Output") or "")

    waiting = Retrying(
        retry=retry_if_result(lambda key: key is None),
        wait=wait_exponential(FIRST_POLL_SECONDS, max=LONGEST_POLL_SECONDS),
        stop=stop_after_delay(LIMIT_SECONDS),
        before_sleep=_progress(instance_id),
    )
    try:
        print(waiting(read))  # noqa: T201 - the result of this command
    except RetryError:
        sys.exit(
            f"{instance_id}: no SSH host key in its console output after {LIMIT_SECONDS} s.\n"
            "  Look at it: aws ec2 get-console-output --latest --output text "
            f"--instance-id {instance_id}\n  Next: pulumi up"
        )


if __name__ == "__main__":
    main()

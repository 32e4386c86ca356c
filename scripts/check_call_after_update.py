"""The call with which an update ends where `checkCall` is set; `components.call_check` runs it.

The stack's state has what is deployed only once the update has ended. So variables say what there
is to call; keys for SSH and OPENVIDU_SECRET come on standard input.

Ctrl-C in an update has the provider kill what it runs, which could end no session any more. So a
process apart has the calls, and takes the end of this one for Ctrl-C.
Source: pulumi-command, provider/pkg/provider/local/commandOutputs.go, `exec.CommandContext`.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from typing import IO, NoReturn
from urllib.parse import urlsplit

from components.over_ssh import TEXT
from openvidu import ports
from scripts import check_call
from scripts.calls.deployed import Deployed
from scripts.calls.stack import Node, Stack
from scripts.calls.ways import WAYS
from scripts.checks.finding import Finding, Result, exit_status
from scripts.checks.names import SELFSIGNED
from scripts.checks.security_groups import security_groups
from scripts.expected_errors import expected_errors
from scripts.masking import mask
from scripts.pulumi_cli import PulumiCli, PulumiError
from scripts.stack_machines import reached_by

_APART = "apart"
_NEXT = (
    "What was to be changed is done; nodes that leave were not drained yet, and stay. The next "
    "pulumi up has the call again.\n"
    "Next: what is said above, then: pulumi up. To look again without an update: "
    "uv run openvidu-enterprise check-call. To do without: pulumi config set checkCall false"
)


def main() -> None:
    """Have the calls; tells each finding, and ends with status 1 where one has failed."""
    if sys.argv[1:] == [_APART]:
        _have_calls(_given_by(sys.stdin.buffer))
    given = sys.stdin.buffer.read()
    apart = subprocess.Popen(
        [sys.executable, "-m", "scripts.check_call_after_update", _APART],
        stdin=subprocess.PIPE,
        # Who kills this one's group leaves it alone.
        start_new_session=True,
    )
    with apart:
        if apart.stdin is None:
            raise AssertionError("it was asked for")
        # It stays open: its end is this process's.
        apart.stdin.write(b"%d\n%b" % (len(given), given))
        apart.stdin.flush()
        sys.exit(apart.wait())


def _given_by(parent: IO[bytes]) -> str:
    """What a parent gives; when the parent has ended, this process is asked to end, too."""
    given = parent.read(int(parent.readline()))

    def watch() -> None:
        # Not by `parent`, whose lock an end of this process would wait for in vain.
        os.read(parent.fileno(), 1)
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=watch, daemon=True).start()
    return given.decode()


def _have_calls(given: str) -> NoReturn:
    with expected_errors(stopped=check_call.STOPPED):
        check_call.require()
        keys, _, secret = given.partition(TEXT)
        deployed, stack = deployed_of(os.environ, keys, secret), stack_of(os.environ)
        found = check_call.findings(
            deployed, stack, WAYS, [*stack.nodes] or None, lambda: _groups(os.environ.get("STACK"))
        )
        status = exit_status(found)
        # What failed is in the message of the update, which has this stream's.
        stream = sys.stderr if status else sys.stdout
        stream.write(mask(told(found), [secret]) + "\n")
        sys.exit(status)
    raise AssertionError("an error ends it")


def deployed_of(given: Mapping[str, str], keys: str, secret: str) -> Deployed:
    """What there is to call.

    Args:
        given: the variables of the resource.
        keys: private keys for SSH.
        secret: OPENVIDU_SECRET.
    """
    url = urlsplit(given["URL"])
    main = reached_by(given["MAIN"], "BASE", given, keys)
    # Those of the update aren't known yet; of a load balancer's name nobody knows here.
    outputs = {f"{given['MAIN']}PublicIp": given["BASE_HOST"]}
    port = url.port or ports.HTTPS
    return Deployed(url.hostname or "", port, secret, main, _nodes(given), outputs)


def stack_of(given: Mapping[str, str]) -> Stack:
    """What the stack knows of it."""
    url = urlsplit(given["URL"])
    return Stack(
        f"{url.scheme}://{url.netloc}",
        _nodes(given),
        given["MAIN"],
        selfsigned=given["CERTIFICATE_TYPE"] == SELFSIGNED,
        own_turn=bool(given["TURN_SERVER"]),
    )


def told(found: Sequence[Finding]) -> str:
    """Findings as an update's log has them: those that failed last, with what to type."""
    well = [one for one in found if one.result is not Result.FAILED]
    failed = [one for one in found if one.result is Result.FAILED]
    lines = [f"{one.where}: {one.check}: {one.result}: {one.said}" for one in [*well, *failed]]
    if not failed:
        return "\n".join([*lines, "A call works on each node."])
    following = dict.fromkeys(f"  {one.where}: {one.check}: {one.next}" for one in failed)
    return "\n".join([*lines, "A call doesn't work. For each failure:", *following, _NEXT])


def _nodes(given: Mapping[str, str]) -> dict[str, Node]:
    return {
        one["privateIp"]: Node(one["name"], one["publicIp"]) for one in json.loads(given["NODES"])
    }


def _groups(stack: str | None) -> Sequence[Finding]:
    """AWS's security groups and the state's, as far as the update has come."""
    if stack is None:
        return []
    try:
        pulumi = PulumiCli(stack)
        return security_groups(pulumi, pulumi.config(), pulumi.export_state())
    except (PulumiError, OSError) as error:
        return [Finding("security groups", "AWS", Result.WARNING, str(error))]


if __name__ == "__main__":
    main()

"""Has a call on each node, as two users by the public URL: does it work, and if not, why?

uv run openvidu-enterprise check-call
uv run openvidu-enterprise check-call node-2 --way turn-tcp
uv run openvidu-enterprise check-call --json | jq '.[] | select(.result == "failed")'

From where you are, two participants for each way meet in a session of this check's own, which is
ended afterwards, and hear each other or don't. Nobody else's session is touched, and no node that
drains is given one.
Exit status: 0 when each node's call was heard by each way, 1 otherwise.
"""

from __future__ import annotations

import asyncio
import signal
import ssl
import sys
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import asdict, replace
from typing import Annotated, Any

import typer

from components.call_check import INSTALL, missing
from components.settings.table import Settings
from openvidu.roles import MASTER
from openvidu.signalling import ANSWER_SECONDS
from scripts.calls import judgement, trust
from scripts.calls.deployed import Deployed
from scripts.calls.outcomes import Closed, Seen, Stopped, Tried, Unasked
from scripts.calls.rest import Api
from scripts.calls.stack import Stack
from scripts.calls.ways import WAYS, Way
from scripts.checks.finding import Finding, exit_status
from scripts.checks.names import SELFSIGNED, domain, here
from scripts.checks.security_groups import security_groups
from scripts.checks.shown import shown
from scripts.display import print_json, table_console, waiting
from scripts.expected_errors import expected_errors
from scripts.masking import mask, secrets_of
from scripts.pulumi_cli import PulumiCli, PulumiError, configured
from scripts.stack_machines import complete_nodes, machines

STOPPED = "Stopped: no session was made."
"""What is said after a Ctrl-C that came before the first one."""


def _way(text: str) -> Way:
    if text not in WAYS:
        raise typer.BadParameter(f"must be one of {', '.join(WAYS)}, got {text!r}")
    return Way(text)


def main(
    node: Annotated[
        str | None, typer.Argument(help="This one alone.", autocompletion=complete_nodes)
    ] = None,
    *,
    way: Annotated[
        list[Way] | None,
        typer.Option(parser=_way, metavar="|".join(WAYS), help="How media go; by default each."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="For scripts.")] = False,
    stack: Annotated[str | None, typer.Option(help="Stack; the selected one by default.")] = None,
) -> None:
    """Have a call on each node, from here, by the public URL; say what works and what doesn't.

    Exit status: 0 when each node's call was heard by each way, 1 otherwise.

    Examples:
      uv run openvidu-enterprise check-call
      uv run openvidu-enterprise check-call node-2 --way straight --way turn-tcp
      uv run openvidu-enterprise check-call --json
    """
    with expected_errors(stopped=STOPPED):
        findings = look(PulumiCli(stack), node, list(dict.fromkeys(way or WAYS)))
        if as_json:
            print_json([asdict(one) for one in findings])
        else:
            table_console().print(shown(findings))
        sys.exit(exit_status(findings))


def look(pulumi: PulumiCli, only: str | None, ways: Sequence[Way]) -> list[Finding]:
    """Have the calls.

    Args:
        pulumi: the stack.
        only: the one node that is to have a call; None for all.
        ways: how media are to go.

    Raises:
        PulumiError: there is nothing to call, nothing to call with, or no such node.
        KeyboardInterrupt: it was interrupted, and has ended its session.
    """
    exported = pulumi.export_state(show_secrets=True)
    deployed = Deployed.of(exported)
    chosen = None if only is None else [_address_of(only, deployed, machines(exported))]
    require()
    config = pulumi.config()
    found = findings(
        deployed,
        _stack(deployed, config),
        ways,
        chosen,
        lambda: security_groups(pulumi, config, exported),
    )
    secrets = secrets_of(exported, [deployed.secret])
    return [replace(one, said=mask(one.said, secrets)) for one in found]


def _address_of(name: str, deployed: Deployed, there: Collection[str]) -> str:
    """The private address of the node that was asked for.

    Args:
        name: as it was typed.
        deployed: what there is to call.
        there: names of the stack's machines.

    Raises:
        PulumiError: it's no node; names those that there are.
    """
    nodes = {node.name: ip for ip, node in deployed.nodes.items()}
    if name in nodes:
        return nodes[name]
    every = "uv run openvidu-enterprise check-call"
    if not nodes:
        raise PulumiError(
            f"{deployed.main.name} is called as a whole: its media nodes have no names here.\n"
            f"  Next: {every}"
        )
    names = ", ".join(nodes)
    if name in there:
        said = f"{name} carries no calls itself: nodes do, which are {names}"
    else:
        said = f"no node of this stack is called {name!r}; there are: {names}"
    raise PulumiError(f"{said}.\n  Next: {every} {next(iter(nodes))}, or all: {every}")


def findings(
    deployed: Deployed,
    stack: Stack,
    ways: Sequence[Way],
    only: Collection[str] | None,
    groups: Callable[[], Sequence[Finding]],
) -> list[Finding]:
    """Have the calls, and say what came of them.

    Args:
        deployed: what there is to call.
        stack: what the stack knows of it.
        ways: how media are to go.
        only: addresses of the nodes that are to have a call; None for all.
        groups: compares AWS's security groups with the stack's.

    Raises:
        KeyboardInterrupt: it was interrupted, and has ended its session.
    """
    seen = have_calls(deployed, stack, ways, only)
    found = judgement.judged(seen, stack)
    if exit_status(found):
        # It takes AWS a while, and is asked when something has failed alone.
        known = replace(stack, groups=groups())
        if isinstance(seen, Closed):
            name = {"domainOrPublicIp": deployed.host}
            names = [*domain(name, deployed.outputs), *here(deployed.host)]
            known = replace(known, names=names)
        found = judgement.judged(seen, known)
    return found


def require() -> None:
    """See that there is what to call with.

    Raises:
        PulumiError: it's missing; says how it's installed.
    """
    if lacking := missing():
        raise PulumiError(
            f"a call takes {lacking}, which nothing else here needs.\n  Next: {INSTALL}"
        )


def _stack(deployed: Deployed, config: Mapping[str, Mapping[str, Any]]) -> Stack:
    return Stack(
        deployed.url,
        deployed.nodes,
        deployed.main.name,
        selfsigned=configured(config, "certificateType", Settings.certificate_type) == SELFSIGNED,
        own_turn=bool(configured(config, "turnServer")),
    )


def have_calls(
    deployed: Deployed, stack: Stack, ways: Sequence[Way], only: Collection[str] | None
) -> Seen:
    """Have the calls, once it's sure whom the secret goes to."""
    try:
        tls = trust.by_machine(deployed) if stack.selfsigned else trust.by_authorities()
        trust.shake_hands(deployed.host, deployed.port, tls)
    except PulumiError as error:
        return Unasked(str(error))
    except OSError as error:
        return Closed(error)
    with waiting("asking the cluster for its nodes") as say:
        found = asyncio.run(_try(deployed, stack, tls, ways, say, only))
    if isinstance(found, Stopped):
        raise KeyboardInterrupt(f"Stopped: {found.said}")
    return found


async def _try(
    deployed: Deployed,
    stack: Stack,
    tls: ssl.SSLContext,
    ways: Sequence[Way],
    say: Callable[[str], None],
    only: Collection[str] | None,
) -> Tried | Stopped:
    """Have them; only a single master's media nodes can be told apart before."""
    from scripts.calls.trial import Trial  # noqa: PLC0415 - needs what may not be installed

    rest = Api(deployed.url, deployed.secret, tls, ANSWER_SECONDS)
    by_name = deployed.main.name == MASTER.name
    trial = Trial(rest, ways, say, called=stack.name, by_name=by_name)
    trying = asyncio.create_task(trial.run(only))
    for asked_to_end in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        # The session is ended first, however often it's asked.
        asyncio.get_running_loop().add_signal_handler(asked_to_end, trying.cancel)
    try:
        return await trying
    except asyncio.CancelledError:
        return Stopped(trial.farewell)
    finally:
        await rest.close()


if __name__ == "__main__":
    typer.run(main)

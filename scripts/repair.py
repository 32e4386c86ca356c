"""Repairs a machine that is broken: looks, asks, and goes from mild to strong until it works.

uv run openvidu-enterprise repair base
uv run openvidu-enterprise repair node-2 --yes
uv run openvidu-enterprise repair node-2 --to replace

It starts the services, restarts Docker, reboots, stops and starts the instance, or has another one
take its place, and looks again before each step. A node whose calls go on is drained, never
restarted. Of one that AWS can't reach you are asked whether calls go on; with `--yes` it takes
`--dead` to say that none do.

Exit status: 0 when the machine works, 1 otherwise.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from typing import Annotated, Any

import typer
from botocore.exceptions import BotoCoreError, ClientError
from rich.console import Console

from components.aws.arn import InstanceArn
from components.aws.provider_session import AwsSession
from components.over_ssh import TEXT
from components.resource_names import node_number
from openvidu import ports
from scripts import aws_session
from scripts.display import waiting
from scripts.expected_errors import expected_errors, print_error
from scripts.memberships import from_state, plain
from scripts.pulumi_cli import PulumiCli, PulumiError, configured
from scripts.repairing.course import Course
from scripts.repairing.ladder import MachineObservation, Step, plan
from scripts.repairing.look import Patient
from scripts.repairing.steps import Steps
from scripts.stack_machines import (
    complete,
    instances_in,
    machines,
    named,
    owners_in,
    unfinished_in,
)


def main(
    machine: Annotated[str, typer.Argument(help="base, node-1, …", autocompletion=complete)],
    to: Annotated[
        Step | None,
        typer.Option(help="The strongest step that may be taken; stop-start by default."),
    ] = None,
    *,
    dead: Annotated[
        bool, typer.Option("--dead", help="Say that no call goes on there, if nobody can see it.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Don't ask.")] = False,
    stack: Annotated[str | None, typer.Option(help="Stack; the selected one by default.")] = None,
) -> None:
    """Repair a machine that is broken, from mild to strong, until it works.

    Exit status: 0 when the machine works, 1 otherwise.

    Examples:
      uv run openvidu-enterprise repair base
      uv run openvidu-enterprise repair node-2 --yes
      uv run openvidu-enterprise repair node-2 --to replace
    """
    console = Console(highlight=False, soft_wrap=True)
    with expected_errors(BotoCoreError, ClientError):
        pulumi = PulumiCli(stack)
        exported = pulumi.export_state(show_secrets=True)
        patient = _patient(machine, exported, pulumi)
        with waiting(f"looking at {machine}"):
            seen, printed = patient.look(), patient.console()
        _tell(console, [*seen.told, *(f"console: {line}" for line in printed)])
        decided = plan(seen, to, dead=dead, asks=not yes)
        if decided.says:
            console.print(decided.says, markup=False)
        if decided.steps:
            pulumi.require_idle(_command(machine, exported))
            steps = Steps(
                patient, pulumi, start_of(machine, exported), lambda line: _tell(console, [line])
            )
            course = Course(
                lambda: _look_again(machine, pulumi),
                lambda step: _take(step, steps),
                None if yes else lambda: typer.confirm("Do it?", default=False),
                lambda lines: _tell(console, lines),
                to,
            )
            end = course.follow(seen, dead=dead)
            seen, decided = end.seen, end.plan
        if decided.next:
            console.print(f"Next: {decided.next}", markup=False)
    sys.exit(0 if seen.works else 1)


def _look_again(machine: str, pulumi: PulumiCli) -> MachineObservation:
    with waiting(f"looking at {machine}"):
        # Another one may have taken its place, and the state knows that one.
        return _patient(machine, pulumi.export_state(show_secrets=True), pulumi).look()


def _take(step: Step, steps: Steps) -> None:
    try:
        steps.take(step)
    except (PulumiError, BotoCoreError, ClientError) as error:
        # What came of it is looked at.
        print_error(error)


def _tell(console: Console, lines: Sequence[str]) -> None:
    for line in lines:
        console.print(f"  {line}", markup=False)


def _patient(name: str, exported: Mapping[str, Any], pulumi: PulumiCli) -> Patient:
    """The machine, and all that is needed to look at it.

    Raises:
        PulumiError: there's none of that name.
    """
    there = machines(exported)
    chosen, main = named(there, name), next(iter(there.values()))
    config = pulumi.config()
    port = configured(config, "httpsPort")
    arn = instances_in(exported).get(name)
    provider = aws_session.provider_of_stack(pulumi, config) if arn else {}
    number = node_number(name) or 0
    return Patient(
        chosen,
        main,
        from_state(exported).get(number),
        InstanceArn.parse(arn) if arn else None,
        lambda region: AwsSession(provider, region),
        int(port) if port.isdecimal() else ports.HTTPS,
        name in unfinished_in(exported),
        name in owners_in(exported),
    )


def start_of(name: str, exported: Mapping[str, Any]) -> str | None:
    """What starts a machine's services, as the last update gave it to a shell; None without one.

    Args:
        name: the machine's.
        exported: a state that was exported with its secrets shown.
    """
    inputs = _resource(f"{name}-start", exported).get("inputs") or {}
    if "stdin" not in inputs:
        return None
    given = str(plain(inputs["stdin"]))
    # What goes by Session Manager has the private keys before it: they stay here.
    return given.rpartition(TEXT)[2]


def _command(name: str, exported: Mapping[str, Any]) -> str:
    """URN of a command of the machine, of which a refresh changes nothing."""
    for suffix in ("membership", "version"):
        if found := _resource(f"{name}-{suffix}", exported):
            return str(found["urn"])
    return ""


def _resource(name: str, exported: Mapping[str, Any]) -> Mapping[str, Any]:
    """The resource of that name that isn't a component; empty where there's none."""
    for one in exported["deployment"].get("resources", ()):
        is_component = one["type"].startswith("openvidu-enterprise:")
        if one["urn"].endswith(f"::{name}") and not is_component and not one.get("delete"):
            found: Mapping[str, Any] = one
            return found
    return {}


if __name__ == "__main__":
    typer.run(main)

"""Takes over what an update that was killed had made in AWS, before its state knew.

uv run openvidu-enterprise adopt
uv run openvidu-enterprise adopt --stack production --yes

Run it after `pulumi cancel`, when an update warns of resources "interrupted while creating", or AWS
says that an interface or address is in use. It removes nothing: what belongs to no interrupted
create is named, with the command that removes it.
"""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Annotated

import typer
from botocore.exceptions import BotoCoreError, ClientError
from rich.console import Console

from components.resource_names import logical_name
from scripts import aws_session, left_behind, tagged_in_aws
from scripts.display import print_json
from scripts.expected_errors import expected_errors
from scripts.left_behind import Findings, Json
from scripts.pulumi_cli import PulumiCli, PulumiError

_OF_MACHINES = tuple(left_behind.KINDS[name] for name in ("i", "eipalloc", "eni"))


def main(
    stack: Annotated[str | None, typer.Option(help="Stack; the selected one by default.")] = None,
    *,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Don't ask.")] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="For scripts; changes nothing without --yes.")
    ] = False,
) -> None:
    """Find what a killed update left in AWS, and put it into the stack's state.

    Examples:
      uv run openvidu-enterprise adopt --stack production
      uv run openvidu-enterprise adopt --json | jq .strays
    """
    console = Console(highlight=False, soft_wrap=True)
    with expected_errors(BotoCoreError, ClientError):
        pulumi = PulumiCli(stack)
        exported = pulumi.export_state()
        findings = _look(pulumi, exported["deployment"])
        repairs = bool(findings.adopt or findings.forget) and (yes or not as_json)
        if not as_json:
            console.print(told(findings))
        if repairs and not yes:
            typer.confirm("Change the stack's state like this?", abort=True)
        if repairs:
            _repair(pulumi, exported, findings)
        if as_json:
            print_json({**asdict(findings), "repaired": repairs})
        elif repairs:
            console.print("The state is repaired. Next: pulumi up")


def _look(pulumi: PulumiCli, deployment: Json) -> Findings:
    named = left_behind.names(deployment)
    if named is None:
        return Findings()
    if not left_behind.uses_aws(deployment):
        return left_behind.match(deployment, [], {})
    ec2 = aws_session.of_stack(pulumi).client("ec2")
    untagged = {
        resource["urn"]: found
        for resource in left_behind.pending_creates(deployment)
        if (found := tagged_in_aws.untagged(ec2, resource)) is not None
    }
    tagged = tagged_in_aws.tagged(ec2, named.project, named.stack)
    return left_behind.match(deployment, tagged, untagged)


def told(findings: Findings) -> str:
    """What was found, for the operator."""
    if not findings:
        return "Nothing was left behind."
    lines = [
        f"{logical_name(urn)}: {id_} was made, and is taken over"
        for urn, id_ in findings.adopt.items()
    ]
    lines += [f"{logical_name(urn)}: {_what_comes(urn, findings)}" for urn in findings.forget]
    lines += [
        f"{logical_name(urn)}: can't be searched for. Look for it yourself, then: pulumi "
        "refresh --clear-pending-creates"
        for urn in findings.unknown
    ]
    lines += [
        f"{stray.id} ({stray.tags.get('Name', 'no name')}) has this stack's tags, but is in no "
        f"state. If nothing uses it:\n  aws ec2 {stray.kind.remove} {stray.id}"
        for stray in findings.strays
    ]
    if any(stray.kind in _OF_MACHINES for stray in findings.strays):
        lines.append(
            "Where the state is older than a machine, that may carry calls.\n"
            "  First: uv run openvidu-enterprise status     # whether the cluster has its address\n"
            "  If so, give the state what there is: docs/runbook.md, 'The state is lost'"
        )
    return "\n".join(lines)


def _what_comes(urn: str, findings: Findings) -> str:
    """What the next update does about an interrupted create of which only the note goes."""
    if urn in findings.known:
        return "the state has it; the next update does what is left to do, if anything is"
    doubled = urn in findings.doubled
    then = ", once those below that it isn't are removed" if doubled else ""
    return f"the next update makes it{then}"


def _repair(pulumi: PulumiCli, exported: Json, findings: Findings) -> None:
    """Write the state, and read what was adopted.

    Raises:
        PulumiError: another update has changed the state meanwhile, or holds its lock.
    """
    if pulumi.export_state() != exported:
        raise PulumiError(
            "The state has changed meanwhile: another update is running, or has run. "
            "Nothing was done.\n"
            "  When it has ended: uv run openvidu-enterprise adopt"
        )
    deployment = left_behind.repaired(exported["deployment"], findings)
    pulumi.import_state(json.dumps({**exported, "deployment": deployment}))
    if findings.adopt:
        pulumi.refresh(findings.adopt)


if __name__ == "__main__":
    typer.run(main)

"""Makes a stack's state again that is lost, by what AWS has: with `pulumi import`.

uv run openvidu-enterprise recover-state
pulumi import --file import.json --generate-code=false --yes
uv run openvidu-enterprise recover-state
pulumi preview
pulumi up

First it writes the file that `pulumi import` takes: a preview says what the program wants, and AWS
what carries the stack's tags. After the import it has the state take names that Pulumi had made for
what they are, so that nothing is replaced for its name. Each time it looks at what is there, and
says what to type. Commands on machines aren't imported: `pulumi up` runs them again, and each sees
what is there.

Exit status: 0 when the next step can be taken, 1 otherwise.
"""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Any

import typer
from botocore.exceptions import BotoCoreError, ClientError
from rich.console import Console

from components.resource_names import logical_name
from scripts import aws_session, tagged_in_aws
from scripts.expected_errors import expected_errors
from scripts.import_ids import (
    Match,
    Wanted,
    filled,
    match,
    placeholders,
    taken_over_in,
    wanted_in,
)
from scripts.imported import settled
from scripts.left_behind import Json, Names, names
from scripts.pulumi_cli import PulumiCli, PulumiError
from scripts.summary.changes import said

_SHOWN = 3
"""Of what was imported: enough to know what it's about."""


def main(
    output: Annotated[Path, typer.Option(help="The file to write.")] = Path("import.json"),
    *,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Don't ask.")] = False,
    stack: Annotated[str | None, typer.Option(help="Stack; the selected one by default.")] = None,
) -> None:
    """Make a state again that is lost: write what `pulumi import` takes, then settle what it made.

    Exit status: 0 when the next step can be taken, 1 otherwise.

    Examples:
      uv run openvidu-enterprise recover-state
      uv run openvidu-enterprise recover-state --stack production --output production.json
    """
    console = Console(highlight=False, soft_wrap=True)
    with expected_errors(BotoCoreError, ClientError):
        pulumi = PulumiCli(stack)
        if _settle(pulumi, console, asks=not yes):
            return
        preview = _preview(pulumi)
        wanted = wanted_in(preview.said)
        taken_over = taken_over_in(preview.said)
        found = None
        if wanted:
            found = _look(aws_session.of_stack(pulumi).client("ec2"), wanted, taken_over)
        if not (found and found.ids):
            console.print("AWS has nothing of this stack that its state lacks. Next: pulumi up")
            return
        written = filled(preview.import_file, found)
        output.write_text(json.dumps(written, indent=4) + "\n")
        left = placeholders(written)
        console.print("\n".join(_shown(found, output, left)), markup=False)
        sys.exit(1 if left or found.strays else 0)


def _settle(pulumi: PulumiCli, console: Console, *, asks: bool) -> bool:
    """Settle what an import has made; returns whether there was anything."""
    exported = pulumi.export_state()
    found = settled(exported["deployment"])
    if not found.changed:
        return False
    console.print(
        f"{len(found.changed)} resources were imported: {', '.join(found.changed[:_SHOWN])}, …\n"
        "Names that Pulumi had made become its own again. What holds data stays protected, and "
        "machines do until the next update."
    )
    if asks:
        typer.confirm("Change the stack's state like this?", abort=True)
    pulumi.import_state(json.dumps({**exported, "deployment": found.deployment}))
    console.print(
        "The state is settled. Next:\n"
        "  pulumi preview      # replaces the key pair at most, which no machine notices\n"
        "  pulumi up"
    )
    return True


@dataclass(frozen=True)
class _Preview:
    """What a preview says, and the import file that it writes."""

    said: Json
    import_file: Json


def _preview(pulumi: PulumiCli) -> _Preview:
    """Preview an update of the stack.

    Raises:
        PulumiError: it has failed.
    """
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "import.json"
        preview = pulumi.preview_and_errors(import_file=file)
        if errors := said(preview, "error"):
            raise PulumiError("\n".join(errors))
        return _Preview(preview, json.loads(file.read_text()))


def _look(ec2: tagged_in_aws.Ec2, wanted: Sequence[Wanted], taken_over: Collection[str]) -> Match:
    """Ask AWS for what is wanted."""
    urns = [{"urn": one.urn} for one in wanted]
    of = names({"resources": urns}) or Names("", "")
    there = tagged_in_aws.tagged(ec2, of.project, of.stack)

    def is_there(type_: str, properties: Mapping[str, Any]) -> bool:
        # Whether a name leads somewhere isn't asked: `pulumi import` says if it doesn't.
        return tagged_in_aws.untagged(ec2, {"type": type_, "inputs": properties}) != ""

    found = match(wanted, there, is_there, taken_over)
    keys = tagged_in_aws.key_names(ec2)
    return replace(found, ids={urn: keys.get(id_, id_) for urn, id_ in found.ids.items()})


def _shown(found: Match, file: Path, left: list[str]) -> Iterator[str]:
    """What was found, for the operator."""
    yield f"{file}: {len(found.ids)} resources of AWS have their ids."
    if found.absent:
        yield f"Not in AWS, so an update will create them: {', '.join(_types(found))}"
    for urn, ids in found.ambiguous.items():
        name = logical_name(urn)
        yield f"{name}: several have its tags: {', '.join(ids)}. Put the right one in."
    for one in found.unknown:
        yield f"{one.name} ({one.type}): can't be searched for. Put its id in, or take it out."
    for stray in found.strays:
        yield (
            f"{stray.id} ({stray.tags.get('Name', 'no name')}) has this stack's tags, but "
            "the configuration doesn't want it. Set nodeCount as it was, and run this "
            "again."
        )
    if left:
        yield f"Still without an id in {file}: {', '.join(left)}"
    yield "Next:"
    yield f"  pulumi import --file {file} --generate-code=false --yes"
    yield "  uv run openvidu-enterprise recover-state      # once more, before any update"


def _types(found: Match) -> list[str]:
    return [f"{one.name} ({one.type.rpartition(':')[2]})" for one in found.absent]


if __name__ == "__main__":
    typer.run(main)

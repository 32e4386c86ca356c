"""Writes the file that `pulumi import` takes, for a stack whose state is lost.

python -m scripts.import_file
python -m scripts.import_file --stack production --output production.json

It asks a preview what the program wants, and AWS what carries the stack's tags. It changes nothing.
Commands on machines are left out: `pulumi up` runs them again, and each sees what is there.
Exit status: 0 when the file can be imported as it is, 1 otherwise.
"""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import typer
from botocore.exceptions import BotoCoreError, ClientError
from rich.console import Console

from scripts import tagged_in_aws
from scripts.errors import expected_errors
from scripts.import_ids import Match, Wanted, filled, match, placeholders, wanted_in
from scripts.left_behind import Json, names
from scripts.pulumi_cli import PulumiCli, PulumiError
from scripts.summary.changes import said


def main(
    output: Annotated[Path, typer.Option(help="The file to write.")] = Path("import.json"),
    stack: Annotated[str | None, typer.Option(help="Stack; the selected one by default.")] = None,
) -> None:
    """Write the file that `pulumi import` takes, for a stack whose state is lost.

    Exit status: 0 when the file can be imported as it is, 1 otherwise.

    Example:
      python -m scripts.import_file --stack production
    """
    console = Console(highlight=False, soft_wrap=True)
    with expected_errors(BotoCoreError, ClientError):
        preview, import_file = _preview(PulumiCli(stack))
        wanted = wanted_in(preview)
        if not wanted:
            console.print("The state lacks nothing that AWS could have. Next: pulumi up")
            return
        found = _look(preview, wanted)
        written = filled(import_file, found)
        output.write_text(json.dumps(written, indent=4) + "\n")
        left = placeholders(written)
        console.print("\n".join(_shown(found, output, left)), markup=False)
        sys.exit(1 if left else 0)


def _preview(pulumi: PulumiCli) -> tuple[Json, Json]:
    """What a preview says, and the import file that it writes.

    Raises:
        PulumiError: it has failed.
    """
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "import.json"
        preview = pulumi.preview_and_errors(import_file=file)
        if errors := said(preview, "error"):
            raise PulumiError("\n".join(errors))
        return preview, json.loads(file.read_text())


def _look(preview: Json, wanted: Sequence[Wanted]) -> Match:
    """Ask AWS for what is wanted."""
    urns = [{"urn": one.urn} for one in wanted]
    config = preview.get("config") or {}
    ec2 = tagged_in_aws.client(config.get("aws:region"), config.get("aws:profile"))
    there = tagged_in_aws.tagged(ec2, *names({"resources": urns}) or ("", ""))

    def is_there(type_: str, properties: Mapping[str, Any]) -> bool:
        # Whether a name leads somewhere isn't asked: `pulumi import` says if it doesn't.
        return tagged_in_aws.untagged(ec2, {"type": type_, "inputs": properties}) != ""

    found = match(wanted, there, is_there)
    keys = tagged_in_aws.key_names(ec2)
    return replace(found, ids={urn: keys.get(id_, id_) for urn, id_ in found.ids.items()})


def _shown(found: Match, file: Path, left: list[str]) -> Iterator[str]:
    """What was found, for the operator."""
    yield f"{file}: {len(found.ids)} resources of AWS have their ids."
    if found.absent:
        yield f"Not in AWS, so that an update makes them: {', '.join(_types(found))}"
    for urn, ids in found.ambiguous.items():
        name = urn.rpartition("::")[2]
        yield f"{name}: several have its tags: {', '.join(ids)}. Put the right one in."
    for one in found.unknown:
        yield f"{one.name} ({one.type}): can't be looked for. Put its id in, or take it out."
    for stray in found.strays:
        yield (
            f"{stray.id} ({stray.tags.get('Name', 'no name')}) has this stack's tags, and the "
            "configuration doesn't want it. Is nodeCount as it was? Then run this again."
        )
    if left:
        yield f"Still without an id in {file}: {', '.join(left)}"
    yield "Next:"
    yield f"  pulumi import --file {file} --generate-code=false --protect=false"
    yield "  pulumi preview      # must replace no machine before you go on"
    yield "  pulumi up"


def _types(found: Match) -> list[str]:
    return [f"{one.name} ({one.type.rpartition(':')[2]})" for one in found.absent]


if __name__ == "__main__":
    typer.run(main)

"""Tells in a few lines what an update would do: nodes, cost an hour, calls. As Markdown.

uv run openvidu-enterprise preview-summary
pulumi preview --json > preview.json; uv run openvidu-enterprise preview-summary --file preview.json
uv run openvidu-enterprise preview-summary --json

Exit status: 1 where the preview has failed.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, Any

import typer

from scripts.display import print_json
from scripts.expected_errors import expected_errors
from scripts.pulumi_cli import PulumiCli, PulumiError
from scripts.summary.changes import Changes, changes_in
from scripts.summary.costs import (
    Cost,
    Prices,
    cost,
    prices,
    resources_after,
    resources_in,
    without_standbys,
)

_MOST_OTHERS = 12


@dataclass(frozen=True)
class Summary:
    """What an update would do.

    Attributes:
        stack: the stack's name.
        region: of AWS; empty where the machines are one's own.
        changes: to nodes and the rest.
        before: what the deployment costs an hour.
        after: what it will cost.
        prices: from which that is.
    """

    stack: str
    region: str
    changes: Changes
    before: Cost
    after: Cost
    prices: Prices

    def as_json(self) -> dict[str, Any]:
        """For scripts."""
        return {
            "stack": self.stack,
            **asdict(self.changes),
            "costAnHour": {
                "before": self.before.known,
                "after": self.after.known,
                "currency": self.prices.currency,
                "pricesOf": self.prices.date,
                "unknown": sorted(self.before.unknown | self.after.unknown),
            },
        }


def main(
    *,
    file: Annotated[
        Path | None,
        typer.Option(help="What `pulumi preview --json` printed; without it, a preview is made."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="For scripts.")] = False,
    stack: Annotated[str | None, typer.Option(help="Stack; the selected one by default.")] = None,
) -> None:
    """Tell in a few lines what an update would do.

    Exit status: 1 where the preview has failed, 0 otherwise.

    Examples:
      uv run openvidu-enterprise preview-summary
      uv run openvidu-enterprise preview-summary --file preview.json >>"$GITHUB_STEP_SUMMARY"
    """
    with expected_errors():
        pulumi = PulumiCli(stack)
        preview = _read(file) if file else pulumi.preview_and_errors()
        found = summary(preview, pulumi.export_state(), pulumi.stack_name())
        if as_json:
            print_json(found.as_json())
        else:
            sys.stdout.write("\n".join(text(found)) + "\n")
        sys.exit(1 if found.changes.errors else 0)


def _read(file: Path) -> Mapping[str, Any]:
    """A preview from a file.

    Raises:
        PulumiError: it holds something else.
    """
    try:
        found = json.loads(file.read_text())
        problem = _problem(found)
    except (OSError, ValueError) as error:
        problem = str(error)
    if problem:
        raise PulumiError(
            f"{file} must be what a preview prints, but {problem}.\n"
            f"  Next: pulumi preview --json > {file}"
        )
    preview: Mapping[str, Any] = found
    return preview


def _problem(found: object) -> str:
    """What keeps JSON from being a preview; one that has failed early is printed as `{}`."""
    if not isinstance(found, dict):
        return "it contains no object"
    if not found.get("steps") and not found.get("diagnostics"):
        return "it contains a failed preview, or none"
    return ""


def summary(preview: Mapping[str, Any], state: Mapping[str, Any], stack: str) -> Summary:
    """What a preview means.

    Args:
        preview: as `pulumi preview --json` prints it, also where it has failed.
        state: as `pulumi stack export` prints it.
        stack: the stack's name.
    """
    region = str((preview.get("config") or {}).get("aws:region") or "")
    table = prices(region)
    before = resources_in(state)
    after = resources_after(before, preview)
    return Summary(
        stack,
        region,
        changes_in(preview),
        cost(without_standbys(before), table),
        cost(without_standbys(after), table),
        table,
    )


def text(found: Summary) -> Iterator[str]:
    """The summary as Markdown, line by line."""
    changes = found.changes
    yield f"### OpenVidu Enterprise: preview of {found.stack}"
    yield ""
    if changes.errors:
        yield "**The preview has failed.**"
        for error in changes.errors:
            yield from ("", "```", error, "```")
        return
    if changes.is_empty:
        yield "Nothing changes."
    for what, names in (
        ("added", changes.added),
        ("drained, then removed", changes.drained),
        ("replaced", changes.replaced),
        ("upgraded", changes.upgraded),
        ("other changes", _shortened(list(changes.others))),
    ):
        if names:
            yield f"- **{what}**: {', '.join(names)}"
    if found.before.known or found.after.known or found.after.unknown:
        yield from ("", _cost(found))
    if changes.warnings:
        yield from ("", "> [!WARNING]")
        for warning in changes.warnings:
            yield f"> - {' '.join(warning.split())}"


def _shortened(names: list[str]) -> list[str]:
    more = len(names) - _MOST_OTHERS
    return [*names[:_MOST_OTHERS], f"{more} more"] if more > 0 else names


def _cost(found: Summary) -> str:
    before, after, table = found.before.known, found.after.known, found.prices
    difference = after - before
    change = (
        f"{before:.3f} to {after:.3f} {table.currency} an hour "
        f"({difference:+.3f}; {difference * table.hours:+.0f} a month)"
        if difference
        else f"{after:.3f} {table.currency} an hour, as before"
    )
    unknown = sorted(found.before.unknown | found.after.unknown)
    least = f" Not in the table, and not counted: {', '.join(unknown)}." if unknown else ""
    return (
        f"**Cost**: {change}, by prices of {table.date} in {found.region or 'no region'}, "
        f"without traffic and storage in S3.{least}"
    )


if __name__ == "__main__":
    typer.run(main)

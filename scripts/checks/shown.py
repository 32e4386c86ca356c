"""Findings as people read them."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Group
from rich.text import Text

from scripts.checks.finding import Finding, Result
from scripts.display import table_of

_COLOURS = {
    Result.OK: "green",
    Result.WARNING: "yellow",
    Result.FAILED: "red",
    Result.SKIPPED: "bright_black",
}


def shown(findings: Sequence[Finding]) -> Group:
    """The findings as people read them: a table, then what to do."""
    table = table_of("check", "where", "result", "found")
    for one in findings:
        table.add_row(one.check, one.where, Text(one.result, _COLOURS[one.result]), Text(one.said))
    failed = [one for one in findings if one.result is Result.FAILED]
    warned = [one for one in findings if one.result is Result.WARNING and one.next]
    todo = map(_todo, [*warned, *failed])
    count = len(failed)
    last = Text("Nothing has failed.", "green") if not count else Text(f"{count} failed.", "red")
    return Group(table, *todo, last)


def _todo(finding: Finding) -> Text:
    text = Text(f"\n{finding.where}: {finding.check}: {finding.said}\n", _COLOURS[finding.result])
    if finding.openvidu:
        text.append("OpenVidu's own words:\n", "bright_black")
        text.append(f"{finding.openvidu}\n", "bright_black")
    if finding.next:
        text.append(f"Next: {finding.next}", "bold")
    return text

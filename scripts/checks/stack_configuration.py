"""The stack's configuration, asked of the program itself: a preview refuses what can't work.

So quotas, instance types and hosts that exist are looked at too, and each mistake has the program's
own words.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from scripts.checks.finding import Finding, Result
from scripts.pulumi_cli import PulumiCli, PulumiError
from scripts.summary.changes import said

_WHAT = "configuration"


def configuration(pulumi: PulumiCli) -> list[Finding]:
    """Have the program read the configuration, and compare it with what there is."""
    try:
        return findings_of(pulumi.preview_and_errors(), pulumi.stack_name())
    except PulumiError as error:
        return [Finding(_WHAT, "stack", Result.FAILED, str(error), "pulumi preview")]


def findings_of(preview: Mapping[str, Any], stack: str) -> list[Finding]:
    """What a preview says.

    Args:
        preview: as `pulumi preview --json` prints it, also where it has failed.
        stack: the stack's name.
    """
    errors, warnings = said(preview, "error"), said(preview, "warning")
    found = [Finding(_WHAT, stack, Result.FAILED, one, "pulumi preview") for one in errors]
    found += [Finding(_WHAT, stack, Result.WARNING, one) for one in warnings]
    if not errors:
        summary = preview.get("changeSummary") or {}
        planned = ", ".join(f"{count} to {op}" for op, count in summary.items() if op != "same")
        found.insert(0, Finding(_WHAT, stack, Result.OK, planned or "no changes"))
    return found

"""Looks at everything that a deployment needs: what can't work, why, and what to type.

uv run openvidu-enterprise preflight
uv run openvidu-enterprise preflight --json | jq '.[] | select(.result == "failed")'

It changes nothing, but for a probe in the bucket and in Redis, which it takes away again.
Exit status: 0 when nothing has failed, 1 otherwise.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import asdict
from typing import Annotated, Any

import typer

from components.settings.choices import EXISTING
from openvidu import ports
from scripts.checks import names
from scripts.checks.aws_account import account
from scripts.checks.downloadable import downloadable
from scripts.checks.finding import Finding, Result, exit_status
from scripts.checks.node_services import services, wanted_envs
from scripts.checks.reachable import reachable
from scripts.checks.security_groups import security_groups
from scripts.checks.shown import shown
from scripts.checks.stack_configuration import configuration
from scripts.display import print_json, table_console, waiting
from scripts.expected_errors import expected_errors
from scripts.pulumi_cli import PulumiCli
from scripts.stack_machines import Machine, outputs_of, there_in


def main(
    *,
    as_json: Annotated[bool, typer.Option("--json", help="For scripts.")] = False,
    stack: Annotated[str | None, typer.Option(help="Stack; the selected one by default.")] = None,
) -> None:
    """Look at everything that a deployment needs; change nothing.

    Exit status: 0 when nothing has failed, 1 otherwise.

    Examples:
      uv run openvidu-enterprise preflight
      uv run openvidu-enterprise preflight --stack production --json
    """
    with expected_errors():
        findings = look(PulumiCli(stack))
        if as_json:
            print_json([asdict(one) for one in findings])
        else:
            table_console().print(shown(findings))
        sys.exit(exit_status(findings))


def look(pulumi: PulumiCli) -> list[Finding]:
    """Look at everything, all at once.

    Raises:
        PulumiError: there is no such stack.
    """
    config = pulumi.config()
    exported = pulumi.export_state(show_secrets=True)
    there, outputs = there_in(exported), outputs_of(exported)
    own = {name.partition(":")[2]: str(one.get("value") or "") for name, one in config.items()}
    parts: Mapping[str, Callable[[], list[Finding]]] = {
        "configuration": lambda: configuration(pulumi),
        "AWS": lambda: _account(pulumi, config, own),
        "security groups": lambda: security_groups(pulumi, config, exported),
        "DNS": lambda: names.domain(own, outputs),
        "certificate": lambda: names.certificate(own, outputs),
        "machines": lambda: reachable(there, _https_port(own)),
        "services": lambda: services(there, wanted_envs(exported)),
        "downloads": lambda: downloadable(
            there, own.get("openviduVersion"), own.get("installScriptUrl") or None
        ),
    }
    return [*_all_at_once(parts), *_undeployed(there)]


def _all_at_once(parts: Mapping[str, Callable[[], list[Finding]]]) -> list[Finding]:
    """What all parts find, in their order; meanwhile it tells which are still at it."""
    with ThreadPoolExecutor(len(parts)) as pool, waiting("") as say:
        looks = {pool.submit(part): name for name, part in parts.items()}
        left = dict.fromkeys(parts)
        say(f"looking at {', '.join(left)}")
        for done in as_completed(looks):
            del left[looks[done]]
            say(f"looking at {', '.join(left)}")
    return [finding for look in looks for finding in look.result()]


def _https_port(own: Mapping[str, str]) -> int:
    """Where users come in; what is no number is for the check of the configuration to tell."""
    found = own.get("httpsPort") or ""
    return int(found) if found.isdecimal() else ports.HTTPS


def _account(
    pulumi: PulumiCli, config: Mapping[str, Mapping[str, Any]], own: Mapping[str, str]
) -> list[Finding]:
    if own.get("machines") == EXISTING:
        return []
    return account(pulumi, config)


def _undeployed(there: Mapping[str, Machine]) -> list[Finding]:
    if there:
        return []
    said = "nothing is deployed yet: machines, services and certificate can't be checked"
    return [Finding("machines", "stack", Result.SKIPPED, said, "pulumi up")]


if __name__ == "__main__":
    typer.run(main)

"""Shows how a deployment is: health, nodes, calls, load balancer, certificate, drift.

python -m scripts.status
python -m scripts.status --watch
python -m scripts.status --json | jq '.machines[] | select(.state == "draining")'

Exit status: 0 when the cluster is UP and nothing needs you, 1 otherwise.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from dataclasses import replace
from datetime import UTC, datetime
from typing import Annotated, Any, NoReturn

import typer
from rich.console import Group
from rich.live import Live
from rich.text import Text

from components.aws import health
from components.aws.health import InstanceHealth
from openvidu.roles import NODE
from scripts import aws_session
from scripts.checks import names
from scripts.cluster_status import Status, Usage, main_status, node_status, parse_usage
from scripts.display import print_json, print_json_line, table_console, table_of, waiting
from scripts.errors import expected_errors
from scripts.machines import Machine, instances_in, machines, outputs_of
from scripts.memberships import from_state
from scripts.pulumi_cli import PulumiCli, PulumiError

_COLOURS = {"UP": "green", "UNSTABLE": "yellow"}
_ASK_SECONDS = 20.0
_WORKERS = 16


def main(
    *,
    watch: Annotated[
        bool, typer.Option("--watch", help="Look again and again, until Ctrl-C.")
    ] = False,
    interval: Annotated[float, typer.Option(min=1, help="Seconds between looks.")] = 5.0,
    as_json: Annotated[
        bool, typer.Option("--json", help="For scripts; with --watch a line a look.")
    ] = False,
    stack: Annotated[str | None, typer.Option(help="Stack; the selected one by default.")] = None,
) -> None:
    """Show how a deployment is.

    Exit status: 0 when the cluster is UP and nothing needs you, 1 otherwise.

    Examples:
      python -m scripts.status
      python -m scripts.status --watch --interval 2
      python -m scripts.status --json
      python -m scripts.status --watch --json >>status.jsonl
    """
    with expected_errors():
        pulumi = PulumiCli(stack)
        if watch:
            _watch(pulumi, interval, as_json=as_json)
        with waiting("asking the cluster and its machines"):
            found = look(pulumi)
        if as_json:
            print_json(found.as_json())
        else:
            table_console().print(shown(found))
        sys.exit(0 if found.is_well else 1)


def _watch(pulumi: PulumiCli, interval: float, *, as_json: bool) -> NoReturn:
    """Show it until Ctrl-C: in a terminal in the same place, else one after the other."""
    console = table_console()
    in_place = console.is_terminal and not as_json
    with Live(console=console, auto_refresh=False) if in_place else nullcontext() as live:
        while True:
            found = look(pulumi)
            if as_json:
                print_json_line(found.as_json())
            elif live:
                live.update(shown(found), refresh=True)
            else:
                console.print(shown(found))
            time.sleep(interval)


def look(pulumi: PulumiCli) -> Status:
    """Ask the cluster and its machines, all at once.

    Raises:
        PulumiError: the state can't be had, or holds no machine.
    """
    exported = pulumi.export_state(show_secrets=True)
    there = machines(exported)
    addresses = {f"node-{number}": one.private_ip for number, one in from_state(exported).items()}
    main, *_ = there.values()
    instances = instances_in(exported)
    with ThreadPoolExecutor(_WORKERS) as pool:
        asked = pool.submit(_overview, main)
        aws = pool.submit(_aws, instances, pulumi)
        expires = pool.submit(names.expiry, outputs_of(exported))
        usages = dict(zip(there, pool.map(_usage, there.values()), strict=True))
        told = asked.result()
        certificate = expires.result()
        aws_says = aws.result()
    reason = told if isinstance(told, str) else None
    seen = {} if isinstance(told, str) else told
    drift = seen.get("drift", ())
    looks = [
        node_status(name, addresses.get(name, ""), one.version, usages[name], seen)
        if one.role is NODE
        else main_status(name, one.version, usages[name], seen)
        for name, one in there.items()
    ]
    return Status(
        seen.get("health"),
        [replace(one, aws=aws_says.get(one.name)) for one in looks],
        certificate,
        balanced=tuple(ip for ip, node in (seen.get("nodes") or {}).items() if node["balanced"]),
        drift=None if drift is None else tuple(drift),
        reason=reason,
    )


def shown(found: Status) -> Group:
    """The look as people read it."""
    state = Text(f"OpenVidu: {found.state or 'no answer'}", _COLOURS.get(found.state, "red"))
    columns = (
        "machine",
        "AWS",
        "state",
        "health",
        "version",
        "calls",
        "participants",
        "CPU",
        "memory",
    )
    table = table_of(*columns, "load balancer")
    for one in found.machines:
        table.add_row(
            one.name,
            "" if one.aws is None else "ok" if one.aws.is_well else str(one.aws),
            one.state,
            one.health or "",
            one.version or "",
            _number(one.calls),
            _number(one.participants),
            f"{one.usage.cpu} %" if one.usage else "",
            f"{one.usage.memory} %" if one.usage else "",
            "" if one.balanced is None else "yes" if one.balanced else "no",
        )
    remarks = [Text(f"! {remark}", "yellow") for remark in found.remarks(datetime.now(UTC))]
    until = found.certificate
    about = [Text(f"certificate: until {until:%Y-%m-%d}")] if until else []
    return Group(state, table, *about, *remarks)


def _number(value: int | None) -> str:
    return "" if value is None else str(value)


def _overview(main: Machine) -> dict[str, Any] | str:
    """What the machine that the deployment begins with says of the whole; why it doesn't."""
    try:
        told: dict[str, Any] = json.loads(main.ask("overview", _ASK_SECONDS))
    except PulumiError as error:
        return str(error)
    except ValueError:
        return f"{main.name} answers something that is no overview"
    return told


def _aws(instances: Mapping[str, str], pulumi: PulumiCli) -> Mapping[str, InstanceHealth]:
    """How AWS says that instances are; empty where it can't be asked: the machines are."""
    if not instances:
        return {}
    told = health.look(instances, lambda region: aws_session.of_stack(pulumi, region))
    return {} if isinstance(told, health.Unasked) else told


def _usage(machine: Machine) -> Usage | None:
    try:
        return parse_usage(machine.ask("usage", _ASK_SECONDS))
    except PulumiError:
        return None


if __name__ == "__main__":
    typer.run(main)

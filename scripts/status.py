"""Shows how a deployment is: health, nodes, calls, load balancer, certificate, drift.

uv run openvidu-enterprise status
uv run openvidu-enterprise status node-3
uv run openvidu-enterprise status --call ses_Nv3ZMuAsr5
uv run openvidu-enterprise status --watch
uv run openvidu-enterprise status --web
uv run openvidu-enterprise status --json | jq '.machines[] | select(.state == "draining")'

Exit status: 0 when the cluster is UP and nothing needs you, 1 otherwise.
"""

from __future__ import annotations

import json
import signal
import sys
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from dataclasses import dataclass, field, replace
from typing import Annotated, Any, NoReturn

import typer
from rich.console import RenderableType
from rich.live import Live
from rich.text import Text

from components.aws import health
from components.aws.health import InstanceHealth
from components.cluster_observation import LIMIT_SECONDS
from openvidu.roles import NODE
from scripts import aws_session, fullness, status_display
from scripts.checks import names
from scripts.cluster_status import Status, Usage, main_status, node_status, parse_usage
from scripts.display import print_json, print_json_line, table_console, waiting
from scripts.expected_errors import expected_errors
from scripts.fullness import Store
from scripts.live_page.live_looks import LiveLooks
from scripts.live_page.page_server import serving
from scripts.masking import secrets_of
from scripts.memberships import from_state
from scripts.pulumi_cli import PulumiCli, PulumiError
from scripts.stack_machines import (
    Machine,
    complete,
    instances_in,
    machines,
    named,
    outputs_of,
    owners_in,
    standbys_in,
    unfinished_in,
    urns_in,
)

_ASK_SECONDS = 20.0
_WORKERS = 16


def main(
    machine: Annotated[
        str | None,
        typer.Argument(help="Only this machine, with its calls by id.", autocompletion=complete),
    ] = None,
    *,
    call: Annotated[
        str | None, typer.Option(metavar="SESSION", help="Show which machine carries this call.")
    ] = None,
    watch: Annotated[bool, typer.Option("--watch", help="Keep refreshing, until Ctrl-C.")] = False,
    interval: Annotated[float, typer.Option(min=1, help="Seconds between looks.")] = 5.0,
    as_json: Annotated[
        bool, typer.Option("--json", help="For scripts; with --watch one line for each look.")
    ] = False,
    web: Annotated[
        bool, typer.Option("--web", help="Show it as a page in a browser here, until Ctrl-C.")
    ] = False,
    port: Annotated[
        int, typer.Option(min=0, max=65535, help="With --web: port to listen on; 0 for any.")
    ] = 0,
    stack: Annotated[str | None, typer.Option(help="Stack; the selected one by default.")] = None,
) -> None:
    """Show how a deployment is, who is still on a machine, or which machine carries a call.

    Exit status: 0 when the cluster is UP and nothing needs you, 1 otherwise. Of one machine: 0 when
    it doesn't need you. Of a call: 0 when a machine carries it.

    Examples:
      uv run openvidu-enterprise status
      uv run openvidu-enterprise status node-3
      uv run openvidu-enterprise status --call ses_Nv3ZMuAsr5
      uv run openvidu-enterprise status --watch --interval 2
      uv run openvidu-enterprise status --json
      uv run openvidu-enterprise status --watch --json >>status.jsonl
      uv run openvidu-enterprise status --web
    """
    with expected_errors():
        if machine and call:
            raise PulumiError(
                "name a machine or a call, not both.\n"
                f"  Next: uv run openvidu-enterprise status --call {call}"
            )
        if web and (machine or call or as_json or watch):
            raise PulumiError(
                "--web is a page with all machines and their calls, which keeps refreshing: name "
                "no machine or call, and neither --watch nor --json.\n"
                "  Next: uv run openvidu-enterprise status --web"
            )
        pulumi = PulumiCli(stack)
        if web:
            _serve(pulumi, port, interval)
        if watch:
            _watch(pulumi, machine, call, interval, as_json=as_json)
        with waiting("asking the cluster and its machines"):
            found = view(look(pulumi), machine, call)
        if as_json:
            print_json(found.as_json)
        else:
            table_console().print(found.text, crop=False)
        sys.exit(0 if found.is_well else 1)


@dataclass(frozen=True)
class View:
    """What was asked for, of a look.

    Attributes:
        text: for people.
        as_json: for scripts.
        is_well: whether the exit status is 0.
    """

    text: RenderableType
    as_json: Mapping[str, Any]
    is_well: bool


def view(found: Status, machine: str | None, call: str | None) -> View:
    """The whole of a look, one machine with its calls, or who carries a call.

    Raises:
        PulumiError: there's no such machine; says which there are.
    """
    if call:
        return _view_of_call(found, call)
    if machine is None:
        return View(status_display.whole(found), found.as_json(), found.is_well)
    one = named({one.name: one for one in found.machines}, machine)
    remarks = found.remarks_on(one)
    text = status_display.of_machine(found, one)
    return View(text, {**one.as_json(), "remarks": remarks}, not remarks)


def _view_of_call(found: Status, call: str) -> View:
    for machine in found.machines:
        for session in machine.sessions or ():
            if session.id == call:
                told = {"machine": machine.name, **session.as_json()}
                return View(status_display.of_call(found, machine, session), told, True)
    unknown = [one.name for one in found.machines if one.carries_calls and one.sessions is None]
    text = f"no machine of this stack carries a call {call!r}"
    if unknown:
        text += (
            f"; those of {', '.join(unknown)} aren't known. Next: uv run openvidu-enterprise status"
        )
    return View(Text(text, "yellow"), {"machine": None, "id": call, "unknown": unknown}, False)


def _watch(
    pulumi: PulumiCli, machine: str | None, call: str | None, interval: float, *, as_json: bool
) -> NoReturn:
    """Show it until Ctrl-C: in a terminal in the same place, else one after the other."""
    console = table_console()
    in_place = console.is_terminal and not as_json
    with Live(console=console, auto_refresh=False) if in_place else nullcontext() as live:
        while True:
            found = view(look(pulumi), machine, call)
            if as_json:
                print_json_line(found.as_json)
            elif live:
                live.update(found.text, refresh=True)
            else:
                console.print(found.text)
            time.sleep(interval)


def _serve(pulumi: PulumiCli, port: int, interval: float) -> NoReturn:
    """Show it as a page until Ctrl-C.

    Raises:
        PulumiError: there's no such stack, or nothing can listen at the port.
    """
    # How a service is stopped, which is no failure.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    # A stack that there isn't is told now, not by the page.
    name = pulumi.stack_name()

    def secrets() -> Sequence[str]:
        return secrets_of({}, pulumi.secret_values())

    looks = LiveLooks(name, lambda: look(pulumi), secrets, interval)
    with serving(looks.as_json, port) as url:
        table_console().print(f"{name}: {url}\nOpen it in a browser here. Ctrl-C ends it.")
        while True:
            looks.look_again()
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
    urns = urns_in(exported)
    unfinished = unfinished_in(exported)
    with ThreadPoolExecutor(_WORKERS) as pool:
        asked = pool.submit(_overview, main)
        aws = pool.submit(_aws, exported, pulumi)
        expires = pool.submit(names.expiry, outputs_of(exported))
        usages = dict(zip(there, pool.map(_usage, there.values()), strict=True))
        overview = asked.result()
        certificate = expires.result()
        aws_says = aws.result()
    seen = overview.seen
    drift = seen.get("drift", ())
    looks = [
        node_status(name, addresses.get(name, ""), one.version, usages[name], seen)
        if one.role is NODE
        else main_status(name, one.version, usages[name], seen)
        for name, one in there.items()
    ]
    return Status(
        seen.get("health"),
        [
            replace(
                one,
                aws=aws_says.get(one.name),
                host=there[one.name].host,
                urn=urns.get(one.name),
                unfinished=one.name in unfinished,
            )
            for one in looks
        ],
        certificate,
        balanced=tuple(ip for ip, node in (seen.get("nodes") or {}).items() if node["balanced"]),
        drift=None if drift is None else tuple(drift),
        reason=overview.reason,
        stores=overview.stores,
        standbys={
            name: aws_says[name].state if name in aws_says else ""
            for name in sorted(standbys_in(exported))
        },
    )


@dataclass(frozen=True)
class _Overview:
    """What the machine that the deployment begins with says of the whole.

    Attributes:
        seen: what is seen from there; empty where it doesn't say.
        reason: why it doesn't say; None where it does.
        stores: how full its services are; a bastion has none.
    """

    seen: Mapping[str, Any] = field(default_factory=dict)
    reason: str | None = None
    stores: Sequence[Store] = ()


def _overview(main: Machine) -> _Overview:
    """Ask for all of it with one login."""
    has_services = bool(main.role.product.folder)
    try:
        answer = main.ask("overview-and-stores" if has_services else "overview", LIMIT_SECONDS)
    except PulumiError as error:
        return _Overview(reason=str(error))
    overview, _, rest = answer.partition("\n")
    stores = fullness.parse(rest, main.name, main.role) if has_services else []
    try:
        seen: dict[str, Any] = json.loads(overview)
    except ValueError:
        reason = f"{main.name} gave an answer that isn't an overview"
        return _Overview(reason=reason, stores=stores)
    return _Overview(seen, stores=stores)


def _aws(exported: Mapping[str, Any], pulumi: PulumiCli) -> Mapping[str, InstanceHealth]:
    """How AWS says that instances are; empty where it can't be asked: the machines are."""
    told = health.look(
        instances_in(exported),
        lambda region: aws_session.of_stack(pulumi, region),
        owners_in(exported),
    )
    return {} if isinstance(told, health.Unasked) else told


def _usage(machine: Machine) -> Usage | None:
    try:
        return parse_usage(machine.ask("usage", _ASK_SECONDS))
    except PulumiError:
        return None


if __name__ == "__main__":
    typer.run(main)

"""`lab calls`: calls through the load balancer, as users make them, and what became of them."""

from __future__ import annotations

import json
import secrets
import sys
import time
from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape

from lab.calls import background
from lab.calls.account import Account
from lab.calls.browsers import installed
from lab.calls.lengths import LengthError, Lengths, duration
from lab.calls.plan import LONGEST_SILENCE, USUAL_MEDIA, Door, Media, MediaError, Plan
from lab.calls.report import Report, Result
from lab.calls.runs import HANG_UP, STOP, Runs
from lab.cli.words import named, tell
from lab.errors import LabError
from lab.stack import Stack
from scripts.calls.ways import Way
from scripts.display import table_console, table_of

app = typer.Typer(
    help="Make calls through the load balancer, and count those that were cut or refused.",
    no_args_is_help=True,
)
_out = Console(soft_wrap=True)
_SHOWN = 20
_MOST_CALLS = 1000
_FEWEST_PARTICIPANTS = 2
"""For somebody to be heard, or seen."""
_MOST_PARTICIPANTS = 50
_MOST_BROWSERS = 10
_WAIT_SECONDS = 0.5
_Count = Annotated[
    int, typer.Option(min=1, max=_MOST_CALLS, help="Calls; with --keep, calls at a time.")
]
_Media = Annotated[
    str,
    typer.Option(
        metavar="N[:WAYS]",
        help="Of them with sound, as 3:straight,turn-udp,turn-tcp; turn-server: by turnServer. "
        f"Default: {USUAL_MEDIA}; 0 with kurento.",
    ),
]
_Browsers = Annotated[
    int,
    typer.Option(
        min=0, max=_MOST_BROWSERS, help="Of them between real browsers, half a processor each."
    ),
]
_Length = Annotated[str, typer.Option(metavar="MIN..MAX", help="Such as 60s..180s, 2m or 1h.")]


@app.command()
def start(  # noqa: PLR0913, PLR0917 - an option each
    context: typer.Context,
    count: _Count = 10,
    length: _Length = "60s..180s",
    over: Annotated[str, typer.Option(help="Begin them over this time, not all at once.")] = "",
    keep: Annotated[bool, typer.Option(help="Replace a call that is over by a new one.")] = False,
    participants: Annotated[
        int, typer.Option(min=1, max=_MOST_PARTICIPANTS, help="Users of a call.")
    ] = 2,
    media: _Media = "",
    browsers: _Browsers = 0,
    seed: Annotated[int | None, typer.Option(help="Gives the same lengths again.")] = None,
) -> None:
    """Make calls in the background; returns when the first are open.

    lab calls start --count 30 --length 60s..180s

    lab calls start --count 20 --length 20s..60s --keep

    lab calls start --count 6 --browsers 2
    """
    require_browsers(browsers, count, participants)
    stack: Stack = context.obj.open()
    carried = Media.usual(stack.configured("mediaServer"), participants)
    if media:
        carried = _media(media)
        require_media(
            carried, count - browsers, participants, turn_server=stack.configured("turnServer")
        )
    lasting = lengths(length)
    require_length(lasting, carried.count + browsers)
    plan = Plan(
        door(stack),
        count,
        lasting,
        participants,
        _duration("--over", over) if over else 0.0,
        keep,
        secrets.randbelow(10**6) if seed is None else seed,
        carried,
        browsers,
    )
    background.start(stack.supervisor, plan)
    shown = _account(context).report
    tell(f"{_summary(shown)}. Seed {plan.seed}. See: uv run lab calls status")


@app.command()
def status(context: typer.Context) -> None:
    """Show the live calls of each node."""
    account = _account(context)
    live = account.report.live_by_node()
    table = table_of("node", "private IP", "live calls")
    for ip, calls in sorted(live.items()):
        name = account.names.get(ip, "") if ip else "being opened"
        table.add_row(name, ip, str(calls))
    table_console().print(table)
    _out.print(_summary(account.report), highlight=False)


@app.command()
def report(
    context: typer.Context,
    as_json: Annotated[bool, typer.Option("--json", help="For scripts.")] = False,
    every: Annotated[bool, typer.Option("--all", help="Earlier runs of this lab too.")] = False,
    check: Annotated[
        bool, typer.Option("--check", help="Status 1 where a call was cut, refused or unknown.")
    ] = False,
) -> None:
    """Show what became of the calls of the last run.

    lab calls report --check && echo 'nobody was cut off'

    uv run lab calls report --json | jq '.calls[] | select(.result == "cut")'
    """
    account = _account(context, every=every)
    if as_json:
        # What is said of a closed port names a command, for this lab.
        sys.stdout.write(named(json.dumps(account.as_json(), indent=2)) + "\n")
    else:
        show(account)
    if check and not account.report.spotless:
        raise LabError("\n".join([_summary(account.report), *account.closed_ports]))


@app.command()
def stop(
    context: typer.Context,
    now: Annotated[bool, typer.Option("--now", help="Hang up the live calls too.")] = False,
) -> None:
    """Make no more calls; those that are live go on to their end."""
    run = _runs(context).latest()
    asked = run.ask(HANG_UP if now else STOP) if run else 0
    if not asked:
        tell("No calls are being made.")


@app.command()
def wait(
    context: typer.Context,
    limit: Annotated[str, typer.Option(help="Give up after this time.")] = "1h",
) -> None:
    """Wait until the last call is over."""
    end = time.monotonic() + _duration("--limit", limit)
    run = _runs(context).latest()
    while run is not None and run.alive:
        if time.monotonic() > end:
            raise LabError(f"after {limit}: {_summary(_account(context).report)}")
        time.sleep(_WAIT_SECONDS)


def show(account: Account) -> None:
    """Print the counts, reconnections by step, and each call that did not come to its end."""
    _out.print(_summary(account.report), highlight=False)
    whole = account.as_json()
    shown: list[dict[str, Any]] = whole["calls"]
    _show_reconnections(shown)
    _show_sound(whole)
    _show_browsers(whole)
    for line in account.closed_ports:
        _out.print(named(line), highlight=False, markup=False)
    table = table_of(
        "call", "node", "result", "at", "what the client saw", "step of the deployment"
    )
    wrong = [call for call in shown if call["result"] not in (Result.LIVE, Result.ENDED)]
    for call in wrong[:_SHOWN]:
        table.add_row(*map(escape, _row(call)))
    if wrong:
        table_console().print(table)
    if len(wrong) > _SHOWN:
        _out.print(named(f"… and {len(wrong) - _SHOWN} more: uv run lab calls report --json"))


def _show_reconnections(calls: Iterable[Mapping[str, Any]]) -> None:
    seconds = defaultdict[str, list[float]](list)
    affected = defaultdict[str, set[str]](set)
    for call in calls:
        for one in call["reconnections"]:
            seconds[one["step"]].append(one["seconds"])
            affected[one["step"]].add(call["id"])
    table = table_of("reconnections", "calls", "longest", "step of the deployment")
    for step, found in seconds.items():
        table.add_row(str(len(found)), str(len(affected[step])), f"{max(found):.2f} s", step)
    if seconds:
        table_console().print(table)


def _show_sound(account: Mapping[str, Any]) -> None:
    """Each call that had sound and is over, and what they were like altogether."""
    if "sound" not in account:
        return
    table = table_of("call with sound", "node", "way", "longest gap", "packets lost")
    for call in account["calls"]:
        if found := call.get("sound"):
            gap, lost = f"{found['longestGap']} ms", str(found["packetsLost"])
            table.add_row(call["id"], call["node"], found["way"], gap, lost)
    ways = account["sound"]["ways"]
    for way, totals in (*ways.items(), *([("", account["sound"])] if len(ways) > 1 else [])):
        gaps, lost = totals["longestGap"], totals["packetsLost"]
        for total in ("median", "worst"):
            table.add_row(total, "", way or "all", f"{gaps[total]:g} ms", f"{lost[total]:g}")
    table_console().print(table)


def _show_browsers(account: Mapping[str, Any]) -> None:
    """Each call between browsers that is over, and what they were like altogether."""
    if "browsers" not in account:
        return
    head = ("call in browsers", "node", "longest freeze", "reconnections", "the client's last word")
    table = table_of(*head)
    for call in account["calls"]:
        if found := call.get("browser"):
            freeze, back = f"{found['longestFreeze']} ms", str(len(call["reconnections"]))
            table.add_row(call["id"], call["node"], freeze, back, escape(found["ended"]))
    freezes = account["browsers"]["longestFreeze"]
    for total in ("median", "worst"):
        table.add_row(total, "", f"{freezes[total]:g} ms", "", "")
    table_console().print(table)


def door(stack: Stack) -> Door:
    """Where a deployed cluster takes calls.

    Raises:
        LabError: nothing is deployed.
    """
    outputs = stack.outputs()
    # With AWS's load balancer there is no application: users come in where the API is.
    url = str(outputs.get("callUrl") or outputs.get("apiUrl") or "").rstrip("/")
    if not url:
        raise LabError("no cluster is deployed to call. Deploy one: uv run lab up")
    found = stack.access()
    authority = stack.supervisor.directory / "ca" / "ca.pem" if found.is_public else None
    return Door(url, found.secret, str(authority) if authority else None)


def lengths(text: str) -> Lengths:
    """The lengths of `--length`.

    Raises:
        LabError: they are none.
    """
    try:
        return Lengths.parse(text)
    except LengthError as error:
        raise LabError(f"--length {error}") from None


def require_length(lasting: Lengths, measured: int) -> None:
    """Make sure that each call lasts long enough for its sound or picture to count as lost.

    Args:
        lasting: how long calls last.
        measured: how many of them have sound, or pictures.

    Raises:
        LabError: the shortest doesn't.
    """
    if measured and lasting.shortest <= LONGEST_SILENCE:
        raise LabError(
            f"--length must be more than {LONGEST_SILENCE:g}s where calls have sound or pictures, "
            f"got {lasting.shortest:g}s: they count as lost after {LONGEST_SILENCE:g} s. "
            f"Such as --length {LONGEST_SILENCE + 1:g}s; with --media 0, and without --browsers, "
            "calls may be shorter"
        )


def require_browsers(browsers: int, count: int, participants: int) -> None:
    """Make sure that so many of the calls can be between browsers.

    Raises:
        LabError: there are fewer calls, nobody to see, or something is missing here.
    """
    if browsers > count:
        raise LabError(f"--browsers must be at most --count {count}, got {browsers}")
    if browsers and participants < _FEWEST_PARTICIPANTS:
        raise LabError(f"--browsers needs --participants 2 or more, got {participants}")
    if browsers:
        installed.require()


def require_media(media: Media, calls: int, participants: int, turn_server: str) -> None:
    """Make sure that the calls can have the sound that was asked for.

    Args:
        media: what was asked for.
        calls: those that aren't between browsers.
        participants: of a call.
        turn_server: the one that is configured; empty where none is.

    Raises:
        LabError: they can't.
    """
    if media.count > calls:
        raise LabError(
            f"--media must be at most {calls}, the calls without --browsers, got {media.count}"
        )
    if media.count and participants < _FEWEST_PARTICIPANTS:
        raise LabError(f"--media needs --participants 2 or more, got {participants}")
    if media.count and Way.TURN_SERVER in media.ways and not turn_server:
        raise LabError(
            f"--media by {Way.TURN_SERVER} needs a cluster with turnServer, such as "
            "'lab --name turn up --example turn'"
        )


def _duration(option: str, text: str) -> float:
    try:
        return duration(text)
    except LengthError as error:
        raise LabError(f"{option} {error}") from None


def _media(text: str) -> Media:
    try:
        return Media.parse(text)
    except MediaError as error:
        raise LabError(f"--media {error}") from None


def _row(call: Mapping[str, Any]) -> tuple[str, ...]:
    at = call["end"] or call["start"]
    clock = datetime.fromtimestamp(at).astimezone().strftime("%H:%M:%S")
    reason = call.get("reason") or "its generator was killed"
    return call["id"], call["node"] or "", call["result"], clock, reason, call.get("step", "")


def _summary(found: Report) -> str:
    counts = [f"{found.count(result)} {result.value}" for result in Result]
    if not found.count(Result.UNKNOWN):
        counts.pop()
    counts.append(f"{len(found.reconnections)} reconnected")
    again = sum(call.tries > 1 for call in found.calls)
    calls = "1 call" if len(found.calls) == 1 else f"{len(found.calls)} calls"
    said = f"{calls}: {', '.join(counts)}"
    return f"{said}; {again} needed a further try" if again else said


def _runs(context: typer.Context) -> Runs:
    return Runs(context.obj.directory.path)


def _account(context: typer.Context, *, every: bool = False) -> Account:
    runs = _runs(context)
    found = runs.all()
    if not found:
        raise LabError("no calls were made in this lab. Make some: uv run lab calls start")
    return Account.of(runs, found if every else found[-1:])

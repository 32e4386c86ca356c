"""How `scripts.status` looks in a terminal: all machines, one of them, or one call."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from scripts.cluster_status import MachineStatus, Session, Status
from scripts.display import table_of

_COLOURS = {"UP": "green", "UNSTABLE": "yellow"}
_COLUMNS = (
    "machine",
    "AWS",
    "state",
    "health",
    "version",
    "calls",
    "participants",
    "CPU",
    "memory",
    "load balancer",
)


def whole(found: Status) -> Group:
    """All machines, and what needs somebody."""
    until = found.certificate
    about = [Text(f"{one.name}: {one.said}") for one in found.stores]
    about += [line for one in found.machines for line in _containers(one)]
    about += [
        Text(f"{name}: a standby{', ' * bool(state)}{state}")
        for name, state in found.standbys.items()
    ]
    about += [Text(f"certificate: until {until:%Y-%m-%d}")] if until else []
    remarks = found.remarks(datetime.now(UTC))
    return Group(_state(found), _machines(found.machines), *about, *_remarks(remarks))


def of_machine(found: Status, machine: MachineStatus) -> Group:
    """One machine: its calls, addresses, and what replaces it."""
    about = [f"addresses: {', '.join(filter(None, (machine.private_ip, machine.host)))}"]
    if machine.urn:
        about.append(f"to replace it:\n  pulumi up --replace '{machine.urn}'")
    return Group(
        _state(found),
        _machines([machine]),
        *_calls(machine),
        *_containers(machine),
        # What is to be copied stays in one line.
        *(Text(line, no_wrap=True, overflow="ignore") for line in about),
        *_remarks(found.remarks_on(machine)),
    )


def of_call(found: Status, machine: MachineStatus, call: Session) -> Group:
    """The machine that carries a call, and the call."""
    return Group(_state(found), _machines([machine]), _sessions([call]))


def _state(found: Status) -> Text:
    return Text(f"OpenVidu: {found.state or 'no answer'}", _COLOURS.get(found.state, "red"))


def _machines(machines: Sequence[MachineStatus]) -> Table:
    table = table_of(*_COLUMNS)
    for one in machines:
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
    return table


def _containers(machine: MachineStatus) -> Sequence[Text]:
    told = (machine.usage.containers if machine.usage else None) or ()
    return [Text(f"{machine.name}: {one}") for one in told]


def _calls(machine: MachineStatus) -> Sequence[RenderableType]:
    if machine.sessions:
        return [_sessions(machine.sessions)]
    if machine.sessions is not None:
        return [Text("no calls")]
    return [Text("its calls aren't known")] if machine.carries_calls else []


def _sessions(sessions: Sequence[Session]) -> Table:
    table = table_of("call", "participants", "since", "for")
    now = datetime.now(UTC)
    for one in sessions:
        # Clocks differ.
        seconds = max(0, int((now - one.since).total_seconds()))
        since = f"{one.since:%Y-%m-%d %H:%M:%S} UTC"
        table.add_row(one.id, str(one.participants), since, str(timedelta(seconds=seconds)))
    return table


def _remarks(remarks: Sequence[str]) -> Sequence[Text]:
    return [Text(f"! {remark}", "yellow") for remark in remarks]


def _number(value: int | None) -> str:
    return "" if value is None else str(value)

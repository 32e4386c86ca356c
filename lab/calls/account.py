"""Calls with the names of their nodes and the causes of their ends: what users are shown.

The shape of `Account.as_json` is a contract: scripts read it. Times are Unix seconds.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

from lab.calls import record
from lab.calls.causes import cause
from lab.calls.closed_ports import closed
from lab.calls.record import Event
from lab.calls.report import Call, Heard, Reconnection, Report, Result, Seen, report
from lab.calls.runs import Run, Runs


@dataclass(frozen=True)
class Account:
    """The calls of one run, or of several, and what the deployment did.

    Attributes:
        report: the calls.
        events: what was done to the cluster, over all runs.
    """

    report: Report
    events: Sequence[Event]

    @classmethod
    def of(cls, runs: Runs, chosen: Sequence[Run]) -> Account:
        """The account of some of a lab's runs."""
        generated = [one for run in chosen for one in run.generated()]
        told = [*record.read(runs.events), *record.read(runs.faults)]
        return cls(report(generated), sorted(told, key=lambda event: event["at"]))

    @property
    def names(self) -> dict[str, str]:
        """Machines' short names by private address."""
        return {event["ip"]: event["name"] for event in self.events if event.get("name")}

    @property
    def closed_ports(self) -> list[str]:
        """A line for each machine whose ports for media seem to be closed."""
        return closed(self.report, self.names)

    def as_json(self) -> dict[str, Any]:
        """The account as `lab calls report --json` prints it."""
        found = self.report
        return {
            "started": len(found.calls),
            **{result.value: found.count(result) for result in Result},
            "reconnected": len(found.reconnections),
            **({"sound": _by_way(found.sounds)} if found.sounds else {}),
            **({"browsers": _in_browsers(found.pictures)} if found.pictures else {}),
            **({"closedPorts": self.closed_ports} if self.closed_ports else {}),
            "calls": [self._call(call) for call in found.calls],
        }

    def _call(self, call: Call) -> dict[str, Any]:
        # Without a node that is known there is none to name.
        node = self.names.get(call.node_ip, call.node_ip) or None
        shown: dict[str, Any] = {
            "id": call.id,
            "node": node,
            "start": call.start,
            "end": call.end,
            "result": call.result.value,
            "session": call.session or None,
            "length": call.length,
            "tries": call.tries,
            "reconnections": [self._reconnection(call, one) for one in call.reconnections],
        }
        if call.result in (Result.CUT, Result.REFUSED):
            shown |= {"code": call.code, "reason": call.reason}
        if call.result is Result.CUT and call.end is not None:
            found = cause(call.node_ip, call.last_heard, call.end, self.events)
            shown |= {"lastHeard": call.last_heard, "step": found.text, "stepAt": found.at}
        if call.hung_up:
            shown["hungUp"] = True
        if call.sound:
            sound = call.sound
            gap = {"longestGap": sound.longest_gap, "longestGapAt": sound.gap_since}
            shown["sound"] = {"way": sound.way, **gap, "packetsLost": sound.packets_lost}
        if call.seen:
            seen = call.seen
            freeze = {"longestFreeze": seen.freeze, "longestFreezeAt": seen.since}
            shown["browser"] = {**freeze, "ended": seen.ended, "said": list(seen.said)}
        return shown

    def _reconnection(self, call: Call, one: Reconnection) -> dict[str, Any]:
        found = cause(call.node_ip, one.last_heard, one.at, self.events)
        return {"at": one.at, "seconds": one.seconds, "step": found.text}


def _by_way(sounds: Sequence[Heard]) -> dict[str, Any]:
    """Median and worst of all calls, and of those of each way."""
    ways = dict.fromkeys(one.way for one in sounds)
    of_each = {way: _in_all([one for one in sounds if one.way == way]) for way in ways}
    return {**_in_all(sounds), "ways": of_each}


def _in_browsers(pictures: Sequence[Seen]) -> dict[str, Any]:
    """Median and worst of several calls, one at least."""
    freezes = [one.freeze for one in pictures]
    total = {"median": median(freezes), "worst": max(freezes)}
    return {"calls": len(pictures), "longestFreeze": total}


def _in_all(sounds: Sequence[Heard]) -> dict[str, Any]:
    """Median and worst of several calls, one at least."""
    gaps, lost = [one.longest_gap for one in sounds], [one.packets_lost for one in sounds]
    told = {"longestGap": gaps, "packetsLost": lost}
    totals = {name: {"median": median(all_), "worst": max(all_)} for name, all_ in told.items()}
    return {"calls": len(sounds), **totals}

"""The figures as Markdown tables."""

from __future__ import annotations

from collections import defaultdict
from statistics import median

from lab.bench.drains import derived
from lab.bench.drains.aims import aims
from lab.bench.drains.figures import Results
from lab.bench.table import aims_table, spread, table


def markdown(results: Results) -> str:
    """All tables, with a line about where they come from."""
    parts = [
        "Seconds, unless said otherwise; the median, and in brackets the least and the most.",
        _measured(results),
    ]
    for title, text in (
        ("Aims", aims_table(aims(results))),
        ("Release of a machine", _releases(results) if results.releases else ""),
        ("Several nodes drain at once", _together(results) if results.together else ""),
        ("One node more", _growth(results) if results.growth else ""),
        ("Updates of the load balancer", _updates(results) if results.updates else ""),
        ("Killed, and run again", _crashes(results) if results.crashes else ""),
        ("What calls hear meanwhile", _gaps(results) if results.gaps else ""),
        ("What users of browsers see meanwhile", _pictures(results) if results.pictures else ""),
        ("While a drain waits", _waiting(results) if results.waiting else ""),
    ):
        if text:
            parts += [f"### {title}", text]
    return "\n\n".join(parts) + "\n"


def _measured(results: Results) -> str:
    """What was measured where: a line for each machine and engine."""
    parts = defaultdict[str, list[str]](list)
    for part, where in results.measured.items():
        parts[where].append(f"`{part}`")
    return "\n".join(f"- {', '.join(found)}: {where}" for where, found in parts.items())


def _releases(results: Results) -> str:
    runs = results.releases
    head = ["runs", "last call ends → machine may go", "→ instance is being deleted", "→ `up` ends"]
    row = [
        str(len(runs)),
        spread([run.release for run in runs]),
        spread([run.until_deleted for run in runs]),
        spread([run.wall - run.last_call for run in runs]),
    ]
    return table(head, [row])


def _together(results: Results) -> str:
    rows = []
    found = derived.counts(results.together)
    first = derived.drained(results.together, found[0], lambda run: run.let_go)
    for nodes in found:
        runs = [run for run in results.together if run.nodes == nodes]
        let_go = derived.drained(runs, nodes, lambda run: run.let_go)
        rows.append(
            [
                str(nodes),
                f"{runs[0].length:.0f}",
                spread([run.let_go for run in runs]),
                f"{let_go / first:.2f}",
                spread([run.release for run in runs]),
                spread([run.wall for run in runs]),
            ]
        )
    head = ["drains", "length of the calls", "`up` begins → last machine may go", "÷ one drain"]
    return table([*head, "of it after the last call", "whole `up`"], rows)


def _growth(results: Results) -> str:
    rows = []
    for nodes in derived.sizes(results.growth):
        runs = [run for run in results.growth if run.nodes == nodes]
        rows.append(
            [
                f"{nodes} to {nodes + 1}",
                spread([run.wall for run in runs]),
                str(max(run.changed for run in runs)),
                str(max(run.elsewhere for run in runs)),
                str(max(run.logins for run in runs)),
            ]
        )
    head = ["nodes", "`up`", "resources changed", "of other nodes", "SSH logins on other nodes"]
    return table(head, rows)


def _updates(results: Results) -> str:
    rows = [
        [
            str(run.updates),
            f"{run.wall:.0f}",
            str(run.requests),
            _failed(run.failed, run.reasons),
            str(run.sockets),
            str(run.broken),
            str(run.calls),
            str(run.lost),
        ]
        for run in results.updates
    ]
    head = ["updates", "seconds", "requests", "failed", "WebSockets", "broken", "calls opened"]
    return table([*head, "refused or cut"], rows)


def _failed(failed: int, reasons: dict[str, int]) -> str:
    said = ", ".join(f"{count} got {reason}" for reason, count in sorted(reasons.items()))
    return f"{failed} ({said})" if said else str(failed)


def _crashes(results: Results) -> str:
    rows = [
        [
            f"scaling {run.scales}",
            f"{run.whole:.1f}",
            f"{run.at:.1f} ({run.at / run.whole:.0%})",
            f"{run.whole - run.at:.1f}",
            "failed" if run.again is None else f"{run.again:.1f}",
            f"{run.ratio:.2f}",
        ]
        for run in sorted(results.crashes, key=lambda run: (run.scales == "down", run.at))
    ]
    head = ["update", "not killed", "killed at", "work left", "re-run", "re-run ÷ work left"]
    return table(head, rows)


def _waiting(results: Results) -> str:
    names = list(results.waiting[0].cpu)
    hours = {
        name: median(derived.an_hour(run, run.cpu[name]) for run in results.waiting)
        for name in names
    }
    requests = median(derived.an_hour(run, run.requests) for run in results.waiting)
    row = [
        f"{results.waiting[0].seconds:.0f}",
        *(f"{seconds:.0f}" for seconds in hours.values()),
        f"{requests:.0f}",
    ]
    head = ["looked at for", *(f"CPU an hour: {name}" for name in names), "API requests an hour"]
    return table(head, [row])


def _gaps(results: Results) -> str:
    quiet = results.gaps[0].longest
    rows = [
        [
            run.change,
            f"{run.seconds:.0f}",
            str(run.calls),
            str(run.cut),
            str(run.refused),
            str(run.reconnected),
            str(run.longest),
            f"{run.longest - quiet:+}" if run is not results.gaps[0] else "",
        ]
        for run in results.gaps
    ]
    head = ["change", "seconds", "calls", "cut", "refused", "sockets reconnected"]
    return table([*head, "longest gap, ms", "more than without, ms"], rows)


def _pictures(results: Results) -> str:
    rows = [
        [
            run.change,
            f"{run.seconds:.0f}",
            str(run.freeze),
            str(round(run.froze_after)),
            "yes" if run.cut else "no",
            "; ".join(f"{one.after:.0f} s, user {one.user}: `{one.words}`" for one in run.said),
        ]
        for run in results.pictures
    ]
    head = ["change", "seconds", "longest freeze, ms", "began after, s", "call lost"]
    return table([*head, "what clients said"], rows)

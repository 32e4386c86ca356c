"""What the figures should be."""

from __future__ import annotations

from lab.bench.aims import Aim
from lab.bench.drains import derived
from lab.bench.drains.figures import Results

RELEASE_LIMIT_SECONDS = 5.0
TOGETHER_LIMIT = 1.1
GROWTH_LIMIT = 1.2
AGAIN_LIMIT = 1.3
ADDED_LIMIT_MS = 200.0


def aims(results: Results) -> list[Aim]:
    """The aims that the measured parts can tell about."""
    return [
        *_releases(results),
        *_together(results),
        *_growth(results),
        *_updates(results),
        *_crashes(results),
        *_gaps(results),
    ]


def _releases(results: Results) -> list[Aim]:
    if not results.releases:
        return []
    what = "end of a node's last call to its machine's release, median"
    return [Aim(what, derived.release(results.releases), RELEASE_LIMIT_SECONDS, " s")]


def _together(results: Results) -> list[Aim]:
    found = derived.counts(results.together)
    if len(found) < 2:
        return []
    one, many = (
        derived.drained(results.together, nodes, lambda run: run.let_go)
        for nodes in (found[0], found[-1])
    )
    what = f"time of {found[-1]} drains at once ÷ time of {found[0]}, calls included"
    return [Aim(what, many / one, TOGETHER_LIMIT)]


def _growth(results: Results) -> list[Aim]:
    if not results.growth:
        return []
    aims = []
    found = derived.sizes(results.growth)
    if len(found) > 1:
        fewer, more = found[0], found[-1]
        ratio = derived.growing(results.growth, more) / derived.growing(results.growth, fewer)
        what = f"`up` from {more} to {more + 1} nodes ÷ `up` from {fewer} to {fewer + 1}"
        aims.append(Aim(what, ratio, GROWTH_LIMIT))
    elsewhere = sum(run.elsewhere for run in results.growth)
    logins = sum(run.logins for run in results.growth)
    return [
        *aims,
        Aim("resources of other nodes that adding a node changes", elsewhere, 0),
        Aim("SSH logins on other nodes while a node is added", logins, 0),
    ]


def _updates(results: Results) -> list[Aim]:
    return [
        aim
        for run in results.updates
        for aim in (
            Aim(f"failed of {run.requests} requests, {run.updates} updates", run.failed, 0),
            Aim(f"breaks of {run.sockets} WebSockets, {run.updates} updates", run.broken, 0),
            Aim(f"calls refused or cut, of {run.calls} opened meanwhile", run.lost, 0),
        )
    ]


def _crashes(results: Results) -> list[Aim]:
    aims = []
    for scales in ("up", "down"):
        if crash := derived.worst(results.crashes, scales):
            part = f"{crash.at / crash.whole:.0%}"
            what = f"scaling {scales}, killed: re-run ÷ work left, worst (killed at {part})"
            aims.append(Aim(what, crash.ratio, AGAIN_LIMIT))
    return aims


def _gaps(results: Results) -> list[Aim]:
    if len(results.gaps) < 2:
        return []
    changes = results.gaps[1:]
    what = "longest gap in sound while the cluster changes, more than without a change"
    return [
        Aim(f"calls cut, in {len(changes)} changes", sum(run.cut for run in changes), 0),
        Aim(what, derived.added(results.gaps), ADDED_LIMIT_MS, " ms"),
    ]

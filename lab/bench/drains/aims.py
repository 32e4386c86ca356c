"""What the figures should be."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from lab.bench.aims import Aim
from lab.bench.drains import derived
from lab.bench.drains.figures import Gaps, Pictures, Results

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
        *_pictures(results),
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
    changes, losses = _apart(results.gaps)
    added = derived.added(results.gaps[0].longest, [run.longest for run in changes])
    return [
        Aim(f"calls cut, in {len(changes)} changes", sum(run.cut for run in changes), 0),
        Aim(
            "longest gap in sound meanwhile, more than without a change",
            added,
            ADDED_LIMIT_MS,
            " ms",
        ),
        *(Aim(f"calls cut, {run.change}", run.cut, 0) for run in losses),
    ]


def _pictures(results: Results) -> list[Aim]:
    if len(results.pictures) < 2:
        return []
    changes, _ = _apart(results.pictures)
    added = derived.added(results.pictures[0].freeze, [run.freeze for run in changes])
    return [
        Aim(
            f"calls of browsers cut, in {len(changes)} changes", sum(run.cut for run in changes), 0
        ),
        Aim("longest freeze meanwhile, more than without a change", added, ADDED_LIMIT_MS, " ms"),
    ]


_Seen = TypeVar("_Seen", Gaps, Pictures)


def _apart(runs: Sequence[_Seen]) -> tuple[list[_Seen], list[_Seen]]:
    """Changes that are made on purpose, and losses; without the first, which is no change."""
    changes = [run for run in runs[1:] if not run.is_loss]
    return changes, [run for run in runs[1:] if run.is_loss]

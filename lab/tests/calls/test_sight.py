"""What happened between two looks at the cluster."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

from lab.calls.watch.sight import Happened, Machine, Node, Sight, changes

NODE = "10.5.0.6"
HEALTHY = Sight(
    {
        "i-1": Machine("base", "10.5.0.5", running=True),
        "i-2": Machine("node-1", NODE, running=True),
    },
    {NODE: Node("media_1", "running")},
    (NODE,),
    100,
)


def happened(before: Sight, after: Sight) -> list[tuple[str, str]]:
    return [(change.what.value, change.name) for change in changes(before, after)]


def test_nothing_happens_between_equal_looks() -> None:
    assert happened(HEALTHY, HEALTHY) == []


def test_a_first_look_tells_of_all_that_is_there() -> None:
    assert happened(Sight(), HEALTHY) == [
        ("machine-started", "base"),
        ("machine-started", "node-1"),
        ("node-joined", "node-1"),
        ("address-added", "node-1"),
    ]


def test_a_drain_is_seen_from_its_start_to_the_machines_end() -> None:
    draining = replace(HEALTHY, nodes={NODE: Node("media_1", "waiting-idle-to-terminate")})
    left = replace(HEALTHY, nodes={})
    out = replace(left, addresses=())
    gone = replace(out, machines={"i-1": HEALTHY.machines["i-1"]})
    looks = (HEALTHY, draining, draining, left, out, gone)
    steps = [step for pair in pairwise(looks) for step in happened(*pair)]
    assert steps == [
        ("drain-started", "node-1"),
        ("node-left", "node-1"),
        ("address-removed", "node-1"),
        ("machine-removed", "node-1"),
    ]


def test_what_could_not_be_seen_did_not_happen() -> None:
    blind = Sight(HEALTHY.machines)
    assert happened(HEALTHY, blind) == []
    assert happened(HEALTHY, blind.since(HEALTHY)) == []
    assert blind.since(HEALTHY) == HEALTHY


def test_with_a_machine_goes_what_was_on_it() -> None:
    empty = Sight().since(HEALTHY)
    assert (empty.nodes, empty.addresses, empty.proxy) == ({}, (), 0)


def test_a_crash_is_no_removal() -> None:
    lost = {**HEALTHY.machines, "i-2": Machine("node-1", NODE, running=False)}
    assert happened(HEALTHY, replace(HEALTHY, machines=lost)) == [("machine-lost", "node-1")]


def test_a_replaced_machine_of_the_same_name_is_another_one() -> None:
    new = {"i-1": HEALTHY.machines["i-1"], "i-3": Machine("node-1", NODE, running=True)}
    assert happened(HEALTHY, replace(HEALTHY, machines=new)) == [
        ("machine-removed", "node-1"),
        ("machine-started", "node-1"),
    ]


def test_restarts_are_told_from_reloads() -> None:
    again = replace(HEALTHY, nodes={NODE: Node("media_2", "running")}, proxy=200)
    assert happened(HEALTHY, again) == [("node-restarted", "node-1"), ("proxy-restarted", "base")]


def test_a_look_survives_its_file() -> None:
    for look in (Sight(), HEALTHY):
        assert Sight.parse(look.as_json()) == look


def test_what_happened_has_a_word_of_its_own() -> None:
    assert len({what.value for what in Happened}) == len(Happened)

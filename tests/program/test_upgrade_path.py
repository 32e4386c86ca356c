"""Another version of OpenVidu: along OpenVidu's steps, and each done as often as it needs."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.cluster_observation import ClusterObservation, NodeObservation, Overview, Unseen
from components.previous_state import Attempt, PreviousState, from_outputs
from components.settings.read import read
from components.settings.table import Settings
from components.upgrade_path import Change, change_of, find_mistakes, warnings
from openvidu.release import VERSIONS, Step, step, way
from tests.program.conftest import SECRETS, example

NAMES = ("base", "node-1", "node-2")
SILENT = NodeObservation(in_service=None, generation=1, calls=None, participants=None)


def running(version: str) -> PreviousState:
    has = dict.fromkeys(NAMES, Attempt(version, 1))
    return PreviousState(tried=has, done=has)


def seen(version: str, *aside: str) -> ClusterObservation:
    nodes = {f"10.5.0.{end}": NodeObservation(True, 1, 2, 4) for end in (6, 7)}
    return ClusterObservation(nodes, version=version, aside=aside)


def wanted(settings: Settings, version: str) -> Settings:
    return replace(settings, openvidu_version=version)


@pytest.mark.parametrize(
    ("found", "to", "expected"),
    [
        ("2.29.0", "2.29.0", Step.NONE),
        ("2.29.0", "2.30.0", Step.UPGRADE),
        ("2.30.0", "2.30.1", Step.UPGRADE),
        ("2.28.0", "2.30.0", Step.FORBIDDEN),
        ("2.30.0", "2.29.0", Step.ROLLBACK),
        ("2.30.0", "2.28.0", Step.FORBIDDEN),
        ("2.31.0", "2.32.2", Step.FORBIDDEN),
        ("2.32.0", "2.32.2", Step.UPGRADE),
        ("2.32.2", "2.31.0", Step.FORBIDDEN),
        ("2.32.2", "2.32.0", Step.ROLLBACK),
        ("2.32.2", "2.33.0", Step.UPGRADE),
    ],
)
def test_a_version_is_a_step_away_or_forbidden(found: str, to: str, expected: Step) -> None:
    assert step(found, to) is expected


@pytest.mark.parametrize(
    ("found", "to", "expected"),
    [
        ("2.31.0", "2.32.2", ["2.32.0", "2.32.2"]),
        ("2.29.0", "2.32.1", ["2.30.0", "2.31.0", "2.32.0", "2.32.1"]),
        ("2.32.2", "2.34.0", ["2.33.0", "2.34.0"]),
        ("2.32.2", "2.30.0", ["2.32.0", "2.31.0", "2.30.0"]),
    ],
)
def test_the_way_to_a_version_is_told(found: str, to: str, expected: list[str]) -> None:
    assert way(found, to) == expected


@given(st.sampled_from(VERSIONS), st.sampled_from(VERSIONS))
def test_every_version_is_reached_by_steps_that_openvidu_takes(found: str, to: str) -> None:
    at = found
    for version in way(found, to):
        assert step(at, version) not in (Step.FORBIDDEN, Step.NONE)
        at = version
    assert at == to


@pytest.mark.parametrize(
    ("version", "overview", "problem"),
    [
        ("2.31.0", seen("2.29.0"), "to 2.31.0, but through 2.30.0, 2.31.0, each in an update"),
        ("2.31.0", Unseen("no way there"), "but through 2.30.0, 2.31.0"),
        ("2.32.2", seen("2.29.0"), "but through 2.30.0, 2.31.0, 2.32.0, 2.32.2"),
        ("2.28.0", seen("2.29.0"), "you can only go back to the version before it: none"),
        ("latest", seen("2.29.0"), "latest is for new deployments; this one runs 2.29.0"),
    ],
)
def test_what_openvidu_does_not_allow_is_refused(
    settings: Settings, version: str, overview: Overview, problem: str
) -> None:
    (mistake,) = find_mistakes(wanted(settings, version), running("2.29.0"), overview)
    assert problem in mistake.problem


@given(st.sampled_from(VERSIONS), st.sampled_from([*VERSIONS, "latest"]), st.sampled_from(VERSIONS))
def test_the_version_that_is_proposed_is_taken(found: str, to: str, aside: str) -> None:
    settings = read(example(), SECRETS)
    overview = seen(found, aside)
    for mistake in find_mistakes(wanted(settings, to), running(found), overview):
        proposed = wanted(settings, mistake.command.split()[-1])
        assert not find_mistakes(proposed, running(found), overview)


@pytest.mark.parametrize(
    ("version", "overview"),
    [
        ("2.29.0", seen("2.29.0")),
        ("2.30.0", seen("2.29.0")),
        ("2.30.0", Unseen("no way there")),
        ("2.28.0", seen("2.29.0", "2.28.0")),
    ],
)
def test_what_openvidu_allows_is_taken(
    settings: Settings, version: str, overview: Overview
) -> None:
    assert not find_mistakes(wanted(settings, version), running("2.29.0"), overview)


def test_calls_that_are_waited_for_are_told(settings: Settings) -> None:
    (told,) = warnings(wanted(settings, "2.30.0"), running("2.29.0"), seen("2.29.0"))
    assert "OpenVidu 2.29.0 becomes 2.30.0. Every node drains" in told
    assert "There are 4 now." in told
    rolling = replace(wanted(settings, "2.30.0"), upgrade_strategy="rolling")
    (told,) = warnings(rolling, running("2.29.0"), seen("2.29.0"))
    assert "OpenVidu doesn't document whether" in told
    assert not warnings(wanted(settings, "2.29.0"), running("2.29.0"), seen("2.29.0"))


@pytest.mark.parametrize(
    ("overview", "said"),
    [
        (Unseen("no way there"), "How many there are now isn't known: no way there."),
        (
            ClusterObservation({"10.5.0.6": NodeObservation(True, 1, 2, 4), "10.5.0.7": SILENT}),
            "There are at least 2 now: what one node may carry isn't known.",
        ),
        (ClusterObservation({}), "There are at least 0 now: what 2 nodes may carry isn't known."),
    ],
    ids=["no answer", "one node is silent", "a base that was made anew"],
)
def test_calls_that_are_not_known_are_not_told_as_none(
    settings: Settings, overview: Overview, said: str
) -> None:
    previous = replace(running("2.29.0"), generations={1: 1, 2: 1})
    (told,) = warnings(wanted(settings, "2.30.0"), previous, overview)
    assert told.endswith(said)


def test_a_new_machine_has_nothing_to_upgrade(settings: Settings) -> None:
    change = change_of("node-3", wanted(settings, "2.30.0"), running("2.30.0"))
    assert change == Change(Attempt("2.30.0", 1), is_due=False)


@pytest.mark.parametrize(
    ("machine", "chosen", "cuts"),
    [
        ("node-2", "force_after_drain_timeout", True),
        ("node-2", "config_change_during_calls", False),
        ("master", "config_change_during_calls", True),
        ("master", "force_after_drain_timeout", False),
    ],
)
def test_who_chose_to_cut_calls_has_them_cut_by_an_upgrade(
    settings: Settings, machine: str, chosen: str, cuts: bool
) -> None:
    old, new = wanted(settings, "2.29.0"), wanted(settings, "2.30.0")
    before = Attempt("2.29.0", 1)
    previous = PreviousState(tried={machine: before}, done={machine: before})
    change = change_of(machine, replace(new, **{chosen: True}), previous)
    assert (change.is_due, change.cuts) == (True, cuts)
    # Where no upgrade is due another choice is no change.
    for setting in (replace(old, **{chosen: True}), old):
        assert not change_of(machine, setting, previous).cuts
        assert change_of(machine, setting, replace(previous, cut=[machine])).cuts


def test_that_calls_were_to_be_cut_is_read_from_the_state(settings: Settings) -> None:
    previous = PreviousState(tried={"node-2": Attempt("2.29.0", 1)})
    forced = replace(wanted(settings, "2.30.0"), force_after_drain_timeout=True)
    noted = dict(change_of("node-2", forced, previous).variables)
    read_back = from_outputs(
        {
            f"urn:…::node-2-{one}": {"type": "", "outputs": {"environment": noted}}
            for one in ("upgrade", "membership")
        }
    )
    assert list(read_back.cut) == ["node-2"]
    assert change_of("node-2", forced, read_back).variables == noted


@given(st.lists(st.tuples(st.sampled_from(["2.29.0", "2.30.0"]), st.booleans()), max_size=8))
def test_a_machine_is_changed_until_it_has_what_is_wanted(
    updates: list[tuple[str, bool]],
) -> None:
    """Updates want a version and come to the machine's end, or fail on the way."""
    settings = read(example(), SECRETS)
    previous = running("2.29.0")
    has, whole = "2.29.0", True
    for version, succeeds in updates:
        change = change_of("node-1", wanted(settings, version), previous)
        assert change.is_due == (not whole or version != has)
        # Each step is done again exactly when something may be undone.
        assert (change.to != previous.tried["node-1"]) == change.is_due
        previous = replace(previous, tried={"node-1": change.to})
        whole = succeeds or not change.is_due
        if succeeds:
            has = version
            previous = replace(previous, done={"node-1": change.to})

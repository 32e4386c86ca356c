"""What a preview says of calls, and which nodes an update brings back."""

from __future__ import annotations

import json
from dataclasses import replace
from subprocess import CompletedProcess
from typing import Any

import pytest

from components.cluster_observation import (
    ClusterObservation,
    NodeObservation,
    Unseen,
    ask,
    find_mistakes,
    parse,
    reason,
)
from components.previous_state import Attempt, PreviousState, from_outputs
from components.settings.read import read
from components.settings.table import Settings
from components.update_plan import (
    configuration_generation,
    generations,
    in_order,
    kept_types,
    replaced,
    stop_of_main,
    stops_of_main,
    warnings,
)
from tests.program.conftest import SECRETS

TYPES = dict.fromkeys(("node-1", "node-2", "node-3"), "c5.2xlarge")
THERE = PreviousState("203.0.113.5", "ssh-ed25519 AAAA", {1: 1, 2: 4, 3: 1}, TYPES)
SERVES = NodeObservation(in_service=True, generation=1, calls=0, participants=0)


def test_the_state_tells_base_and_nodes() -> None:
    urn = "urn:pulumi:dev::openvidu-enterprise::openvidu-enterprise:index:Cluster$x::"
    found = from_outputs(
        {
            f"{urn}base-address": {"outputs": {"publicIp": "203.0.113.5"}},
            f"{urn}base-host-key": {"outputs": {"stdout": "ssh-ed25519 AAAA"}},
            f"{urn}node-2-membership": {"outputs": {"environment": {"NODE_GENERATION": "4"}}},
            f"{urn}node-2-membership-of-another": {"outputs": {}},
            f"{urn}node-2": {
                "type": "aws:ec2/instance:Instance",
                "outputs": {"instanceType": "c5.2xlarge"},
            },
            f"{urn}x::node-2": {"type": "openvidu-enterprise:index:Node", "outputs": {}},
        }
    )
    types = {"node-2": "c5.2xlarge"}
    assert found == replace(THERE, generations={2: 4}, instance_types=types, held=frozenset({2}))
    assert from_outputs({}) == PreviousState()


def test_a_node_in_service_shows_no_change(settings: Settings) -> None:
    seen = ClusterObservation({"10.5.0.6": SERVES, "10.5.0.7": replace(SERVES, generation=4)})
    assert generations(settings, THERE, seen) == {1: 1, 2: 4}


def test_a_node_out_of_service_is_brought_back(settings: Settings) -> None:
    drained = NodeObservation(in_service=False, generation=5, calls=2, participants=5)
    seen = ClusterObservation({"10.5.0.6": SERVES, "10.5.0.7": drained})
    assert generations(settings, THERE, seen) == {1: 1, 2: 5}
    told = "\n".join(warnings(settings, replace(THERE, generations={1: 1, 2: 4}), seen))
    assert told.startswith("node-2 is out of service and will be brought back")
    assert "2 calls with 5 participants" in told


def test_a_base_that_cannot_be_asked_changes_nothing(settings: Settings) -> None:
    unseen = Unseen("Connection timed out")
    assert generations(settings, THERE, unseen) == {1: 1, 2: 4}
    told = warnings(settings, THERE, unseen)
    assert "Connection timed out" in told[0]
    assert "node-3 leaves: the update will wait for its calls" in told[0]


def test_a_first_deployment_has_nothing_to_say(settings: Settings) -> None:
    assert generations(settings, PreviousState(), ClusterObservation()) == {1: 1, 2: 1}
    assert not warnings(settings, PreviousState(), ClusterObservation())


@pytest.mark.parametrize(
    ("calls", "participants", "words"),
    [
        (0, 0, "it carries no calls now"),
        (1, 1, "it carries 1 call with 1 participant now"),
        (12, 30, "it carries 12 calls with 30 participants now"),
        (None, None, "how many calls it carries isn't known"),
    ],
)
def test_a_node_that_leaves_is_told_with_its_calls(
    settings: Settings, calls: int | None, participants: int | None, words: str
) -> None:
    seen = ClusterObservation({"10.5.0.8": NodeObservation(True, 1, calls, participants)})
    (told,) = warnings(settings, THERE, seen)
    assert told.startswith("node-3 leaves: ")
    assert words in told
    assert "can't be undone" in told


def test_a_node_that_is_replaced_is_told_with_its_calls(settings: Settings) -> None:
    previous = replace(THERE, generations={1: 1, 2: 4}, instance_types={"node-1": "c5.xlarge"})
    seen = ClusterObservation(
        {"10.5.0.6": NodeObservation(True, 1, 3, 7), "10.5.0.7": replace(SERVES, generation=4)}
    )
    (told,) = warnings(settings, previous, seen)
    assert told.startswith("node-1 is replaced (c5.xlarge to c5.2xlarge): ")
    assert "it carries 3 calls with 7 participants now" in told
    assert "No more than 1 at a time (maxUnavailable)" in told


def test_drift_has_the_configuration_compared_anew(settings: Settings) -> None:
    serving = {"10.5.0.6": SERVES, "10.5.0.7": replace(SERVES, generation=4)}
    previous = replace(THERE, generations={1: 1, 2: 4}, configuration_generation=3)
    assert configuration_generation(PreviousState(), ClusterObservation()) == 1
    assert configuration_generation(previous, ClusterObservation(serving)) == 3
    drifted = ClusterObservation(serving, drift=("OPENVIDU_RECORDING",))
    assert configuration_generation(previous, drifted) == 4
    (told,) = warnings(settings, previous, drifted)
    assert told.startswith("In the bucket OPENVIDU_RECORDING isn't the stack's")
    assert "waits for a moment without calls, 1:00:00 at most" in told
    (told,) = warnings(replace(settings, config_change_during_calls=True), previous, drifted)
    assert "Calls will be cut" in told


def test_a_bucket_that_cannot_be_read_is_told_and_is_no_drift(settings: Settings) -> None:
    previous = replace(THERE, generations={1: 1, 2: 4}, configuration_generation=3)
    nodes = {"10.5.0.6": SERVES, "10.5.0.7": replace(SERVES, generation=4)}
    seen = parse(json.dumps({"nodes": {}, "drift": None}))
    assert seen == ClusterObservation(drift=None)
    assert parse(json.dumps({"nodes": {}, "drift": []})) == ClusterObservation(drift=())
    unread = ClusterObservation(nodes, drift=None)
    assert configuration_generation(previous, unread) == 3
    (told,) = warnings(settings, previous, unread)
    assert told.startswith("The nodes' configuration in the bucket can't be read")


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        (
            ": no connection to the base, 203.0.113.5; trying again\n"
            ": the base, 203.0.113.5, can't be reached for 0 s: Connection timed out\n"
            "  Nothing was removed. "
            "Next: uv run openvidu-enterprise repair base, then: pulumi up\n",
            "Connection timed out",
        ),
        (
            "ip-10-5-0-5: overview: /opt/x/.env: No such file\n  The machine stays.\n"
            "  Next: pulumi up\n",
            "ip-10-5-0-5: overview: /opt/x/.env: No such file",
        ),
        (
            ": overview refused: ubuntu@203.0.113.5 doesn't take sshPrivateKey.\n",
            "overview refused: ubuntu@203.0.113.5 doesn't take sshPrivateKey.",
        ),
        ("", ""),
    ],
)
def test_why_the_base_cannot_be_asked_is_told(said: str, expected: str) -> None:
    assert reason(said) == expected


def test_a_key_that_the_machines_do_not_know_is_a_mistake() -> None:
    refused = Unseen("overview refused: ubuntu@203.0.113.5 doesn't take sshPrivateKey.")
    (mistake,) = find_mistakes(refused, "base")
    assert mistake.key == "sshPrivateKey"
    assert "openvidu-enterprise rotate-ssh-key" in mistake.command
    # Where they knew it nothing but another machine brings it back.
    assert mistake.command.endswith("uv run openvidu-enterprise repair base")
    agent = Unseen("overview refused: ubuntu@203.0.113.5 doesn't take a key of your SSH agent.")
    [mistake] = find_mistakes(agent, "base")
    assert mistake.key == "sshAgent"


@pytest.mark.parametrize("seen", [ClusterObservation(), Unseen("Connection timed out")])
def test_a_base_that_cannot_be_asked_says_nothing_of_the_key(
    seen: ClusterObservation | Unseen,
) -> None:
    assert find_mistakes(seen, "base") == []


@pytest.mark.parametrize("text", ["", "[]", "{", '{"nodes": {"10.5.0.6": {}}, "drift": []}', "{}"])
def test_what_is_no_overview_is_unseen(text: str) -> None:
    assert isinstance(parse(text), Unseen)


@pytest.mark.parametrize(("shape", "action"), [("ha", ""), ("single-master", "-master")])
def test_a_master_is_asked_as_a_base_is(
    shape: str, action: str, config: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    def run(action: str, *_: Any, **__: Any) -> CompletedProcess[str]:
        asked.append(action)
        return CompletedProcess([], 0, '{"nodes": {}, "drift": [], "isOpen": false}', "")

    monkeypatch.setattr("components.cluster_observation.run", run)
    settings = read({**config, "shape": shape}, SECRETS)
    assert ask(settings, PreviousState("203.0.113.5", "ssh-ed25519 AAAA")) == ClusterObservation(
        is_open=False
    )
    assert asked == [f"overview{action}"]


def test_a_node_out_of_service_is_brought_back_by_a_base_that_has_lost_its_count(
    settings: Settings,
) -> None:
    drained = NodeObservation(in_service=False, generation=1, calls=0, participants=0)
    previous = replace(THERE, generations={1: 1, 2: 1})
    assert generations(settings, previous, ClusterObservation({"10.5.0.7": drained})) == {
        1: 1,
        2: 2,
    }
    serves = replace(SERVES, generation=0)
    assert generations(settings, previous, ClusterObservation({"10.5.0.7": serves})) == {1: 1, 2: 1}


def test_nodes_that_are_out_of_service_come_before_those_that_serve() -> None:
    previous = PreviousState(generations={1: 1, 2: 4, 3: 2})
    assert in_order({1: 1, 2: 5, 3: 2, 4: 1}, previous) == [4, 2, 1, 3]


def test_another_type_of_the_base_is_told(settings: Settings) -> None:
    previous = PreviousState(instance_types={"base": "c5.xlarge"})
    (told,) = stop_of_main(settings, previous)
    assert "the type of the base (c5.xlarge to c5.2xlarge): AWS stops and starts it" in told
    assert "It waits for a moment without calls, 1:00:00 at most." in told
    assert not stop_of_main(settings, PreviousState(instance_types={"base": "c5.2xlarge"}))
    assert not stop_of_main(settings, PreviousState())


def test_a_type_that_somebody_else_gave_the_base_has_calls_waited_for(settings: Settings) -> None:
    """The state has the wanted one: what a refresh finds in an update is written there later."""
    previous = PreviousState(
        main_configuration="D", instance_types={"base": "c5.2xlarge"}, present_type="c5.4xlarge"
    )
    assert stops_of_main(settings, previous) == previous.stops + 1
    (told,) = stop_of_main(settings, previous)
    assert "(c5.4xlarge to c5.2xlarge): AWS stops and starts it, if the update refreshes" in told
    assert stops_of_main(settings, replace(previous, present_type="c5.2xlarge")) == previous.stops
    assert stops_of_main(settings, replace(previous, present_type="")) == previous.stops


def test_what_was_imported_is_told_to_keep_its_type_first(settings: Settings) -> None:
    types = dict.fromkeys(("base", "node-1"), "c5.xlarge")
    previous = PreviousState(main_configuration="D", instance_types=types, kept_types=types)
    told = kept_types(settings, previous)
    assert [line.partition(" ")[0] for line in told] == ["base", "node-1"]
    assert "keeps its type (c5.xlarge) in this update" in told[1]
    assert told[1].endswith("Next: pulumi up, and once more, which changes it to c5.2xlarge")
    # Neither that AWS stops the one, nor that the other is replaced.
    assert not stop_of_main(settings, previous)
    assert stops_of_main(settings, previous) == previous.stops
    assert not replaced(settings, previous)


def test_calls_are_waited_for_anew_where_a_start_did_not_come_to_its_end() -> None:
    def previous(waited_for: str, runs_with: str, **attempt: str) -> PreviousState:
        return from_outputs(
            {
                f"urn:pulumi:dev::x::command:local:Command::base-{name}": {
                    "type": "command:local:Command",
                    "outputs": {"environment": {"CONFIGURATION": value, **attempt}},
                }
                for name, value in (("quiet", waited_for), ("version", runs_with))
            }
        )

    assert previous("a", "a").configuration_attempt("base") == {}
    assert previous("b", "a").configuration_attempt("base") == {"CONFIGURATION_ATTEMPT": "2"}
    second = {"CONFIGURATION_ATTEMPT": "2"}
    assert previous("a", "a", **second).configuration_attempt("base") == second
    assert previous("b", "a", **second).configuration_attempt("base") == {
        "CONFIGURATION_ATTEMPT": "3"
    }
    assert PreviousState().configuration_attempt("base") == {}
    assert PreviousState(quiet_for={"base": Attempt("a", 1)}).configuration_attempt("base") == {}


ONE = replace(THERE, generations={1: 1})
BIGGER: dict[str, Any] = {"node_instance_type": "c5.4xlarge"}
OUT = replace(SERVES, in_service=False)


@pytest.mark.parametrize(
    "seen",
    [
        ClusterObservation({"10.5.0.6": SERVES}),
        ClusterObservation(),
        Unseen("Connection timed out"),
    ],
)
def test_that_the_only_node_is_not_let_go_is_foreseen(
    seen: ClusterObservation | Unseen, settings: Settings
) -> None:
    one = replace(settings, node_count=1, **BIGGER)
    (told,) = [text for text in warnings(one, ONE, seen) if "will be refused" in text]
    assert told.startswith("node-1 is the only node that stays")
    assert "pulumi config set drainLastNode true" in told


@pytest.mark.parametrize(
    ("changes", "previous", "seen"),
    [
        ({"node_count": 1, "drain_last_node": True, **BIGGER}, ONE, SERVES),
        ({"node_count": 1, **BIGGER}, ONE, OUT),
        ({"node_count": 2, **BIGGER}, ONE, SERVES),
        ({"node_count": 1}, ONE, SERVES),
        ({"node_count": 1, **BIGGER}, PreviousState(), SERVES),
    ],
)
def test_nothing_is_foreseen_of_a_node_that_may_go(
    changes: dict[str, Any], previous: PreviousState, seen: NodeObservation, settings: Settings
) -> None:
    told = warnings(replace(settings, **changes), previous, ClusterObservation({"10.5.0.6": seen}))
    assert "will be refused" not in "\n".join(told)

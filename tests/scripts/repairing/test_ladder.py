"""Which steps repair a machine, and which machines are left as they are."""

from __future__ import annotations

from dataclasses import replace

import pytest

from components.aws.health import Event, InstanceHealth
from scripts.repairing.ladder import MachineObservation, Plan, Step, cost, plan

RUNS = InstanceHealth("i-0a", "running")
IMPAIRED = replace(RUNS, instance="impaired")
STOPPED = InstanceHealth("i-0a", "stopped", "not-applicable", "not-applicable")
GONE = InstanceHealth("i-0a", "terminated", "not-applicable", "not-applicable")
RETIRES = replace(RUNS, events=(Event("instance-retirement"),))
INSIDE = (Step.SERVICES, Step.DOCKER)
OUTSIDE = (Step.REBOOT, Step.STOP_START)

BASE = MachineObservation("base", works=False, ec2=RUNS, lets_in=True, open=False)
NODE = MachineObservation("node-2", works=False, ec2=RUNS, lets_in=True, conclusion="left")
SILENT_NODE = replace(NODE, lets_in=False, conclusion="unknown")


@pytest.mark.parametrize(
    ("seen", "steps"),
    [
        (BASE, INSIDE + OUTSIDE),
        (NODE, INSIDE + OUTSIDE),
        (replace(BASE, lets_in=False, ec2=IMPAIRED), OUTSIDE),
        (replace(SILENT_NODE, ec2=STOPPED), OUTSIDE[1:]),
        (replace(SILENT_NODE, ec2=STOPPED, conclusion=None), OUTSIDE[1:]),
        (replace(SILENT_NODE, ec2=STOPPED, conclusion="dead"), OUTSIDE[1:]),
        (replace(BASE, lets_in=False, ec2=STOPPED), OUTSIDE[1:]),
        (replace(BASE, lets_in=False, ec2=replace(RUNS, system="impaired")), OUTSIDE[1:]),
        (replace(BASE, lets_in=False, ec2="AccessDenied"), OUTSIDE),
        (replace(BASE, ec2=None, is_owners=True), (*INSIDE, Step.REBOOT)),
        (MachineObservation("bastion", works=False, ec2=IMPAIRED, lets_in=False), OUTSIDE),
        (replace(BASE, ec2=GONE, lets_in=False), ()),
    ],
)
def test_steps_go_from_mild_to_strong(seen: MachineObservation, steps: tuple[Step, ...]) -> None:
    assert plan(seen).steps == steps


def test_another_machine_is_made_only_where_the_operator_says_so() -> None:
    gone = replace(BASE, ec2=GONE, lets_in=False)
    assert plan(gone).next == "uv run openvidu-enterprise repair base --to replace"
    assert plan(gone, Step.REPLACE) == Plan((Step.REPLACE,), "The machine no longer exists.")
    assert plan(BASE).next == "uv run openvidu-enterprise repair base --to replace"
    assert plan(BASE, Step.REPLACE).steps == tuple(Step)


def test_a_base_that_an_update_has_yet_to_start_is_left_to_the_update() -> None:
    begun = replace(BASE, unfinished=True)
    assert (plan(begun).steps, plan(begun).next) == ((), "pulumi up")
    # An update would find no Docker there, or no machine.
    assert plan(replace(begun, docker_is_dead=True)).steps
    assert plan(replace(begun, lets_in=False, ec2=IMPAIRED)).steps == OUTSIDE
    assert plan(begun, Step.REPLACE).steps == tuple(Step)


def test_nothing_stronger_than_what_is_allowed_is_done() -> None:
    assert plan(BASE, Step.DOCKER).steps == INSIDE
    assert plan(replace(BASE, ec2=STOPPED), Step.REBOOT).steps == ()


@pytest.mark.parametrize("conclusion", ["serving", "draining"])
@pytest.mark.parametrize("to", [None, Step.REPLACE])
@pytest.mark.parametrize("ec2", [RUNS, replace(RUNS, system="impaired")])
@pytest.mark.parametrize("dead", [False, True])
def test_a_node_with_calls_is_drained_and_never_restarted(
    conclusion: str, to: Step | None, ec2: InstanceHealth, dead: bool
) -> None:
    found = plan(replace(NODE, conclusion=conclusion, ec2=ec2), to, dead=dead)
    assert found.steps == (Step.SERVICES,)
    assert found.next == "uv run openvidu-enterprise retire node-2, then: pulumi up"


def test_silence_is_no_answer() -> None:
    found = plan(SILENT_NODE, Step.REPLACE)
    assert found.steps == ()
    assert "Nobody can say" in found.says
    assert found.next
    assert found.next.endswith("uv run openvidu-enterprise repair node-2 --dead")
    assert plan(SILENT_NODE, dead=True).steps == OUTSIDE


@pytest.mark.parametrize("check", ["instance", "system"])
def test_a_status_check_that_has_failed_says_nothing_of_calls(check: str) -> None:
    ec2 = replace(RUNS, **{check: "impaired"})
    node = replace(SILENT_NODE, ec2=ec2)
    for to in (None, Step.REPLACE):
        found = plan(node, to)
        assert found.steps == ()
        assert "AWS can't reach it" in found.says
        assert "only you can say" in found.says
        assert (found.next or "").endswith("uv run openvidu-enterprise repair node-2 --dead")
    steps = OUTSIDE if check == "instance" else OUTSIDE[1:]
    assert plan(node, dead=True).steps == steps
    unsaid = replace(node, conclusion=None)
    assert plan(unsaid, asks=True).steps == plan(unsaid).steps == ()
    assert plan(unsaid).next == "uv run openvidu-enterprise repair base"
    assert plan(unsaid, dead=True).steps == steps


def test_who_is_asked_before_each_step_can_say_whether_calls_go_on() -> None:
    node = replace(SILENT_NODE, ec2=IMPAIRED)
    asked = plan(node, asks=True)
    assert asked.steps == OUTSIDE
    assert "only you can say" in asked.says
    # To who says no the same is named, and nothing that is stronger.
    assert (asked.next or "").endswith("uv run openvidu-enterprise repair node-2 --dead")
    assert "calls that go on there are cut; only your word says" in cost(Step.REBOOT, node)
    # Others say less, or say that it runs.
    assert plan(SILENT_NODE, asks=True).steps == ()
    assert plan(replace(node, lets_in=True), asks=True).steps == ()
    assert plan(replace(node, conclusion="draining"), asks=True).steps == ()


def test_a_status_check_that_has_failed_says_less_than_a_login() -> None:
    late = replace(SILENT_NODE, ec2=IMPAIRED, lets_in=True)
    assert plan(late, Step.REPLACE).steps == ()


def test_a_node_of_which_no_base_can_tell_waits_for_the_base() -> None:
    found = plan(replace(SILENT_NODE, conclusion=None))
    assert found.steps == ()
    assert found.next == "uv run openvidu-enterprise repair base"


def test_what_a_node_says_counts_where_no_base_can_tell() -> None:
    node = replace(NODE, conclusion=None)
    assert plan(replace(node, docker_is_dead=True), dead=True).steps == (Step.DOCKER, *OUTSIDE)
    own = replace(node, ec2=None, is_owners=True, lets_in=False, refuses_key=True)
    assert "authorized_keys" in (plan(own).next or "")


def test_what_works_is_left_alone() -> None:
    assert plan(replace(BASE, works=True), Step.REPLACE).steps == ()
    assert plan(replace(NODE, works=True, conclusion="serving")).steps == ()


LOCKED = replace(BASE, lets_in=False, open=True, refuses_key=True)


@pytest.mark.parametrize(
    "seen", [LOCKED, replace(LOCKED, open=False), replace(LOCKED, name="bastion")]
)
def test_a_machine_that_lost_the_key_is_replaced_where_the_operator_says_so(
    seen: MachineObservation,
) -> None:
    found = plan(seen)
    assert found.steps == ()
    assert f"uv run openvidu-enterprise repair {seen.name} --to replace" in (found.next or "")
    assert "rotate-ssh-key --key-file" in (found.next or "")
    assert plan(seen, Step.REPLACE).steps == (Step.REPLACE,)


def test_a_node_that_lost_the_key_goes_once_its_calls_have_ended() -> None:
    node = replace(SILENT_NODE, conclusion="serving", refuses_key=True)
    for to in (None, Step.REPLACE):
        found = plan(node, to, dead=True)
        assert found.steps == ()
        assert (found.next or "").startswith(
            "uv run openvidu-enterprise retire --replace node-2, then: pulumi up; "
        )
    # Of one that nobody sees run nobody knows, with or without a key.
    assert "Nobody can say" in plan(replace(node, conclusion="unknown")).says


def test_the_owner_lets_the_key_in_again() -> None:
    assert "authorized_keys" in (plan(replace(LOCKED, ec2=None, is_owners=True)).next or "")


def test_what_serves_gets_nothing_stronger_than_a_start_unasked() -> None:
    serves = replace(BASE, open=True)
    assert plan(serves).steps == (Step.SERVICES,)
    again = "at a quiet moment: uv run openvidu-enterprise repair base --to stop-start"
    assert plan(serves).next == again
    assert plan(serves, Step.DOCKER).steps == INSIDE
    dead = replace(serves, docker_is_dead=True)
    assert plan(dead) == Plan((), plan(serves).says, again)


@pytest.mark.parametrize("seen", [BASE, NODE])
def test_where_docker_is_dead_it_comes_before_what_it_runs(seen: MachineObservation) -> None:
    assert plan(replace(seen, docker_is_dead=True)).steps == (Step.DOCKER, *OUTSIDE)


def test_a_full_disk_needs_room_and_nothing_that_is_stronger_than_a_start() -> None:
    room = "uv run openvidu-enterprise ssh base -- sudo docker image prune --all --force"
    full = replace(BASE, full=room)
    assert plan(full).steps == (Step.SERVICES,)
    assert plan(full).next == f"{room}; then: uv run openvidu-enterprise repair base"
    # What has no service to be started, or is on a host that failed, isn't restarted for it.
    assert plan(replace(full, name="bastion")).steps == ()
    assert plan(replace(full, ec2=replace(RUNS, system="impaired"))).steps == ()
    assert plan(full, Step.REPLACE).steps == tuple(Step)
    assert plan(replace(full, works=True)) == Plan(
        says="base works: a disk there is nearly full.", next=room
    )


@pytest.mark.parametrize(
    "seen",
    [replace(BASE, lets_in=False, open=True), replace(SILENT_NODE, conclusion="serving")],
    ids=["base", "node"],
)
def test_who_serves_is_not_broken_for_its_ssh(seen: MachineObservation) -> None:
    found = plan(seen, Step.REPLACE, dead=True)
    assert found.steps == ()
    assert (found.next or "").startswith("pulumi up --refresh")
    assert "sshCidrs" in (found.next or "")
    assert "--refresh" not in (plan(replace(seen, ec2=None, is_owners=True)).next or "")


def test_a_machine_of_ones_own_that_cannot_be_reached_is_its_owners() -> None:
    found = plan(replace(BASE, ec2=None, is_owners=True, lets_in=False))
    assert found.steps == ()
    assert found.next == "start it; then: uv run openvidu-enterprise repair base"


def test_an_instance_that_was_taken_over_is_started_and_stopped_by_its_owner() -> None:
    own = replace(RUNS, is_owners=True)
    base = replace(BASE, ec2=own, is_owners=True)
    # What is done inside is done there, too.
    assert plan(base).steps == (*INSIDE, Step.REBOOT)
    silent = replace(base, lets_in=False)
    stopped = plan(replace(silent, ec2=replace(own, state="stopped")), Step.REPLACE)
    assert stopped.steps == ()
    assert (stopped.next or "").startswith("aws ec2 start-instances --instance-ids i-0a")
    gone = plan(replace(silent, ec2=replace(own, state="terminated")), Step.REPLACE)
    assert gone.steps == ()
    assert (gone.next or "").startswith("pulumi destroy")
    node = replace(NODE, works=True, ec2=replace(own, events=RETIRES.events), is_owners=True)
    assert plan(node).steps == ()
    assert plan(node).next == (
        "uv run openvidu-enterprise retire --replace node-2, then: pulumi up"
    )
    # Nobody asks who is already in `repair` to type it.
    hangs = plan(replace(silent, ec2=replace(own, instance="impaired", events=RETIRES.events)))
    assert hangs.next == (
        "aws ec2 reboot-instances --instance-ids i-0a, then: uv run openvidu-enterprise repair base"
    )


def test_a_retirement_is_left_to_a_quiet_moment() -> None:
    base = replace(BASE, works=True, ec2=RETIRES)
    assert plan(base).steps == ()
    assert (
        plan(base).next
        == "at a quiet moment: uv run openvidu-enterprise repair base --to stop-start"
    )
    assert plan(base, Step.STOP_START).steps == (Step.STOP_START,)
    node = replace(NODE, works=True, ec2=RETIRES, conclusion="serving")
    assert plan(node, Step.STOP_START).steps == ()
    assert "retire node-2" in (plan(node).next or "")


def test_each_step_says_what_it_costs_in_calls() -> None:
    assert cost(Step.REBOOT, replace(BASE, calls=7)).startswith("reboot the machine: 7 calls of")
    assert cost(Step.SERVICES, BASE).endswith("it cuts no call")
    master = replace(BASE, name="master", calls=2)
    assert cost(Step.REBOOT, master).endswith("2 calls that go on there are cut")
    assert cost(Step.REBOOT, NODE).endswith("no call goes on there")
    serving = replace(NODE, conclusion="serving", calls=7)
    assert cost(Step.SERVICES, serving).endswith("what runs is left alone")
    assert "calls that go on there are cut" in cost(Step.REBOOT, SILENT_NODE)

"""From what an update printed, and its calls, to figures."""

from __future__ import annotations

from dataclasses import replace

import pytest

from lab.bench.drains import tap, waiting
from lab.bench.drains.figures import Drains
from lab.bench.drains.growth import changes, of_nodes
from lab.bench.drains.release import drains
from lab.bench.drains.updates import result
from lab.bench.figures import Cpu
from lab.bench.stopwatch import Measured
from lab.bench.trace import Note
from lab.calls.report import Call, Reconnection, Result
from lab.errors import LabError

UNIX = 1_700_000_000.0
CPU = Cpu(program=1, engine=1, providers=1, commands=1, cloud=1, machines=1)
NODE_3, NODE_4 = "10.5.0.8", "10.5.0.9"


def note(method: str, urn: str, start: float) -> Note:
    return Note("aws", 1, method, f"urn:pulumi:lab::p::{urn}", start, start + 1, 0.1, 0.0)


def call(name: str, node: str, end: float, result: Result = Result.ENDED) -> Call:
    return Call(name, UNIX, result, length=10, node_ip=node, end=UNIX + end)


UPDATE = Measured(
    started=100.0,
    wall=22.0,
    cpu=CPU,
    program_started=None,
    lines=[
        (103.0, "node-3-membership deleting (1s) node-3: takes no new sessions from now on"),
        (104.0, "node-4-membership deleting (1s) node-4: takes no new sessions from now on"),
        (116.0, "node-4: 10.5.0.9 is out of the load balancer; its machine may go"),
        (118.5, "node-3: 10.5.0.8 is out of the load balancer; its machine may go"),
    ],
    notes=[
        note("Delete", "command:local:Command::node-3-membership", 102.0),
        note("Delete", "aws:ec2/instance:Instance::node-3", 119.0),
        note("Delete", "aws:ec2/instance:Instance::node-4", 117.0),
    ],
)
CALLS = [
    call("1", NODE_3, 10.0),
    call("2", NODE_3, 12.0),
    call("3", NODE_4, 11.0),
    call("4", "10.5.0.6", 15.0),
]


def test_a_release_is_counted_from_the_last_call_of_the_nodes_that_leave() -> None:
    found = drains(UPDATE, CALLS, {NODE_3, NODE_4}, 10.0, UNIX)
    assert found == Drains(2, 10.0, last_call=12.0, let_go=18.5, deleted=17.0, wall=22.0)
    assert (found.release, found.until_deleted) == (6.5, 5.0)


def test_calls_that_ended_before_the_drain_say_nothing() -> None:
    early = [call("1", NODE_3, 2.0), call("3", NODE_4, 11.0)]
    with pytest.raises(LabError, match="Take longer calls"):
        drains(UPDATE, early, {NODE_3, NODE_4}, 10.0, UNIX)


def test_a_cut_call_is_an_error() -> None:
    with pytest.raises(LabError, match="end well"):
        drains(UPDATE, [*CALLS, call("5", NODE_3, 5.0, Result.CUT)], {NODE_3, NODE_4}, 10.0, UNIX)


def test_a_node_without_calls_is_an_error() -> None:
    with pytest.raises(LabError, match=NODE_4):
        drains(UPDATE, CALLS[:2], {NODE_3, NODE_4}, 10.0, UNIX)


def test_an_update_in_which_a_node_did_not_drain_is_an_error() -> None:
    with pytest.raises(LabError, match="expected 2 drains, found 2 begun and 1 over"):
        drains(replace(UPDATE, lines=UPDATE.lines[:3]), CALLS, {NODE_3, NODE_4}, 10.0, UNIX)


def test_only_calls_that_change_something_count_and_belong_to_a_node_by_its_name() -> None:
    notes = [
        note("Create", "openvidu-enterprise:index:Node$aws:ec2/instance:Instance::node-11", 1),
        note("Update", "command:remote:Command::node-1-start", 2),
        note("Delete", "command:local:Command::node-10-host-key", 3),
        note("Check", "command:remote:Command::node-2-start", 4),
        note("Update", "command:local:Command::nodes-joined", 5),
    ]
    assert len(changes(notes)) == 4
    others = of_nodes(changes(notes), ["node-1", "node-2", "node-10"])
    assert [one.urn.rpartition("::")[2] for one in others] == ["node-1-start", "node-10-host-key"]


def test_updates_count_breaks_of_held_sockets_and_calls_that_were_lost() -> None:
    back = Reconnection(UNIX + 5, 0.2, UNIX + 4)
    calls = [
        replace(call("1", NODE_3, 90), length=3600.0),
        replace(call("2", NODE_3, 90), length=3600.0, reconnections=(back,)),
        replace(call("3", NODE_4, 50, Result.CUT), length=3600.0),
        replace(call("4", NODE_4, 3), length=3.0),
        replace(call("5", NODE_4, 6, Result.REFUSED), length=3.0),
        replace(call("6", NODE_4, 9), length=3.0, tries=2),
    ]
    found = result(100, 150.0, {"requests": 12000, "failed": {"502": 2}}, calls)
    assert (found.requests, found.failed) == (12000, 2)
    assert (found.sockets, found.broken) == (6, 2)
    assert (found.calls, found.lost) == (3, 2)


HEADER = bytes(40)


@pytest.mark.parametrize(
    ("packet", "counts"),
    [
        (b"GET /openvidu/health HTTP/1.1\r\nUser-Agent: python-httpx/0.23\r\n\r\n", True),
        (b"PATCH /openvidu/api HTTP/1.1\r\nuser-agent: python-httpx/0.27\r\n\r\n", True),
        (
            b"GET / HTTP/1.0\r\nX-Forwarded-For: 1.2.3.4\r\nUser-Agent: python-httpx/0.23\r\n\r\n",
            False,
        ),
        (b"GET / HTTP/1.1\r\nUser-Agent: curl/7.88.1\r\n\r\n", False),
        (b"HTTP/1.1 200 OK\r\n\r\n", False),
        (b"", False),
    ],
)
def test_the_tap_counts_requests_of_the_membership_program(packet: bytes, counts: bool) -> None:
    assert tap.is_own_request(HEADER + packet) is counts


@pytest.mark.parametrize(
    ("command", "part"),
    [
        ("/p/python -m lab.engine up --yes", waiting.ENGINE),
        ("/p/pulumi up --yes", waiting.ENGINE),
        ("/p/python -m lab.bench.traced_provider 127.0.0.1:1", "providers"),
        ("/p/pulumi-resource-aws 127.0.0.1:1", "providers"),
        ("ssh -F none -T -l ubuntu", "SSH and its shell"),
        ("bash -c set -uo pipefail ssh-add -q", "SSH and its shell"),
    ],
)
def test_processes_of_the_operator_are_told_apart(command: str, part: str) -> None:
    assert waiting.part_of(command) == part

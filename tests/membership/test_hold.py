"""A machine goes only when nobody is led there, whatever the state knows of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from membership.answers import Answers, Unreachable
from membership.context import Run
from membership.drain import Outcome, drain, remove
from membership.drain_queue import leave_for_good
from membership.errors import MembershipError
from membership.hold import Held, release
from membership.join import announce
from membership.ownership import claim, is_newest
from membership.policy import Policy
from membership.registry import Phase, Way
from membership.witnesses import Word
from tests.membership.worlds import BUSY, NODE, OTHER, RUN, scene

INSTANCE = replace(NODE, way=Way(instance="arn:aws:ec2:eu-west-1:1:instance/i-2"))


def test_a_machine_that_has_left_goes(tmp_path: Path) -> None:
    context = scene(tmp_path, [])
    context.load_balancer.node_ips = ("10.5.0.6",)
    for phase in (None, Phase.STARTING, Phase.LEFT):
        if phase:
            context.record(2, phase=phase)
        else:
            context.registry.change(NODE.ip, lambda _: None)
        assert release(INSTANCE, RUN, context.context) is Held.FREE


def test_one_that_runs_and_that_a_new_base_does_not_know_is_drained_first(tmp_path: Path) -> None:
    context = scene(tmp_path, [([BUSY, OTHER], Answers(200))])
    context.registry.change(NODE.ip, lambda _: None)
    context.cluster.media_nodes()
    context.load_balancer.node_ips = ("10.5.0.6",)
    assert release(INSTANCE, RUN, context.context) is Held.JOINED


def test_one_whose_calls_were_to_be_cut_goes_though_it_runs(tmp_path: Path) -> None:
    context = scene(tmp_path, [([BUSY, OTHER], Answers(200))])
    context.policy = Policy(limit=timedelta(seconds=10), force=True)
    leave_for_good(INSTANCE, context.context)
    assert drain(INSTANCE, RUN, context.context) is Outcome.GONE
    remove(INSTANCE, RUN, context.context)
    assert context.registry.get(NODE.ip) is None
    assert release(INSTANCE, RUN, context.context) is Held.FREE


@pytest.mark.parametrize("phase", [Phase.SERVING, Phase.DRAINING])
def test_one_that_has_joined_is_drained_first(tmp_path: Path, phase: Phase) -> None:
    context = scene(tmp_path, [])
    context.load_balancer.node_ips = ()
    context.record(2, phase=phase)
    assert release(INSTANCE, RUN, context.context) is Held.JOINED


def test_one_whose_join_ended_once_its_address_was_in_is_drained_first(tmp_path: Path) -> None:
    context = scene(tmp_path, [])
    context.record(2, phase=Phase.STARTING)
    assert NODE.ip in context.load_balancer.node_ips
    assert release(INSTANCE, RUN, context.context) is Held.JOINED


def test_whoever_still_brings_it_in_stops(tmp_path: Path) -> None:
    context = scene(tmp_path, [])
    context.load_balancer.node_ips = ()
    context.record(2, phase=Phase.STARTING)
    claim(NODE, Run("a join"), context.context)
    may = is_newest(NODE, Run("a join"), context.context)
    assert release(INSTANCE, RUN, context.context) is Held.FREE
    with pytest.raises(MembershipError, match="This run stops"):
        may()
    assert context.registry.get(NODE.ip) is None


def test_one_that_is_just_brought_in_is_drained_first(tmp_path: Path) -> None:
    """Its address is in once the list isn't edited any more."""
    context = scene(tmp_path, [])
    context.load_balancer.node_ips = ()
    context.record(2, phase=Phase.STARTING)
    remove = context.load_balancer.remove

    def late(ip: str, *, purpose: str, may: Callable[[], bool]) -> bool:
        context.load_balancer.node_ips = (NODE.ip,)
        return remove(ip, purpose=purpose, may=may)

    context.load_balancer.remove = late  # type: ignore[method-assign]
    assert release(INSTANCE, RUN, context.context) is Held.JOINED
    assert not context.done


def test_an_address_at_which_another_instance_serves_stays(tmp_path: Path) -> None:
    context = scene(tmp_path, [])
    context.record(2, identity="i-new")
    with pytest.raises(MembershipError, match="is the address of i-new by now") as refused:
        release(INSTANCE, RUN, context.context)
    assert "Nothing was removed" in str(refused.value)
    assert "openvidu-enterprise recover-state" in str(refused.value)


def test_an_instance_that_is_gone_goes_for_the_one_that_takes_its_place(tmp_path: Path) -> None:
    """Its address is in the load balancer still, and the new one is announced."""
    context = scene(tmp_path, [])
    announce(replace(NODE, identity="i-new"), Way(), context.context)
    assert NODE.ip in context.load_balancer.node_ips
    assert release(INSTANCE, RUN, context.context) is Held.FREE


def test_a_host_whose_address_another_one_has_goes(tmp_path: Path) -> None:
    context = scene(tmp_path, [])
    context.record(2, identity="10.5.0.7 SHA256:new", way=Way("203.0.113.9", "ssh-ed25519 AAAB"))
    host = replace(NODE, way=Way("203.0.113.7", "ssh-ed25519 AAAA"))
    assert release(host, RUN, context.context) is Held.FREE


def test_a_dead_instance_makes_room_for_the_one_in_its_place(tmp_path: Path) -> None:
    """As an update that looks does it: it goes, then the new one is announced."""
    context = scene(tmp_path, [([OTHER], Unreachable("no route"))])
    asking = replace(RUN, asks=True)
    assert release(INSTANCE, asking, context.context) is Held.JOINED
    leave_for_good(INSTANCE, context.context)
    context.says(machine=(Word.UNKNOWN, ""), aws=(Word.STOPPED, "i-2 is terminated"))
    assert drain(INSTANCE, asking, context.context) is Outcome.GONE
    remove(INSTANCE, asking, context.context)
    assert context.done == ["remove 10.5.0.7"]
    new = replace(NODE, identity="i-new")
    announce(new, Way(), context.context)
    assert drain(INSTANCE, asking, context.context) is Outcome.GONE
    remove(INSTANCE, asking, context.context)
    record = context.registry.get(NODE.ip)
    assert record is not None
    assert (record.identity, record.phase, record.leaving) == ("i-new", Phase.STARTING, False)
    assert release(replace(new, way=INSTANCE.way), RUN, context.context) is Held.FREE

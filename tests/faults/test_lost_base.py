"""A base that AWS has no more, and what the update that makes it anew does besides.

Who leaves in that update is drained by what the last one knew: the old base's SSH host key, and
the SSH key of then.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.updates import Blow, Update, says, strike
from tests.lab.conftest import REFERENCE, Lab, deployed
from tests.lab.walking import walk
from tests.lab.watching import numbers, require, scale

pytestmark = [pytest.mark.lab, pytest.mark.matrix, pytest.mark.xdist_group("lost-base")]


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    with deployed("lost-base", engine=REFERENCE) as lab:
        yield lab


_LOSE_ADDRESS = """
import boto3
ec2 = boto3.client("ec2", region_name="eu-west-1")
for address in ec2.describe_addresses()["Addresses"]:
    if any(tag["Value"].endswith("-base") for tag in address["Tags"]):
        ec2.disassociate_address(AssociationId=address["AssociationId"])
        ec2.release_address(AllocationId=address["AllocationId"])
        # Somebody else has it from now on.
        ec2.allocate_address(Domain="vpc")
"""


def lose_base(lab: Lab) -> None:
    lab.ok("fault", "set", "lose-host", "host=base", "how=terminate")


def set_up_again(lab: Lab) -> str:
    """What the runbook names for it."""
    return lab.ok("up", "--refresh")


def test_a_node_leaves_the_base_that_takes_its_place(lab: Lab) -> None:
    scale(lab, 3)
    lose_base(lab)
    lab.ok("config", "set", "nodeCount", "2")
    printed = set_up_again(lab)
    assert "the base was replaced; its present SSH host key is known" in printed
    require(lab, 1, 2)


def test_a_node_leaves_a_base_that_has_another_address(lab: Lab) -> None:
    before = numbers(lab)
    scale(lab, len(before) + 1)
    lab.ok("run", "--", "python", "-c", _LOSE_ADDRESS)
    lab.ok("config", "set", "nodeCount", str(len(before)))
    assert "the base has another address by now" in set_up_again(lab)
    require(lab, *before)


def test_a_node_is_replaced_in_the_same_update(lab: Lab) -> None:
    *stay, leaves = numbers(lab)
    lose_base(lab)
    lab.ok("config", "set", "--path", "retiredNodes[0]", str(leaves))
    set_up_again(lab)
    require(lab, *stay, leaves + 1)


def test_a_node_leaves_though_the_new_base_knows_the_new_ssh_key_only(lab: Lab) -> None:
    before = numbers(lab)
    scale(lab, len(before) + 1)
    lab.ok("run", "--", "python", "-m", "scripts.rotate_ssh_key")
    lose_base(lab)
    lab.ok("config", "set", "nodeCount", str(len(before)))
    set_up_again(lab)
    require(lab, *before)
    lab.ok("run", "--", "python", "-m", "scripts.rotate_ssh_key", "--finish")
    assert set(lab.json("preview", "--json")["changeSummary"]) == {"same"}


def test_an_update_that_ended_before_the_new_base_was_started_is_carried_on(
    lab: Lab, tmp_path: Path
) -> None:
    before = numbers(lab)
    lose_base(lab)
    # It would wait for calls on a base that runs.
    lab.ok("config", "set", "--secret", "openviduSecret", uuid.uuid4().hex)
    with Update(lab, tmp_path, "--refresh") as update:
        update.wait_until(says("base-install created"))
        strike(update, Blow.KILL)
    way = walk(lab, "base")
    way.go()
    assert way.typed == ["pulumi up"], way
    require(lab, *before)


def test_a_destroy_without_a_base_says_at_once_what_comes_first(lab: Lab) -> None:
    before = numbers(lab)
    lose_base(lab)
    refused = lab.run("destroy")
    assert refused.status != 0
    assert "is gone: AWS has the stack's other machines" in refused.out + refused.err
    set_up_again(lab)
    require(lab, *before)


def test_nodes_that_know_the_old_base_are_destroyed_by_way_of_the_new_one(
    lab: Lab, tmp_path: Path
) -> None:
    lose_base(lab)
    with Update(lab, tmp_path, "--refresh") as update:
        update.wait_until(says("base-start created"))
        strike(update, Blow.KILL)
    lab.ok("destroy")
    assert not [one for one in lab.supervisor.control.hosts() if one.running]

"""EC2 instances that were taken over are lost, one by one: what is said first brings each back."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import pytest

from tests.lab.by_the_page import Owned, owned_cluster
from tests.lab.conftest import Lab
from tests.lab.test_adopting_on_aws import NAMED, running
from tests.lab.walking import BREAKS, Walk
from tests.lab.watching import require_well, served

pytestmark = [pytest.mark.lab, pytest.mark.matrix, pytest.mark.xdist_group("adopted-losses")]


@pytest.fixture(scope="module")
def owned() -> Iterator[Owned]:
    with owned_cluster("adopted-losses") as owned:
        for key, value in (("machines", "aws"), ("aws:region", "eu-west-1")):
            owned.lab.ok("config", "set", key, value)
        done = owned.adopt("--ssh-cidr", "198.51.100.0/24", *NAMED)
        assert done.returncode == 0, done.stdout + done.stderr
        owned.lab.ok("up")
        yield owned


def at_aws(lab: Lab, name: str, action: str) -> None:
    """What the owner does with a machine at AWS, as its command would."""
    (host,) = (one for one in lab.supervisor.control.hosts() if one.name.endswith(f"-{name}"))
    asked = f"""
import boto3
ec2 = boto3.client("ec2", region_name="eu-west-1")
ec2.{action}_instances(InstanceIds=["{host.instance_id}"])
"""
    lab.ok("run", "--", "python", "-c", asked)


@pytest.mark.parametrize("how", ["stop", "crash", "Docker dead", "OpenVidu dead"])
@pytest.mark.parametrize("name", ["base", "node-2"])
def test_one_that_is_lost_is_brought_back(owned: Owned, name: str, how: str) -> None:
    lab = owned.lab
    BREAKS[how](lab, name)
    walk = Walk(
        lab,
        {
            f"aws ec2 {action}-instances": partial(at_aws, lab, name, action)
            for action in ("start", "reboot")
        },
    )
    walk.go()
    require_well(lab)
    assert [*running(lab)] == owned.names, walk


def test_one_that_is_to_retire_or_is_gone_is_replaced_by_one_that_aws_makes(owned: Owned) -> None:
    lab, retires, gone = owned.lab, owned.hosts[1]["privateIp"], owned.hosts[2]["privateIp"]
    lab.ok("fault", "set", "retire-host", "--on", "node-1")
    walk = Walk(lab)
    walk.go()
    assert retires not in served(lab), walk
    # It's its owner's.
    assert [*running(lab)] == [*owned.names, "node-4"]
    lab.ok("fault", "clear")

    BREAKS["terminate"](lab, "node-2")
    walk = Walk(lab)
    walk.go()
    require_well(lab)
    assert [*running(lab)] == ["base", "node-1", "node-3", "node-4", "node-5"], walk
    assert len(served(lab)) == len(owned.hosts) - 1
    assert gone not in served(lab)
    lab.ok("destroy")
    assert [*running(lab)] == ["base", "node-1", "node-3"]

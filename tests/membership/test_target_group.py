"""The load balancer of AWS: who joins is healthy before it counts, who leaves has left."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from membership.target_group import LEAVES_WITHIN, TargetGroup, TargetGroupError
from tests.membership.worlds import VirtualClock

ARN = "arn:aws:elasticloadbalancing:eu-west-1:123456789012:targetgroup/nodes/1"


class ElasticLoadBalancing:
    """Targets that go through states, one with each look."""

    def __init__(self, **coming: Sequence[str]) -> None:
        self.targets: dict[str, list[str]] = {}
        self.calls: list[str] = []
        self._coming = coming
        self.refuses = False

    def register_targets(self, **given: Any) -> None:
        assert given["TargetGroupArn"] == ARN
        assert [one["Port"] for one in given["Targets"]] == [4443]
        if self.refuses:
            raise ClientError({"Error": {"Code": "AccessDenied", "Message": "no"}}, "Register")
        ip = given["Targets"][0]["Id"]
        self.calls.append(f"register {ip}")
        if self.targets.get(ip, ["draining"])[0] == "draining":
            self.targets[ip] = list(self._coming["joining"])

    def deregister_targets(self, **given: Any) -> None:
        ip = given["Targets"][0]["Id"]
        self.calls.append(f"deregister {ip}")
        self.targets[ip] = list(self._coming["leaving"])

    def describe_target_health(self, **given: Any) -> dict[str, Any]:
        shown = []
        for ip, states in list(self.targets.items()):
            state = states[0] if len(states) == 1 else states.pop(0)
            if state == "gone":
                del self.targets[ip]
            else:
                shown.append({"Target": {"Id": ip}, "TargetHealth": {"State": state}})
        return {"TargetHealthDescriptions": shown}


def group(client: ElasticLoadBalancing, folder: Path, said: list[str] | None = None) -> TargetGroup:
    say = (said if said is not None else []).append
    return TargetGroup(ARN, lock=folder / "lock", client=client, say=say, clock=VirtualClock())


def test_a_node_counts_when_it_is_healthy_and_no_more_when_it_has_left(tmp_path: Path) -> None:
    said: list[str] = []
    client = ElasticLoadBalancing(
        joining=["initial", "initial", "healthy"], leaving=["draining", "draining", "gone"]
    )
    targets = group(client, tmp_path, said)
    targets.add("10.5.0.6", purpose="node-1 joins")
    assert targets.node_ips == ("10.5.0.6",)
    targets.remove("10.5.0.6", purpose="node-1 leaves")
    assert targets.node_ips == ()
    assert said == [
        "node-1 joins: target 10.5.0.6 is initial",
        "node-1 leaves: target 10.5.0.6 is draining",
    ]


def test_a_target_that_leaves_is_no_member(tmp_path: Path) -> None:
    client = ElasticLoadBalancing(leaving=[])
    client.targets = {"10.5.0.6": ["healthy"], "10.5.0.7": ["draining"], "10.5.0.8": ["initial"]}
    assert group(client, tmp_path).node_ips == ("10.5.0.6", "10.5.0.8")


def test_done_twice_it_does_no_harm(tmp_path: Path) -> None:
    client = ElasticLoadBalancing(joining=["healthy"], leaving=["gone"])
    targets = group(client, tmp_path)
    for _ in range(2):
        targets.add("10.5.0.6", purpose="test")
    for _ in range(2):
        targets.remove("10.5.0.6", purpose="test")
    assert client.calls == ["register 10.5.0.6", "register 10.5.0.6", "deregister 10.5.0.6"]


@pytest.mark.parametrize(("joining", "shown"), [("unhealthy", "unhealthy"), ("gone", "not reg")])
def test_who_does_not_become_healthy_has_not_joined(
    tmp_path: Path, joining: str, shown: str
) -> None:
    client = ElasticLoadBalancing(joining=[joining])
    with pytest.raises(TargetGroupError, match=f"target 10.5.0.6 is still {shown}"):
        group(client, tmp_path).add("10.5.0.6", purpose="node-1 joins")


def test_who_does_not_leave_keeps_its_machine(tmp_path: Path) -> None:
    client = ElasticLoadBalancing(leaving=["draining"])
    client.targets = {"10.5.0.6": ["healthy"]}
    with pytest.raises(TargetGroupError, match=f"still draining after {LEAVES_WITHIN}"):
        group(client, tmp_path).remove("10.5.0.6", purpose="node-1 leaves")


def test_what_aws_refuses_is_told(tmp_path: Path) -> None:
    client = ElasticLoadBalancing()
    client.refuses = True
    with pytest.raises(TargetGroupError, match=r"node-1 joins: AWS answers: .*AccessDenied"):
        group(client, tmp_path).add("10.5.0.6", purpose="node-1 joins")

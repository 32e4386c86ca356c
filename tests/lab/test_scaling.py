"""Nodes come and go under load, and no call is cut."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator

import pytest

from tests.lab.conftest import REFERENCE, Completed, Lab, deployed
from tests.lab.watching import calls, nodes, require, require_allowed, scale, served

pytestmark = [pytest.mark.lab, pytest.mark.xdist_group("scaling")]


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    with deployed("scaling", engine=REFERENCE) as lab:
        # A node has an Elastic IP: AWS's quota is five, and this is about more.
        lab.ok("fault", "set", "quota", "addresses=10")
        yield lab


TERMINATE = """
import sys, boto3
ec2 = boto3.client("ec2", "eu-west-1")
ec2.terminate_instances(InstanceIds=[sys.argv[1]])
"""


def terminate(lab: Lab, host: str) -> None:
    """Terminate a machine through AWS, behind the deployment's back."""
    (instance,) = (
        machine.instance_id
        for machine in lab.supervisor.control.hosts()
        if machine.name.endswith(f"-{host}") and machine.running
    )
    lab.ok("run", "--", sys.executable, "-c", TERMINATE, instance)


WEBHOOKS = """
cat >/tmp/webhooks.py <<'PROGRAM'
import http.server, socket
class Webhook(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        with open("/tmp/told", "ab") as file:
            file.write(self.rfile.read(int(self.headers["Content-Length"])) + b"\\n")
        self.send_response(204)
        self.end_headers()
hangs = socket.create_server(("127.0.0.1", 8099))
http.server.HTTPServer(("127.0.0.1", 8098), Webhook).serve_forever()
PROGRAM
: >/tmp/told
setsid python3 /tmp/webhooks.py </dev/null >/dev/null 2>&1 &
"""
"""One that keeps what it's told, and one that never answers."""


def told(lab: Lab) -> list[tuple[str, str]]:
    """Events that the first one was told, with their node."""
    events = map(json.loads, lab.on("base", "cat /tmp/told").splitlines())
    return sorted((event["node"], event["event"]) for event in events)


def test_a_node_is_added_and_removed_without_cutting_a_call(lab: Lab) -> None:
    lab.on("base", WEBHOOKS)
    for place, webhook in enumerate(("slack=http://127.0.0.1:8099", "json=http://127.0.0.1:8098")):
        path = ("--path", f"notify[{place}]", webhook)
        lab.ok("run", "--", "pulumi", "config", "set", "--secret", *path)
    with calls(lab, "5s..12s"):
        scale(lab, 3)
        require(lab, 1, 2, 3)
        printed = scale(lab, 2)
    require(lab, 1, 2)
    assert "127.0.0.1:809" not in printed
    events = [("node-3", name) for name in ("drain-began", "drain-ended", "joined")]
    lab.wait_until(lambda: told(lab) == events)
    steps = (
        "node-3 leaves: it carries",
        "node-3: takes no new sessions from now on",
        "node-3: has left the cluster",
        "node-3: 10.5.0.8 is out of the load balancer; its machine may go",
        "Instance node-3 deleting",
    )
    places = [printed.index(step) for step in steps]
    assert places == sorted(places)


SUBSCRIBED = """
import boto3
sns, sqs = (boto3.client(name, "us-east-1") for name in ("sns", "sqs"))
topic = sns.create_topic(Name="on-call")["TopicArn"]
queue = sqs.create_queue(QueueName="on-call")["QueueUrl"]
found = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])
sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=found["Attributes"]["QueueArn"])
print(topic)
"""
"""A topic in another region, and a queue that gets what is published there."""

RECEIVED = """
import boto3, json
sqs = boto3.client("sqs", "us-east-1")
url = sqs.get_queue_url(QueueName="on-call")["QueueUrl"]
found = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", [])
print(json.dumps([json.loads(json.loads(one["Body"])["Message"]) for one in found]))
"""


@pytest.mark.matrix
def test_a_topic_of_aws_is_told_of_updates_and_by_the_base_s_own_role_of_nodes(lab: Lab) -> None:
    topic = lab.ok("run", "--", sys.executable, "-c", SUBSCRIBED).split()[-1]
    path = ("--path", "notify[0]", f"sns={topic}")
    lab.ok("run", "--", "pulumi", "config", "set", "--secret", *path)
    scale(lab, 3)
    scale(lab, 2)
    came: list[tuple[str, str]] = []

    def is_told() -> bool:
        found = json.loads(lab.ok("run", "--", sys.executable, "-c", RECEIVED).splitlines()[-1])
        came.extend((event["node"], event["event"]) for event in found)
        return len(came) >= 5

    lab.wait_until(is_told)
    assert sorted(came) == [
        *(("node-3", name) for name in ("drain-began", "drain-ended", "joined")),
        *[("update", "update-began")] * 2,
    ]


@pytest.mark.slow
def test_several_nodes_drain_at_once(lab: Lab) -> None:
    scale(lab, 4)
    with calls(lab, "8s..10s"):
        printed = scale(lab, 2)
    require(lab, 1, 2)
    began = [printed.index(f"node-{n}: takes no new sessions") for n in (3, 4)]
    left = [printed.index(f"node-{n}: has left the cluster") for n in (3, 4)]
    assert max(began) < min(left)


@pytest.mark.matrix
def test_an_answer_that_drips_holds_no_drain_up(lab: Lab) -> None:
    scale(lab, 3)
    lab.ok("fault", "set", "api", "answer=drip", "times=3", "--on", "node-1")
    assert "node-3: has left the cluster" in scale(lab, 2)
    # It has struck as often as it was to.
    assert not lab.ok("fault", "list", "--on", "node-1")
    require(lab, 1, 2)


@pytest.mark.slow
def test_replaced_nodes_go_one_after_the_other(lab: Lab) -> None:
    lab.ok("config", "set", "nodeInstanceType", "c5.4xlarge")
    with calls(lab, "5s..12s"):
        previewed = lab.ok("preview")
        printed = lab.ok("up")
    for node in ("node-1", "node-2"):
        assert f"{node} is replaced (c5.2xlarge to c5.4xlarge): it carries" in previewed
    assert printed.index("node-1: 10.5.0.6 is in the load balancer") < printed.index(
        "node-2: takes no new sessions from now on"
    )
    require(lab, 1, 2)


def test_a_rebooted_base_serves_the_same_nodes(lab: Lab) -> None:
    base = next(h for h in lab.supervisor.control.hosts() if h.name.endswith("-base"))
    lab.supervisor.control.reboot_host(base.instance_id)
    lab.wait_until(lambda: served(lab) == ["10.5.0.6", "10.5.0.7"])
    lab.wait_until(lambda: len(nodes(lab)) == 2)
    require(lab, 1, 2)


@pytest.mark.matrix
def test_a_machine_that_was_removed_is_replaced_and_its_calls_are_not_waited_for(lab: Lab) -> None:
    terminate(lab, "node-2")
    lab.ok("up", "--refresh")
    require(lab, 1, 2)


def test_a_node_whose_openvidu_was_stopped_is_brought_back(lab: Lab) -> None:
    lab.on("node-2", "cd /opt/openvidu && ./openvidu stop")
    assert "node-2 is out of service and will be brought back" in lab.ok("preview")
    lab.ok("up")
    require(lab, 1, 2)


@pytest.mark.matrix
def test_the_last_serving_node_is_not_replaced(lab: Lab) -> None:
    scale(lab, 1)
    require(lab, 1)
    lab.ok("config", "set", "nodeInstanceType", "m5.2xlarge")
    assert "draining it will be refused" in lab.ok("preview")
    refused: Completed = lab.run("up")
    assert refused.status != 0
    assert "node-1: draining refused: it is the last node that serves" in refused.out
    assert "pulumi config set drainLastNode true" in refused.out
    assert served(lab) == ["10.5.0.6"]
    lab.ok("config", "set", "nodeCount", "2")
    lab.ok("up")
    require(lab, 1, 2)


@pytest.mark.matrix
def test_a_call_that_never_ends_keeps_its_machine_until_it_is_forced(lab: Lab) -> None:
    scale(lab, 3)
    lab.ok("config", "set", "drainTimeout", "10s")
    lab.ok("calls", "start", "--media", "0", "--count", "6", "--length", "10m")
    lab.ok("config", "set", "nodeCount", "2")
    failed = lab.run("up")
    assert failed.status != 0
    assert re.search(r"still waiting for \d calls? with \d+ participants?, the oldest", failed.out)
    assert "openvidu-enterprise abort-drain node-3" in failed.out
    live = lab.json("calls", "report", "--json")
    assert live["live"] == live["started"] == 6
    assert "node-3" in lab.json("status", "--json")["hosts"]
    lab.ok("config", "set", "forceAfterDrainTimeout", "true")
    forced = lab.ok("up")
    assert "forceAfterDrainTimeout is set; cutting" in forced
    lab.ok("config", "set", "drainTimeout", "6h")
    lab.ok("config", "set", "forceAfterDrainTimeout", "false")
    lab.ok("up")
    require(lab, 1, 2)
    assert {
        call["node"]
        for call in lab.json("calls", "report", "--json")["calls"]
        if call["result"] == "cut"
    } == {"node-3"}
    lab.ok("calls", "stop", "--now")
    lab.ok("calls", "wait")


def test_destroy_drains_the_last_nodes_too_and_leaves_nothing(lab: Lab) -> None:
    printed = lab.ok("destroy")
    for name in ("node-1", "node-2"):
        assert f"{name}: takes no new sessions from now on" in printed
        assert printed.index(f"{name}: has left the cluster") < printed.index(
            f"Instance {name} deleting"
        )
    assert lab.json("status", "--json")["hosts"] == {}
    assert "resources" not in lab.json("state")["deployment"]
    require_allowed(lab, "ha")

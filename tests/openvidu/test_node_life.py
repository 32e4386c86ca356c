"""Nodes that come and go: start, drain, crash, reboot, recordings, webhooks."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from lab.openvidu import faults
from lab.openvidu.faults import Fault
from lab.openvidu.testing.cluster import (
    BASE_IP,
    BUCKET,
    NODE_ENV,
    S3_SECRET_KEY,
    Cluster,
    install,
    run,
    write_env,
)
from openvidu import api, environment
from openvidu.release import BASE, NODE
from tests.openvidu.calls import joined, names, open_session, sessions_on
from tests.openvidu.hook import URL, Inbox

pytestmark = [pytest.mark.lab, pytest.mark.xdist_group("openvidu-life")]
NODES = ("10.5.0.6",)
STAYING = NODES[0]
RECORDING = {
    "OPENVIDU_RECORDING": True,
    "OPENVIDU_PRO_AWS_S3_BUCKET": BUCKET,
    "OPENVIDU_PRO_AWS_S3_SERVICE_ENDPOINT": f"http://{BASE_IP}:9000",
    "OPENVIDU_PRO_AWS_ACCESS_KEY": "minioadmin",
    "OPENVIDU_PRO_AWS_SECRET_KEY": S3_SECRET_KEY,
    "OPENVIDU_WEBHOOK": True,
    "OPENVIDU_WEBHOOK_ENDPOINT": URL,
}
"""The page's two examples of POST /openvidu/api/restart."""


@pytest.fixture(scope="module")
def inbox(running_cluster: Cluster) -> Iterator[Inbox]:
    """Where the cluster's webhooks arrive; recording is enabled too."""
    made = Inbox(running_cluster.world)
    answer = running_cluster.call("POST", api.RESTART, RECORDING)
    assert answer.status_code == 200
    running_cluster.wait_for(lambda: bool(made.of_kind("HANodeRegistered")), "the restart")
    yield made
    made.close()


def is_listed(cluster: Cluster, ip: str) -> bool:
    return api.node_id(ip) in cluster.health()["nodes"]


def has_stopped(cluster: Cluster, ip: str) -> bool:
    return cluster.nodes[ip].run("docker ps -aq").stdout == ""


def test_a_restart_through_the_api_changes_every_nodes_configuration(
    cluster: Cluster, inbox: Inbox
) -> None:
    assert inbox.of_kind("HANodeDeregistered")
    env = cluster.nodes[STAYING].run(f"cat {NODE.folder}/.env").stdout
    assert environment.parse(env)["OPENVIDU_RECORDING"] == "true"
    assert cluster.call("GET", api.CONFIG).json()["OPENVIDU_RECORDING"] == "true"


def test_a_new_node_takes_the_buckets_configuration_and_keeps_its_address(
    cluster: Cluster, inbox: Inbox
) -> None:
    ip = "10.5.0.10"
    host = cluster.add_node(ip, OPENVIDU_ENTERPRISE_MEDIA_SERVER="kurento", HTTPS_PORT="8443")
    env = environment.parse(host.run(f"cat {NODE.folder}/.env").stdout)
    assert env[environment.NODE_PRIVATE_IP] == ip
    assert (env["OPENVIDU_ENTERPRISE_MEDIA_SERVER"], env["HTTPS_PORT"]) == ("mediasoup", "443")
    registered = inbox.of_kind("HANodeRegistered")[-1]
    assert (registered["nodeId"], registered["ip"]) == (f"master_{ip}", ip)
    assert isinstance(registered["timestamp"], int)
    cluster.lose(ip)


def test_a_node_without_sessions_goes_at_once(cluster: Cluster, inbox: Inbox) -> None:
    ip = "10.5.0.11"
    host = cluster.add_node(ip)
    assert cluster.drain(ip).status_code == 200
    cluster.wait_for(lambda: not is_listed(cluster, ip), "the node to leave")
    cluster.wait_for(lambda: has_stopped(cluster, ip), "the node's processes to end")
    assert inbox.of_kind("HANodeDeregistered")[-1]["ip"] == ip
    changes = [e for e in inbox.of_kind("mediaNodeStatusChanged") if e["ip"] == ip]
    assert [e["newStatus"] for e in changes] == ["waiting-idle-to-terminate", "terminated"]
    assert not cluster.node_answers(ip)
    assert run(host, NODE, "restart")
    cluster.wait_for(lambda: is_listed(cluster, ip), "the node to come back")
    cluster.lose(ip)


def test_a_drained_node_keeps_its_calls_and_takes_no_new_ones(
    cluster: Cluster, inbox: Inbox
) -> None:
    ip = "10.5.0.12"
    host = cluster.add_node(ip)
    cluster.balance(STAYING, ip)
    open_session(cluster, "kept", ip=ip)
    with joined(cluster, "kept") as socket:
        assert cluster.drain(ip).status_code == 200
        assert cluster.drain(ip).status_code == 204
        media_node = cluster.media_node(ip)
        assert media_node is not None
        back = {"status": api.RUNNING}
        path = f"{api.MEDIA_NODES}/{media_node['id']}"
        assert cluster.call("PATCH", path, back).status_code == 400
        for number in range(4):
            open_session(cluster, f"new-{number}", ip=ip)
        assert sessions_on(cluster, ip) == ["kept"]
        with joined(cluster, "kept"):
            assert cluster.media_node(ip) is not None
        socket.send('{"id": 1, "method": "ping"}')
        assert "pong" in str(socket.recv(timeout=3))
    cluster.wait_for(lambda: not is_listed(cluster, ip), "the node to leave")
    cluster.wait_for(lambda: has_stopped(cluster, ip), "the node's processes to end")
    assert host.run("ss -tlnH").stdout == ""
    assert cluster.call("GET", f"{api.MEDIA_NODES}/{media_node['id']}").status_code == 404
    cluster.balance(STAYING)
    for name in names(cluster):
        cluster.call("DELETE", f"{api.SESSIONS}/{name}")
    cluster.lose(ip)


def test_without_a_running_node_new_sessions_are_refused(cluster: Cluster, inbox: Inbox) -> None:
    open_session(cluster, "last")
    with joined(cluster, "last"):
        assert cluster.drain(STAYING).status_code == 200
        assert cluster.call("POST", api.SESSIONS, {}).status_code == 503
    cluster.wait_for(lambda: has_stopped(cluster, STAYING), "the node's processes to end")
    run(cluster.nodes[STAYING], NODE, "restart")
    cluster.wait_for(lambda: is_listed(cluster, STAYING), "the node to come back")


def test_a_crashed_node_is_missed(cluster: Cluster, inbox: Inbox) -> None:
    ip = "10.5.0.13"
    host = cluster.add_node(ip)
    open_session(cluster, "lost", ip=ip)
    cluster.lose(ip)
    cluster.wait_for(lambda: not is_listed(cluster, ip), "the node to be missed")
    cluster.wait_for(lambda: bool(inbox.of_kind("nodeCrashed")), "nodeCrashed")
    crashed = [event for event in inbox.of_kind("nodeCrashed") if event["ip"] == ip]
    assert [(e["id"], e["nodeRole"]) for e in crashed] == [(f"master_{ip}", "masternode")]
    assert crashed[0]["sessionIds"] == ["lost"]
    assert inbox.of_kind("sessionDestroyed")[-1]["reason"] == "nodeCrashed"
    assert "lost" not in names(cluster)


def test_stopping_a_node_cuts_its_calls_and_removes_the_media_containers(
    cluster: Cluster, inbox: Inbox
) -> None:
    ip = "10.5.0.14"
    host = cluster.add_node(ip)
    open_session(cluster, "cut", ip=ip)
    assert "media-server" in host.run("docker ps").stdout
    run(host, NODE, "stop")
    assert not is_listed(cluster, ip)
    assert has_stopped(cluster, ip)
    cluster.lose(ip)


def test_a_node_comes_back_after_a_reboot_with_its_old_environment(
    cluster: Cluster, inbox: Inbox
) -> None:
    ip = "10.5.0.15"
    host = cluster.add_node(ip)
    env = host.run(f"cat {NODE.folder}/.env").stdout
    write_env(host, NODE, {**environment.parse(env), environment.OPENVIDU_SECRET: "another"})
    host.reboot()
    cluster.wait_for(lambda: cluster.node_answers(ip), "the node after its reboot")
    cluster.wait_for(lambda: is_listed(cluster, ip), "the node in the list")
    assert cluster.call("GET", api.HEALTH, ip=ip).status_code == 200
    cluster.lose(ip)


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({environment.S3_SECRET_KEY: "wrongwrong"}, "unable to connect to S3 bucket"),
        ({environment.S3_BUCKET: "nowhere"}, "unable to connect to S3 bucket nowhere"),
        ({environment.REDIS_PASSWORD: "wrong"}, "unable to connect to Redis server 10.5.0.5:6379"),
        ({environment.NODE_PRIVATE_IP: ""}, "is empty"),
    ],
)
def test_a_node_that_cannot_reach_its_services_does_not_start(
    cluster: Cluster, inbox: Inbox, changed: dict[str, str], said: str
) -> None:
    ip = "10.5.0.16"
    if ip not in cluster.nodes:
        cluster.nodes[ip] = cluster.world.host("node16", ip)
        install(cluster.nodes[ip], NODE)
    host = cluster.nodes[ip]
    # Its own bucket has no configuration yet that would win over the file.
    write_env(host, NODE, {**NODE_ENV, environment.NODE_PRIVATE_IP: ip, **changed})
    # The Redis of a file is what counts before the file is synced.
    done = host.run(f"cd {NODE.folder} && ./openvidu start", check=False)
    assert done.returncode == 1
    assert said in done.stdout
    assert "ERROR: Openvidu Node failed to start" in done.stdout
    assert has_stopped(cluster, ip)


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        ("start", "the fault `start` is set"),
        ("s3-unreachable", "unable to connect to S3 bucket"),
        ("redis-unreachable", "unable to connect to Redis server"),
    ],
)
def test_a_start_can_be_made_to_fail(cluster: Cluster, inbox: Inbox, kind: str, said: str) -> None:
    ip = "10.5.0.17"
    if ip not in cluster.nodes:
        cluster.nodes[ip] = cluster.world.host("node17", ip)
        install(cluster.nodes[ip], NODE)
        write_env(cluster.nodes[ip], NODE, {**NODE_ENV, environment.NODE_PRIVATE_IP: ip})
    host = cluster.nodes[ip]
    faults.write(Fault(kind), host.faults)
    done = host.run(f"cd {NODE.folder} && ./openvidu start", check=False)
    assert done.returncode == 1
    assert said in done.stdout


def test_a_recording_goes_to_the_bucket_at_the_end_of_its_session(
    cluster: Cluster, inbox: Inbox
) -> None:
    open_session(cluster, "recorded")
    with joined(cluster, "recorded"):
        made = cluster.call("POST", "/openvidu/api/recordings/start", {"session": "recorded"})
        assert made.status_code == 200
        folder = f"{NODE.folder}/recordings"
        assert "recorded.mp4" in cluster.nodes[STAYING].run(f"ls -R {folder}").stdout
        assert cluster.call("GET", f"{api.SESSIONS}/recorded").json()["recording"] is True
    path = "/openvidu/api/recordings/recorded"
    cluster.wait_for(lambda: cluster.call("GET", path).json()["status"] == "ready", "the upload")
    assert cluster.nodes[STAYING].run(f"ls {folder}").stdout == ""
    assert "mp4" in cluster.base.run(f"ls {BASE.folder}/minio-s3/{BUCKET}").stdout
    statuses = [event["status"] for event in inbox.of_kind("recordingStatusChanged")]
    assert statuses == ["started", "stopped", "ready"]


@pytest.mark.parametrize("abandon", ["false", "true"])
def test_a_node_leaves_before_its_recording_is_in_the_bucket(
    cluster: Cluster, inbox: Inbox, abandon: str
) -> None:
    ip = "10.5.0.18" if abandon == "false" else "10.5.0.19"
    host = cluster.add_node(ip)
    faults.write(Fault("slow-upload", {"seconds": "2", "abandon": abandon}), host.faults)
    open_session(cluster, f"slow-{abandon}", ip=ip)
    with joined(cluster, f"slow-{abandon}"):
        cluster.call("POST", "/openvidu/api/recordings/start", {"session": f"slow-{abandon}"})
        cluster.drain(ip)
    cluster.wait_for(lambda: not is_listed(cluster, ip), "the node to leave")
    left_behind = host.run(f"ls {NODE.folder}/recordings").stdout
    cluster.wait_for(lambda: has_stopped(cluster, ip), "the node's processes to end")
    at_the_end = host.run(f"ls {NODE.folder}/recordings").stdout
    assert f"slow-{abandon}" in left_behind
    assert (at_the_end == "") == (abandon == "false")
    cluster.lose(ip)


def test_the_webhooks_of_a_session_come_in_order(cluster: Cluster, inbox: Inbox) -> None:
    open_session(cluster, "told")
    with joined(cluster, "told"):
        pass

    def told() -> list[str]:
        return [e["event"] for e in inbox.events if e.get("sessionId") == "told"]

    cluster.wait_for(lambda: "sessionDestroyed" in told(), "sessionDestroyed")
    assert told() == ["sessionCreated", "participantJoined", "participantLeft", "sessionDestroyed"]

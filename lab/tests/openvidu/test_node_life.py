"""Nodes that come and go: start, drain, crash, reboot, recordings, webhooks."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from websockets.exceptions import ConnectionClosed
from websockets.frames import CloseCode

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
from lab.openvidu.testing.world import Host
from lab.tests.openvidu.calls import (
    GIVE_UP,
    ask,
    invite,
    join,
    joined,
    names,
    open_session,
    sessions_on,
    socket_to,
    wait_for_end,
)
from lab.tests.openvidu.hook import URL, Inbox
from openvidu import api, environment
from openvidu.release import BASE, NODE
from openvidu.signalling import (
    NOT_CONNECTED,
    RECONNECTED,
    SILENCE_REASON,
    UNKNOWN_SESSION,
)

pytestmark = [pytest.mark.lab, pytest.mark.xdist_group("openvidu-life")]
NODES = ("10.5.0.6",)
STAYING = NODES[0]
SECOND = "10.5.0.10"
BROKEN = "10.5.0.16"
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


@pytest.fixture
def second(cluster: Cluster, inbox: Inbox) -> Host:
    """Another node, which runs; it may come to any end."""
    if SECOND not in cluster.nodes:
        # What the bucket's configuration is to win over.
        cluster.add_node(SECOND, OPENVIDU_ENTERPRISE_MEDIA_SERVER="kurento", HTTPS_PORT="8443")
    elif not is_listed(cluster, SECOND):
        # Another test may have changed what it logs in with.
        write_env(cluster.nodes[SECOND], NODE, {**NODE_ENV, environment.NODE_PRIVATE_IP: SECOND})
        run(cluster.nodes[SECOND], NODE, "restart")
    cluster.wait_for(lambda: is_listed(cluster, SECOND), "the second node")
    return cluster.nodes[SECOND]


@pytest.fixture
def broken(cluster: Cluster, inbox: Inbox) -> Host:
    """A host with a node installed that was never started."""
    if BROKEN not in cluster.nodes:
        cluster.nodes[BROKEN] = cluster.world.host("broken", BROKEN)
        install(cluster.nodes[BROKEN], NODE)
    write_env(cluster.nodes[BROKEN], NODE, {**NODE_ENV, environment.NODE_PRIVATE_IP: BROKEN})
    return cluster.nodes[BROKEN]


def is_listed(cluster: Cluster, ip: str) -> bool:
    return api.node_id(ip) in cluster.health()["nodes"]


def test_a_restart_through_the_api_changes_every_nodes_configuration(
    cluster: Cluster, inbox: Inbox
) -> None:
    assert inbox.of_kind("HANodeRegistered")[0]["ip"] == STAYING
    env = cluster.nodes[STAYING].run(f"cat {NODE.folder}/.env").stdout
    assert environment.parse(env)["OPENVIDU_RECORDING"] == "true"
    assert cluster.call("GET", api.CONFIG).json()["OPENVIDU_RECORDING"] is True


def test_a_new_node_takes_the_buckets_configuration_and_keeps_its_address(second: Host) -> None:
    env = environment.parse(second.run(f"cat {NODE.folder}/.env").stdout)
    assert env[environment.NODE_PRIVATE_IP] == SECOND
    assert (env["OPENVIDU_ENTERPRISE_MEDIA_SERVER"], env["HTTPS_PORT"]) == ("mediasoup", "443")


def test_a_change_in_a_nodes_own_file_is_undone_at_its_next_start(second: Host) -> None:
    second.run(f"sed -i s/HTTPS_PORT=443/HTTPS_PORT=8443/ {NODE.folder}/.env")
    said = run(second, NODE, "restart")
    env = environment.parse(second.run(f"cat {NODE.folder}/.env").stdout)
    assert "=> Configuration file found in S3" in said
    assert "=> Configuration file updated from S3 to local file /opt/openvidu/.env" in said
    assert env["HTTPS_PORT"] == "443"


def test_a_node_tells_that_it_came(second: Host, inbox: Inbox) -> None:
    registered = [e for e in inbox.of_kind("HANodeRegistered") if e["ip"] == SECOND]
    assert registered[-1]["nodeId"] == f"master_{SECOND}"
    assert isinstance(registered[-1]["timestamp"], int)


def test_a_node_without_sessions_goes_at_once(cluster: Cluster, second: Host, inbox: Inbox) -> None:
    inbox.events.clear()
    assert cluster.drain(SECOND).status_code == 200
    cluster.wait_for(lambda: not is_listed(cluster, SECOND), "the node to leave")
    cluster.wait_for(lambda: cluster.has_stopped(SECOND), "the node's processes to end")
    assert second.run("ss -tlnH").stdout == ""
    assert [event["ip"] for event in inbox.of_kind("HANodeDeregistered")] == [SECOND]
    changes = [event["newStatus"] for event in inbox.of_kind("mediaNodeStatusChanged")]
    assert changes == ["waiting-idle-to-terminate", "terminated"]


def test_a_node_that_left_comes_back_with_restart(cluster: Cluster, second: Host) -> None:
    cluster.drain(SECOND)
    cluster.wait_for(lambda: cluster.has_stopped(SECOND), "the node's processes to end")
    run(second, NODE, "restart")
    cluster.wait_for(lambda: is_listed(cluster, SECOND), "the node to come back")


def test_a_drained_node_keeps_its_calls_and_takes_no_new_ones(
    cluster: Cluster, second: Host
) -> None:
    open_session(cluster, "kept", ip=SECOND)
    with joined(cluster, "kept") as socket:
        assert cluster.drain(SECOND).status_code == 200
        assert cluster.drain(SECOND).status_code == 204
        node = cluster.media_node(SECOND)
        assert node is not None
        path = f"{api.MEDIA_NODES}/{node['id']}"
        assert cluster.call("PATCH", path, {"status": api.RUNNING}).status_code == 400
        for number in range(3):
            open_session(cluster, f"new-{number}", ip=SECOND)
        assert sessions_on(cluster, SECOND) == ["kept"]
        with joined(cluster, "kept"):
            assert cluster.node_answers(SECOND)
        assert ask(socket, "ping")["result"]["value"] == "pong"
    cluster.wait_for(lambda: not is_listed(cluster, SECOND), "the node to leave")
    assert not cluster.node_answers(SECOND)
    assert cluster.call("GET", path).status_code == 404
    for name in names(cluster):
        cluster.call("DELETE", f"{api.SESSIONS}/{name}")
    cluster.wait_for(lambda: cluster.has_stopped(SECOND), "the node's processes to end")


@pytest.mark.parametrize("code", [CloseCode.NORMAL_CLOSURE, GIVE_UP])
def test_a_draining_node_waits_for_a_user_whose_socket_was_closed(
    cluster: Cluster, second: Host, code: int
) -> None:
    open_session(cluster, "away", ip=SECOND)
    with socket_to(cluster, "away") as socket:
        ask(socket, "ping")
        attendee = join(socket, "away", invite(cluster, "away"))["sessionId"]
        assert cluster.drain(SECOND).status_code == 200
        socket.close(code)
    assert sessions_on(cluster, SECOND) == ["away"]
    with socket_to(cluster, "away", "&reconnect=true") as socket:
        assert ask(socket, "echo")["error"]["code"] == NOT_CONNECTED[0]
        back = ask(socket, "connect", sessionId=attendee)["result"]
        assert back == {"value": RECONNECTED, "sessionId": attendee}
        ask(socket, "leaveRoom")
    cluster.wait_for(lambda: cluster.has_stopped(SECOND), "the node's processes to end")


def test_a_user_who_is_away_for_too_long_is_evicted(cluster: Cluster, inbox: Inbox) -> None:
    open_session(cluster, "evicted")
    with socket_to(cluster, "evicted") as socket:
        attendee = join(socket, "evicted", invite(cluster, "evicted"))["sessionId"]
        socket.close(GIVE_UP)
    cluster.wait_for(lambda: "evicted" not in names(cluster), "the end of the session")
    with socket_to(cluster, "evicted", "&reconnect=true") as socket:
        assert ask(socket, "connect", sessionId=attendee)["error"]["code"] == UNKNOWN_SESSION[0]


def test_a_user_who_falls_silent_is_away(cluster: Cluster) -> None:
    open_session(cluster, "silent")
    with socket_to(cluster, "silent") as socket:
        join(socket, "silent", invite(cluster, "silent"))
        ask(socket, "ping", interval=100)
        with pytest.raises(ConnectionClosed, match=SILENCE_REASON):
            socket.recv(timeout=30)
        assert "silent" in names(cluster)
    cluster.call("DELETE", f"{api.SESSIONS}/silent")


def test_without_a_running_node_new_sessions_are_refused(
    cluster: Cluster, second: Host, inbox: Inbox
) -> None:
    run(second, NODE, "stop")
    open_session(cluster, "last")
    with joined(cluster, "last"):
        assert cluster.drain(STAYING).status_code == 200
        assert cluster.call("POST", api.SESSIONS, {}).status_code == 503
    cluster.wait_for(lambda: cluster.has_stopped(STAYING), "the node's processes to end")
    run(cluster.nodes[STAYING], NODE, "restart")
    cluster.wait_for(lambda: is_listed(cluster, STAYING), "the node to come back")


def test_stopping_a_node_cuts_its_calls_and_removes_the_media_containers(
    cluster: Cluster, second: Host
) -> None:
    open_session(cluster, "cut", ip=SECOND)
    assert "media-server" in second.run("docker ps").stdout
    with joined(cluster, "cut") as socket:
        run(second, NODE, "stop")
        said = wait_for_end(socket)
    assert [one["params"]["reason"] for one in said] == ["openviduServerStopped"]
    assert not is_listed(cluster, SECOND)
    assert cluster.has_stopped(SECOND)


@pytest.mark.parametrize("orderly", [True, False])
def test_a_node_comes_back_after_a_reboot_with_its_old_environment(
    cluster: Cluster, second: Host, orderly: bool
) -> None:
    # Not OPENVIDU_SECRET: OpenVidu Server reads .env anew whenever it starts, and would be alone.
    changed = f"s/^{environment.REDIS_PASSWORD}=.*/{environment.REDIS_PASSWORD}=another/"
    second.run(f"sed -i {changed} {NODE.folder}/.env")
    second.reboot(orderly=orderly)
    cluster.wait_for(lambda: cluster.node_answers(SECOND), "the node after its reboot")
    assert cluster.call("GET", api.HEALTH, ip=SECOND).status_code in (200, 409)


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
    cluster: Cluster, broken: Host, changed: dict[str, str], said: str
) -> None:
    write_env(broken, NODE, {**NODE_ENV, environment.NODE_PRIVATE_IP: BROKEN, **changed})
    done = broken.run(f"cd {NODE.folder} && ./openvidu start", check=False)
    assert done.returncode == 1
    assert said in done.stdout
    assert "ERROR: Openvidu Node failed to start" in done.stdout
    assert cluster.has_stopped(BROKEN)


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        ("start", "the fault `start` is set"),
        ("s3-unreachable", "unable to connect to S3 bucket"),
        ("redis-unreachable", "unable to connect to Redis server"),
    ],
)
def test_a_start_can_be_made_to_fail(broken: Host, kind: str, said: str) -> None:
    faults.write(Fault(kind), broken.faults)
    done = broken.run(f"cd {NODE.folder} && ./openvidu start", check=False)
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

    def told() -> list[str]:
        return [event["status"] for event in inbox.of_kind("recordingStatusChanged")]

    cluster.wait_for(lambda: "ready" in told(), "the last webhook")
    assert told() == ["started", "stopped", "ready"]


@pytest.mark.parametrize("abandon", ["false", "true"])
def test_a_node_leaves_before_its_recording_is_in_the_bucket(
    cluster: Cluster, second: Host, abandon: str
) -> None:
    faults.write(Fault("slow-upload", {"seconds": "1.5", "abandon": abandon}), second.faults)
    recordings = f"ls {NODE.folder}/recordings"
    open_session(cluster, f"slow-{abandon}", ip=SECOND)
    with joined(cluster, f"slow-{abandon}"):
        cluster.call("POST", "/openvidu/api/recordings/start", {"session": f"slow-{abandon}"})
        cluster.drain(SECOND)
    cluster.wait_for(lambda: not is_listed(cluster, SECOND), "the node to leave")
    left_behind = second.run(recordings).stdout
    cluster.wait_for(lambda: cluster.has_stopped(SECOND), "the node's processes to end")
    at_the_end = second.run(recordings).stdout
    assert f"slow-{abandon}" in left_behind
    assert (at_the_end == "") == (abandon == "false")


def test_the_webhooks_of_a_session_come_in_order(cluster: Cluster, inbox: Inbox) -> None:
    open_session(cluster, "told")
    with joined(cluster, "told"):
        pass

    def told() -> list[str]:
        return [e["event"] for e in inbox.events if e.get("sessionId") == "told"]

    cluster.wait_for(lambda: "sessionDestroyed" in told(), "sessionDestroyed")
    assert told() == ["sessionCreated", "participantJoined", "participantLeft", "sessionDestroyed"]


def test_a_crashed_node_is_missed(cluster: Cluster, second: Host, inbox: Inbox) -> None:
    open_session(cluster, "lost", ip=SECOND)
    inbox.events.clear()
    cluster.lose(SECOND)
    cluster.wait_for(lambda: not is_listed(cluster, SECOND), "the node to be missed")
    cluster.wait_for(lambda: bool(inbox.of_kind("sessionDestroyed")), "the webhooks")
    crashed = inbox.of_kind("nodeCrashed")
    assert [(e["id"], e["nodeRole"]) for e in crashed] == [(f"master_{SECOND}", "masternode")]
    assert crashed[0]["sessionIds"] == ["lost"]
    assert inbox.of_kind("sessionDestroyed")[-1]["reason"] == "nodeCrashed"
    assert names(cluster) == []

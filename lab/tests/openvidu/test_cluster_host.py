"""A cluster of two nodes: what the REST API says, and where sessions live."""

from __future__ import annotations

import httpx
import pytest

from lab.openvidu import faults
from lab.openvidu.faults import Fault
from lab.openvidu.testing.cluster import BASE_IP, BUCKET, Cluster
from lab.tests.openvidu.calls import ask, joined, names, open_session, sessions_on, wait_for_end
from openvidu import api, environment
from openvidu.release import BASE, NODE

pytestmark = [pytest.mark.lab, pytest.mark.xdist_group("openvidu-cluster")]
NODES = ("10.5.0.6", "10.5.0.7")


def test_health_is_as_on_the_page(cluster: Cluster) -> None:
    answer = cluster.call("GET", api.HEALTH)
    assert answer.status_code == 200
    assert answer.json() == {
        "clusterStatus": "UP",
        "nodes": {
            f"master_{ip}": {
                "status": "UP",
                "id": f"master_{ip}",
                "uri": f"http://{ip}:5443",
                "disconnectedMediaNodes": [],
            }
            for ip in NODES
        },
    }


def test_every_node_gives_the_same_answers(cluster: Cluster) -> None:
    open_session(cluster, "everywhere")
    for path in (api.HEALTH, f"{api.MEDIA_NODES}?sessions=true", f"{api.SESSIONS}/everywhere"):
        first, second = (cluster.call("GET", path, ip=ip).json() for ip in NODES)
        assert first == second
    cluster.call("DELETE", f"{api.SESSIONS}/everywhere")


def test_the_api_wants_the_secret(cluster: Cluster) -> None:
    def ask(password: str) -> int:
        url = f"http://{BASE_IP}:5443{api.HEALTH}"
        return httpx.get(url, auth=(api.USER, password)).status_code

    assert cluster.world.do(ask, "wrong") == 401


def test_a_nodes_own_health_wants_none(cluster: Cluster) -> None:
    assert all(cluster.node_answers(ip) for ip in NODES)


def test_media_nodes_are_found_by_address_not_by_node_id(cluster: Cluster) -> None:
    node = cluster.media_node(NODES[0])
    assert node is not None
    assert str(node["id"]).startswith("media_")
    assert NODES[0] not in str(node["id"])
    assert (node["status"], node["connected"]) == ("running", True)
    assert cluster.call("GET", f"{api.MEDIA_NODES}/{node['id']}").json()["ip"] == NODES[0]


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", f"{api.MEDIA_NODES}/media_none", 404),
        ("PATCH", f"{api.MEDIA_NODES}/media_none", 404),
        ("POST", api.MEDIA_NODES, 405),
        ("PUT", api.MEDIA_NODES, 405),
        ("DELETE", f"{api.MEDIA_NODES}/media_none", 405),
        ("GET", f"{api.SESSIONS}/none", 404),
        ("DELETE", f"{api.SESSIONS}/none", 404),
        ("GET", "/openvidu/api/recordings/none", 501),
        ("GET", "/openvidu/api/nothing", 404),
    ],
)
def test_what_is_not_there_or_not_allowed(
    cluster: Cluster, method: str, path: str, status: int
) -> None:
    assert cluster.call(method, path, {}).status_code == status


def test_a_session_lives_until_its_last_user_leaves(cluster: Cluster) -> None:
    open_session(cluster, "two-users")
    with joined(cluster, "two-users") as first:
        with joined(cluster, "two-users"):
            found = cluster.call("GET", f"{api.SESSIONS}/two-users").json()
            assert found["connections"]["numberOfElements"] == 2
        assert ask(first, "ping")["result"] == {"value": "pong"}
        assert "two-users" in names(cluster)
    cluster.wait_for(lambda: "two-users" not in names(cluster), "the end of the session")


def test_a_deleted_session_closes_its_sockets(cluster: Cluster) -> None:
    open_session(cluster, "deleted")
    with joined(cluster, "deleted") as socket:
        assert cluster.call("DELETE", f"{api.SESSIONS}/deleted").status_code == 204
        said = wait_for_end(socket)
    assert [one["method"] for one in said] == ["participantEvicted"]
    assert said[0]["params"]["reason"] == "sessionClosedByServer"


@pytest.mark.parametrize("holder", NODES)
@pytest.mark.parametrize("entry", NODES)
def test_a_user_reaches_a_session_through_any_node(
    cluster: Cluster, holder: str, entry: str
) -> None:
    open_session(cluster, "anywhere", ip=holder)
    assert sessions_on(cluster, holder) == ["anywhere"]
    with joined(cluster, "anywhere", ip=entry) as socket:
        assert ask(socket, "ping")["result"]["value"] == "pong"
    cluster.wait_for(lambda: not names(cluster), "the end of the session")


def test_a_session_id_is_taken_once_in_the_cluster(cluster: Cluster) -> None:
    open_session(cluster, "taken", ip=NODES[0])
    again = cluster.call("POST", api.SESSIONS, {"customSessionId": "taken"}, ip=NODES[1])
    cluster.call("DELETE", f"{api.SESSIONS}/taken")
    assert again.status_code == 409


def test_open_calls_outlive_a_reload_of_the_load_balancer(cluster: Cluster) -> None:
    open_session(cluster, "long", ip=NODES[1])
    with joined(cluster, "long") as socket:
        cluster.balance(NODES[0])
        assert ask(socket, "ping")["result"]["value"] == "pong"
        cluster.balance(*NODES)
        assert ask(socket, "ping")["result"]["value"] == "pong"


def test_the_first_nodes_configuration_is_in_the_bucket(cluster: Cluster) -> None:
    path = f"{BASE.folder}/minio-s3/{BUCKET}/.env"
    stored = environment.parse(cluster.base.run(f"cat {path}").stdout)
    assert environment.NODE_PRIVATE_IP not in stored
    assert stored["OPENVIDU_ENTERPRISE_MEDIA_SERVER"] == "mediasoup"


def test_all_of_a_nodes_ports_listen(cluster: Cluster) -> None:
    shown = cluster.nodes[NODES[0]].run("ss -tlnH; ss -ulnH").stdout
    listening = {line.split()[3].rpartition(":")[2] for line in shown.splitlines()}
    assert {"443", "3000", "4000", "4443", "5443", "40000", "65535"} <= listening


@pytest.mark.parametrize("answer", ["405", "400", "401", "403", "500"])
def test_the_drain_call_can_be_refused(cluster: Cluster, answer: str) -> None:
    faults.write(Fault("drain", {"answer": answer}), cluster.nodes[NODES[0]].faults)
    assert cluster.drain(NODES[0]).status_code == int(answer)
    node = cluster.media_node(NODES[0])
    assert node is not None
    assert node["status"] == api.RUNNING


@pytest.mark.parametrize(
    ("how", "error"),
    [
        ("hang", httpx.ReadTimeout),
        ("drip", httpx.ReadTimeout),
        ("half", httpx.RemoteProtocolError),
        ("close", httpx.HTTPError),
    ],
)
def test_the_drain_call_can_fail_in_the_middle(
    cluster: Cluster, how: str, error: type[httpx.HTTPError]
) -> None:
    faults.write(Fault("drain", {"answer": how}), cluster.nodes[NODES[0]].faults)
    node = cluster.media_node(NODES[0])
    assert node is not None
    path = f"{api.MEDIA_NODES}/{node['id']}"
    with pytest.raises(error):
        cluster.call("PATCH", path, {"status": "x"}, ip=NODES[1], seconds=0.5)


def test_a_bad_drain_call_is_refused(cluster: Cluster) -> None:
    node = cluster.media_node(NODES[0])
    assert node is not None
    path = f"{api.MEDIA_NODES}/{node['id']}"
    bad: list[object] = [{}, {"status": "running-away"}, {"status": "terminating"}, []]
    for body in bad:
        assert cluster.call("PATCH", path, body).status_code == 400


def test_the_api_can_be_down_for_a_while(cluster: Cluster) -> None:
    faults.write(Fault("api", {"answer": "502"}, times=2), cluster.nodes[NODES[0]].faults)
    statuses = [cluster.call("GET", api.HEALTH, ip=NODES[0]).status_code for _ in range(3)]
    assert statuses == [502, 502, 200]


def test_a_lost_media_server_makes_the_cluster_unstable(cluster: Cluster) -> None:
    host = cluster.nodes[NODES[1]]
    host.run("openvidu-lab-fault set media-disconnected")
    cluster.wait_for(lambda: cluster.call("GET", api.HEALTH).status_code == 409, "UNSTABLE")
    body = cluster.call("GET", api.HEALTH).json()
    assert body["clusterStatus"] == "UNSTABLE"
    assert body["nodes"][f"master_{NODES[1]}"]["disconnectedMediaNodes"]
    host.run("openvidu-lab-fault clear")
    cluster.wait_for(lambda: cluster.call("GET", api.HEALTH).status_code == 200, "UP")


def test_a_restart_of_redis_loses_the_sessions_but_not_the_nodes(cluster: Cluster) -> None:
    open_session(cluster, "forgotten")
    with joined(cluster, "forgotten") as socket:
        cluster.base.run(f"cd {BASE.folder} && docker compose restart redis")
        cluster.wait_for(lambda: len(cluster.health().get("nodes", {})) == 2, "the nodes")
        known = names(cluster)
        assert ask(socket, "ping")["result"]["value"] == "pong"
    assert "forgotten" not in known


def test_the_logs_are_as_on_the_page(cluster: Cluster) -> None:
    shown = cluster.nodes[NODES[0]].run(f"cd {NODE.folder} && ./openvidu logs").stdout
    assert "replication-manager  |    OpenVidu Enterprise HA Node is ready!" in shown
    assert (
        f"replication-manager  |      should register the private IP of this node: '{NODES[0]}'"
        in (shown)
    )


def test_configuration_shows_no_secrets(cluster: Cluster) -> None:
    shown = cluster.call("GET", api.CONFIG).json()
    assert shown["DOMAIN_OR_PUBLIC_IP"] == BASE_IP
    assert not [name for name in shown if "SECRET" in name or "PASSWORD" in name]

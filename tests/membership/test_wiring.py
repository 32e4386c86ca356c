"""On the bastion any node answers for the cluster, whoever else is down."""

from __future__ import annotations

import http.server
import json
import threading
from base64 import b64encode
from collections.abc import Iterator
from contextlib import closing, contextmanager
from itertools import chain
from pathlib import Path
from socket import create_server
from typing import ClassVar

import pytest

from membership import earlier_secrets, wiring
from membership.answers import MediaNode, Refused, Unconnected, Unknown
from membership.cluster_view import Cluster
from membership.load_balancer import LoadBalancer
from membership.registry import Phase, Record, Registry
from membership.wiring import entrances, on_base, on_bastion
from openvidu import api, ports
from tests.membership.worlds import ListOnly, VirtualClock
from tests.ports import closed_port

_EARLIER = "the-one-before"


class _Node(http.server.BaseHTTPRequestHandler):
    asked: ClassVar[list[str]] = []

    def do_GET(self) -> None:
        """Answer an empty list."""
        self.asked.append(self.path)
        body = json.dumps({"numberOfElements": 0, "content": []}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_POST = do_GET  # noqa: N815

    def log_message(self, *args: object) -> None:
        """Nothing is shown."""


class _WithAnotherSecret(_Node):
    def do_GET(self) -> None:
        """Refuse each login but the one of before."""
        login = b64encode(f"{api.USER}:{_EARLIER}".encode()).decode()
        if self.headers["Authorization"] == f"Basic {login}":
            super().do_GET()
            return
        self.send_response(401)
        self.send_header("Content-Length", "0")
        self.end_headers()

    do_POST = do_PATCH = do_GET  # noqa: N815


@contextmanager
def _served(by: type[_Node]) -> Iterator[str]:
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), by)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def node() -> Iterator[str]:
    _Node.asked = []
    with _served(_Node) as url:
        yield url


@pytest.fixture
def leaving() -> Iterator[str]:
    """A node that leaves while the secret changes: it keeps the one before."""
    with _served(_WithAnotherSecret) as url:
        yield url


@pytest.fixture
def down() -> str:
    return f"http://127.0.0.1:{closed_port()}"


def test_the_next_node_is_asked_where_one_is_down(node: str, down: str) -> None:
    cluster = Cluster("secret", entrances=lambda: [[down], [node]])
    assert cluster.media_nodes() == []
    assert _Node.asked == ["/openvidu/api/media-nodes?sessions=true"]


def test_the_next_node_is_asked_where_one_hangs(node: str) -> None:
    with closing(create_server(("127.0.0.1", 0))) as hung:
        entrances = [f"http://127.0.0.1:{hung.getsockname()[1]}", node]
        cluster = Cluster("secret", timeout_seconds=0.5, entrances=lambda: [entrances])
        assert cluster.media_nodes() == []


def test_other_nodes_are_read_at_once(
    node: str, down: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One after the other, many that give no answer would outlast each limit."""
    others = threading.Barrier(3)
    answer = _Node.do_GET

    def once_all_are_asked(handler: _Node) -> None:
        others.wait()
        answer(handler)

    monkeypatch.setattr(_Node, "do_GET", once_all_are_asked)
    assert Cluster("secret", entrances=lambda: [[down], [node] * 3]).media_nodes() == []


def test_what_may_be_done_once_only_is_asked_of_one_node(node: str) -> None:
    """One that gives no answer may restart the cluster all the same."""
    with closing(create_server(("127.0.0.1", 0))) as hung:
        entrances = [f"http://127.0.0.1:{hung.getsockname()[1]}", node]
        cluster = Cluster("secret", timeout_seconds=0.5, entrances=lambda: [entrances])
        assert isinstance(cluster.restart({}), Unknown)
        assert _Node.asked == []


def test_the_next_node_is_asked_where_one_has_another_secret(node: str, leaving: str) -> None:
    cluster = Cluster("secret", entrances=lambda: [[leaving], [leaving, node]])
    assert cluster.media_nodes() == []
    assert cluster.restart({}) is None


def test_nodes_are_asked_where_the_base_leads_to_one_with_another_secret(
    node: str, leaving: str, base_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    urls = {"10.5.0.6": leaving, "10.5.0.7": node}
    monkeypatch.setattr("membership.cluster_view.entrance", urls.__getitem__)
    monkeypatch.setattr("membership.cluster_view._AT_THE_BASE", ((leaving,),))
    place = on_base(LoadBalancer(base_folder), timeout_seconds=10)
    assert place.cluster.media_nodes() == []


def test_a_node_that_leaves_is_asked_with_the_secret_that_it_has(
    leaving: str, base_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Others pass on to it what is asked of it, with a login that it doesn't take."""
    monkeypatch.setattr("membership.cluster_view.entrance", lambda _: leaving)
    monkeypatch.setattr("membership.cluster_view._AT_THE_BASE", ((leaving,),))
    monkeypatch.setattr(ports, "API", int(leaving.rsplit(":", 1)[1]))
    monkeypatch.setattr("membership.earlier_secrets.read", lambda: ("older", _EARLIER))
    cluster = on_base(LoadBalancer(base_folder), timeout_seconds=10).cluster
    assert cluster.media_nodes() == []
    assert cluster.calls_at("127.0.0.1") == []
    node = MediaNode("media_1", "10.5.0.6", "running", ())
    assert cluster.stop_new_sessions(node) is None


def test_on_a_bastion_too(leaving: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cluster_file = tmp_path / "cluster"
    cluster_file.write_text("OPENVIDU_SECRET=secret\nTARGET_GROUP_ARN=arn\n")
    monkeypatch.setattr(wiring, "CLUSTER_FILE", cluster_file)
    monkeypatch.setattr(wiring, "TargetGroup", lambda *_, **__: ListOnly(("10.5.0.6",), []))
    monkeypatch.setattr(wiring, "entrance", lambda _: leaving)
    monkeypatch.setattr("membership.cluster_view.entrance", lambda _: leaving)
    monkeypatch.setattr("membership.earlier_secrets.read", lambda: (_EARLIER,))
    place = on_bastion(Registry(tmp_path), timeout_seconds=10, say=print, clock=VirtualClock())
    assert place.cluster.media_nodes() == []


def test_the_latest_secrets_of_before_are_known_to_root_alone(tmp_path: Path) -> None:
    file = tmp_path / "earlier"
    assert earlier_secrets.read(file) == ()
    for secret in ("a", "b", "c", "a", "d", "e", "f"):
        earlier_secrets.keep(secret, file)
    assert earlier_secrets.read(file) == ("f", "e", "d", "a", "c")
    assert file.stat().st_mode & 0o777 == 0o600


def test_a_secret_that_nobody_takes_is_refused_whoever_is_down(down: str, leaving: str) -> None:
    cluster = Cluster("secret", entrances=lambda: [[leaving], [down]], nodes=list)
    assert isinstance(found := cluster.media_nodes(), Refused)
    assert found.is_of_login


def test_no_node_is_asked_where_nobody_refuses_the_secret(down: str) -> None:
    def nodes() -> list[str]:
        raise AssertionError("nodes are asked")

    assert isinstance(Cluster("secret", entrances=lambda: [[down]], nodes=nodes).calls(), Unknown)


def test_a_node_is_asked_for_the_calls_of_its_own_server(
    node: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ports, "API", int(node.rsplit(":", 1)[1]))
    cluster = Cluster("secret", entrances=list)
    assert cluster.calls_at("127.0.0.1") == []
    assert _Node.asked == ["/openvidu/api/sessions"]
    assert isinstance(cluster.calls_at("127.0.0.2"), Unconnected)


def test_without_a_node_nothing_is_known(down: str) -> None:
    assert isinstance(Cluster("secret", entrances=lambda: [[down]]).media_nodes(), Unknown)
    assert isinstance(Cluster("secret", entrances=list).media_nodes(), Unknown)


def test_what_one_node_answers_is_the_answer(node: str, down: str) -> None:
    cluster = Cluster("secret", entrances=lambda: [[node], [down]])
    assert cluster.is_up() is True
    assert _Node.asked == ["/openvidu/api/health"]


def test_nodes_that_serve_are_asked_first(tmp_path: Path) -> None:
    registry = Registry(tmp_path)
    phases = [Phase.LEFT, Phase.STARTING, Phase.DRAINING, Phase.SERVING]
    for number, phase in enumerate(phases, start=1):
        record = Record(f"node-{number}", f"10.5.0.{5 + number}", f"i-{number}", phase, 0.0)
        registry.change(record.ip, lambda _, record=record: record)
    balanced = ListOnly(("10.5.0.10", "10.5.0.9"), [])
    found = list(chain.from_iterable(entrances(registry, balanced)))
    assert found == [f"http://10.5.0.{last}:4443" for last in (9, 8, 7, 10)]


def test_a_bastion_that_was_made_anew_asks_who_is_in_the_load_balancer(tmp_path: Path) -> None:
    found = list(
        chain.from_iterable(entrances(Registry(tmp_path / "none"), ListOnly(("10.5.0.6",), [])))
    )
    assert found == ["http://10.5.0.6:4443"]


def test_a_node_is_asked_itself_or_where_there_is_no_other_way(
    node: str, down: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "membership.cluster_view.entrance", lambda ip: {"up": node, "down": down}[ip]
    )
    assert Cluster("secret", entrances=lambda: [[down]]).asked_first_at("up").calls() == []
    assert Cluster("secret", entrances=lambda: [[node]]).asked_first_at("down").calls() == []
    assert Cluster("secret", entrances=lambda: [[down]]).asked_last_at(("down", "up")).calls() == []


def test_a_cluster_is_served_as_long_as_one_node_listens(node: str, down: str) -> None:
    assert Cluster("secret", entrances=lambda: [[down], [node]]).is_served()
    assert not Cluster("secret", entrances=lambda: [[down]]).is_served()
    assert not Cluster("secret", entrances=list).is_served()

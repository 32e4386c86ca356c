"""Requests inside the cluster: straight, whole, and over within their limit."""

from __future__ import annotations

import gzip
import itertools
import socket
import threading
import time
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from membership.answers import Unconnected, Unknown
from membership.cluster_view import Cluster
from membership.requests import RequestError, request
from tests.ports import closed_port

SECONDS = 0.5


@contextmanager
def server(answer: Callable[[socket.socket], None]) -> Iterator[str]:
    """A server whose answer a test writes by hand; gives its URL."""
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        connection, _ = listener.accept()
        with connection:
            connection.recv(65536)
            try:
                answer(connection)
            except OSError:
                return

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    with listener:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/"
    thread.join()


def drip(head: bytes) -> Callable[[socket.socket], None]:
    """Send something, then a byte now and then, for ever."""

    def answer(connection: socket.socket) -> None:
        connection.sendall(head)
        while True:
            connection.sendall(b"a")
            time.sleep(SECONDS / 10)

    return answer


@pytest.mark.parametrize(
    "head",
    [b"", b"HTTP/1.1 200 OK\r\nX-Header: ", b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n"],
    ids=["in the first line", "in a header", "in the body"],
)
def test_an_answer_that_drips_is_over_within_the_limit(head: bytes) -> None:
    with server(drip(head)) as url, pytest.raises(RequestError, match=r"within 0\.5 s"):
        request("GET", url, seconds=SECONDS)


def test_an_endless_answer_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("membership.requests.MOST_BYTES", 1000)

    def answer(connection: socket.socket) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
        for _ in itertools.count():
            connection.sendall(b"a" * 1000)

    with server(answer) as url, pytest.raises(RequestError, match="more than 1000 bytes"):
        request("GET", url, seconds=10)


def encoded(content: bytes, encoding: str) -> Callable[[socket.socket], None]:
    head = f"HTTP/1.1 200 OK\r\nContent-Encoding: {encoding}\r\nContent-Length: {len(content)}"
    return lambda connection: connection.sendall(head.encode() + b"\r\n\r\n" + content)


@pytest.mark.parametrize(
    ("encoding", "encode"), [("gzip", gzip.compress), ("deflate", zlib.compress)]
)
def test_an_answer_that_is_compressed_though_nobody_asked_for_it_is_read(
    encoding: str, encode: Callable[[bytes], bytes]
) -> None:
    with server(encoded(encode(b'{"numberOfElements": 0}'), encoding)) as url:
        answer = request("GET", url, seconds=10)
    assert answer.json() == {"numberOfElements": 0}


ZEROES = gzip.compress(bytes(10_000))


@pytest.mark.parametrize(
    ("content", "encoding", "said"),
    [
        (ZEROES, "gzip", "more than 1000 bytes"),
        (gzip.compress(ZEROES), "gzip, gzip", "encoded as gzip, gzip"),
        (ZEROES[:-9], "gzip", "more than 1000 bytes"),
        (gzip.compress(b"a")[:-9], "gzip", "ends in its middle"),
        (b"{}", "gzip", "is no gzip"),
        (b"{}", "br", "encoded as br"),
    ],
)
def test_no_answer_becomes_larger_than_one_may_be(
    content: bytes, encoding: str, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("membership.requests.MOST_BYTES", 1000)
    with server(encoded(content, encoding)) as url, pytest.raises(RequestError, match=said):
        request("GET", url, seconds=10)


@pytest.mark.parametrize("name", ["http_proxy", "HTTP_PROXY", "all_proxy"])
def test_no_proxy_of_the_environment_is_asked(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """A proxy that is dead refuses connections: that isn't the node's word."""
    monkeypatch.setenv(name, f"http://127.0.0.1:{closed_port()}")

    def answer(connection: socket.socket) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")

    with server(answer) as url:
        assert request("GET", url, seconds=10).status_code == 200


def test_what_refuses_a_connection_is_told_from_what_gives_no_answer() -> None:
    with pytest.raises(RequestError, match="Connection refused") as caught:
        request("GET", f"http://127.0.0.1:{closed_port()}/", seconds=10)
    assert caught.value.is_refused
    assert caught.value.is_unconnected
    with (
        server(lambda connection: connection.close()) as url,
        pytest.raises(RequestError, match="ends without an answer") as caught,
    ):
        request("GET", url, seconds=10)
    assert not caught.value.is_refused
    assert not caught.value.is_unconnected


def test_an_entrance_that_refuses_connections_has_said_nothing() -> None:
    entrance = f"http://127.0.0.1:{closed_port()}"
    found = Cluster("secret", entrances=lambda: [[entrance]]).media_nodes()
    assert isinstance(found, Unconnected)
    assert isinstance(found, Unknown)


@pytest.mark.parametrize("path", ["a\nb", "\0", "\ud800", "a" * 70_000])
def test_what_is_no_url_is_no_request(path: str) -> None:
    with pytest.raises(RequestError, match="there is no such request"):
        request("GET", f"http://127.0.0.1:{closed_port()}/{path}", seconds=10)

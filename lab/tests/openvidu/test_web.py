"""The small HTTP server, client and relay."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial

import pytest

from lab.openvidu.faults import Fault
from lab.openvidu.node import misbehaviour
from lab.openvidu.web.client import Answer, UnreachableError, basic_login, request
from lab.openvidu.web.messages import Handler, Request, Response, Takeover, json_response
from lab.openvidu.web.relay import relay
from lab.openvidu.web.server import listen


async def echo(call: Request) -> Response:
    return json_response(
        {
            "method": call.method,
            "path": call.path,
            "query": call.query,
            "body": call.body.decode(),
            "login": call.has_login("user", "secret"),
        }
    )


def against(handler: Handler, act: Callable[[int], Awaitable[Answer]]) -> Answer:
    """What `act` gets from a server with `handler`, given its port."""

    async def both() -> Answer:
        server = await listen(handler, 0, host="127.0.0.1")
        try:
            return await act(server.sockets[0].getsockname()[1])
        finally:
            server.close()

    return asyncio.run(both())


def test_a_request_arrives_whole() -> None:
    def act(port: int) -> Awaitable[Answer]:
        url = f"http://127.0.0.1:{port}/a%20b?x=1&y="
        return request("POST", url, headers=basic_login("user", "secret"), body=b"hello")

    assert against(echo, act).json() == {
        "method": "POST",
        "path": "/a b",
        "query": {"x": "1", "y": ""},
        "body": "hello",
        "login": True,
    }


@pytest.mark.parametrize("header", ["", "Basic", "Basic !!", "Basic dXNlcjp3cm9uZw==", "Bearer x"])
def test_a_wrong_login_is_none(header: str) -> None:
    call = Request("GET", "/", {"authorization": header}, b"", "192.0.2.1")
    assert not call.has_login("user", "secret")


def test_a_chunked_body_is_put_together() -> None:
    async def act(port: int) -> Answer:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        head = b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n"
        writer.write(head + b"3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n")
        return Answer(200, {}, (await reader.read()).partition(b"\r\n\r\n")[2])

    assert '"body": "abcde"' in against(echo, act).body.decode()


def test_two_requests_share_a_connection() -> None:
    async def act(port: int) -> Answer:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"GET /1 HTTP/1.1\r\n\r\nGET /2 HTTP/1.1\r\nConnection: close\r\n\r\n")
        return Answer(200, {}, await reader.read())

    assert against(echo, act).body.count(b"HTTP/1.1 200 OK") == 2


@pytest.mark.parametrize("sent", [b"nonsense\r\n\r\n", b"GET / HTTP/1.1\r\nbroken\r\n\r\n", b"GET"])
def test_nonsense_does_not_stop_the_server(sent: bytes) -> None:
    async def act(port: int) -> Answer:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(sent)
        writer.write_eof()
        await reader.read()
        return await request("GET", f"http://127.0.0.1:{port}/")

    assert against(echo, act).status == 200


def test_a_handler_that_fails_answers_500(capsys: pytest.CaptureFixture[str]) -> None:
    async def broken(_: Request) -> Response:
        raise RuntimeError("no")

    answer = against(broken, lambda port: request("GET", f"http://127.0.0.1:{port}/"))
    assert answer.status == 500
    assert "RuntimeError: no" in capsys.readouterr().out


def test_nobody_there_is_unreachable() -> None:
    with pytest.raises(UnreachableError, match=r"127\.0\.0\.1:1"):
        asyncio.run(request("GET", "http://127.0.0.1:1/"))


async def _misbehave(fault: Fault, _: Request) -> Response | Takeover:
    return misbehaviour.answer(fault, "405")


@pytest.mark.parametrize("how", ["hang", "half", "drip", "close"])
def test_an_answer_that_is_not_whole_is_unreachable(how: str) -> None:
    handler = partial(_misbehave, Fault("drain", {"answer": how}))
    with pytest.raises(UnreachableError):
        against(handler, lambda port: request("GET", f"http://127.0.0.1:{port}/", seconds=0.3))


@pytest.mark.parametrize(
    ("options", "status"), [({}, 405), ({"answer": "500"}, 500), ({"answer": "not-json"}, 200)]
)
def test_a_fault_chooses_the_answer(options: dict[str, str], status: int) -> None:
    handler = partial(_misbehave, Fault("drain", options))
    answer = against(handler, lambda port: request("GET", f"http://127.0.0.1:{port}/"))
    assert answer.status == status


def test_a_relay_passes_on_what_it_gets() -> None:
    async def act(port: int) -> Answer:
        server = await listen(partial(relay, host="127.0.0.1", port=port), 0, host="127.0.0.1")
        url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/x?y=z"
        try:
            return await request("PATCH", url, body=b"{}")
        finally:
            server.close()

    assert against(echo, act).json() == {
        "method": "PATCH",
        "path": "/x",
        "query": {"y": "z"},
        "body": "{}",
        "login": False,
    }


def test_a_relay_to_nobody_answers_502() -> None:
    handler = partial(relay, host="127.0.0.1", port=1)
    assert against(handler, lambda port: request("GET", f"http://127.0.0.1:{port}/")).status == 502

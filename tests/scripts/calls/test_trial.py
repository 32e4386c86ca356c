"""Calls on a simulated server that is alone: what comes of them, and that nothing is left."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import ssl
from collections.abc import Callable, Collection, Iterator
from pathlib import Path
from typing import Any, cast

import httpx
import pytest

from components import call_check
from lab.tests.openvidu.alone import SECRET, Alone, openvidu_alone
from openvidu import api
from scripts import check_call
from scripts.calls import allocation, sound
from scripts.calls.deployed import Deployed
from scripts.calls.judgement import judged
from scripts.calls.outcomes import Fault, Heard, NodeCall, NoRelay, Silent, Tried
from scripts.calls.participant import Participant
from scripts.calls.rest import Api, MediaNode, RefusedError
from scripts.calls.stack import Stack
from scripts.calls.trial import PREFIX, TRIES_A_NODE, Trial
from scripts.calls.trust import by_authorities, shake_hands
from scripts.calls.ways import Way
from scripts.pulumi_cli import PulumiError
from scripts.stack_machines import Machine

OTHERS = "somebody-elses"


@pytest.fixture
def refuses() -> dict[str, int]:
    """What the load balancer refuses: statuses by path."""
    return {}


@pytest.fixture
def server(tmp_path: Path, refuses: dict[str, int]) -> Iterator[Alone]:
    """The server, with a session that is somebody else's."""
    with openvidu_alone(tmp_path, refuses) as alone:
        asked(alone, "POST", {"customSessionId": OTHERS})
        yield alone


def trusting(server: Alone) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=server.authority)


def asked(server: Alone, method: str, body: object = None) -> httpx.Response:
    return httpx.request(
        method,
        f"{server.url}{api.SESSIONS}",
        json=body,
        auth=(api.USER, SECRET),
        verify=trusting(server),
    )


def sessions(server: Alone) -> list[str]:
    return [one["id"] for one in asked(server, "GET").json()["content"]]


def tried(
    server: Alone,
    *ways: Way,
    secret: str = SECRET,
    say: Callable[[str], None] = lambda _: None,
    by_name: bool = False,
) -> Tried:
    async def act() -> Tried:
        rest = Api(server.url, secret, trusting(server), 10.0)
        try:
            return await Trial(rest, ways or (Way.STRAIGHT,), say, by_name=by_name).run()
        finally:
            await rest.close()

    return asyncio.run(act())


def test_two_participants_hear_each_other_and_their_session_is_gone(server: Alone) -> None:
    found = tried(server)
    (call,) = found.calls.values()
    assert (call.at, call.outcomes) == (1, {Way.STRAIGHT: Heard(2)})
    assert sessions(server) == [OTHERS]


def test_a_single_master_has_a_call_on_each_of_its_media_nodes(tmp_path: Path) -> None:
    with openvidu_alone(tmp_path, media_servers=3) as server:
        found = tried(server, by_name=True)
    assert {ip: call.at for ip, call in found.calls.items()} == {
        "127.0.0.1": 1,
        "127.0.0.2": 2,
        "127.0.0.3": 3,
    }
    assert found.wanted == [*found.calls]


def test_a_turn_server_that_does_not_listen_is_told_from_one_that_is_silent(
    server: Alone, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(allocation, "_SECONDS", 0.2)
    found = tried(server, Way.STRAIGHT, Way.TURN_TCP, Way.TURN_UDP)
    (call,) = found.calls.values()
    for way in (Way.TURN_TCP, Way.TURN_UDP):
        relay = call.outcomes[way]
        assert isinstance(relay, NoRelay)
        assert relay.fault is Fault.CLOSED
    assert call.outcomes[Way.STRAIGHT] == Heard(2)


def test_a_turn_server_that_is_silent_is_no_closed_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(allocation, "_SECONDS", 0.2)
    monkeypatch.setattr(allocation, "_REFUSAL_SECONDS", 0.2)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent:
        silent.bind(("127.0.0.1", 0))
        url = f"turn:127.0.0.1:{silent.getsockname()[1]}"
        found = asyncio.run(allocation.ask(Way.TURN_UDP, url, "user", "credential"))
    assert found
    assert found.fault is Fault.NO_ANSWER


def test_media_that_are_sent_to_a_wrong_address_do_not_arrive(
    server: Alone, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sound, "FIRST_SECONDS", 0.2)
    wrong = "192.0.2.1"
    described = sound.RTCSessionDescription
    monkeypatch.setattr(
        sound,
        "RTCSessionDescription",
        lambda sdp, kind: described(sdp.replace(" 127.0.0.1 ", f" {wrong} "), kind),
    )
    (call,) = tried(server).calls.values()
    assert call.outcomes[Way.STRAIGHT] == Silent(0, 2, frozenset({"127.0.0.1"}))
    assert sessions(server) == [OTHERS]


@pytest.mark.parametrize(
    ("path", "status", "check", "said"),
    [
        (api.SESSIONS, 403, "REST API", "apiCidrs"),
        (api.MEDIA_NODES, 502, "REST API", "no node that answers"),
        ("/openvidu?", 400, "WebSocket", "and WebSockets don't"),
    ],
)
def test_what_is_refused_in_front_of_openvidu_is_named(
    server: Alone, refuses: dict[str, int], path: str, status: int, check: str, said: str
) -> None:
    refuses[path] = status
    found = tried(server)
    refuses.clear()
    assert not found.calls
    (finding,) = [one for one in judged(found, Stack(server.url)) if one.result == "failed"]
    assert finding.check == check
    assert said in finding.said
    assert sessions(server) == [OTHERS]


def test_a_wrong_secret_is_refused_at_once_and_named(server: Alone) -> None:
    (error,) = tried(server, secret="wrong").refusals
    assert (error.status, "wrong" in str(error)) == (401, False)


def test_no_more_sessions_are_made_than_may_be(
    server: Alone, refuses: dict[str, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    async def elsewhere(*_: object) -> str:
        return ""

    monkeypatch.setattr(Trial, "_node_of", elsewhere)
    found = tried(server)
    assert found.placed == [""] * TRIES_A_NODE
    assert sessions(server) == [OTHERS]


@pytest.mark.parametrize("nodes", [2, 3, 6])
@pytest.mark.parametrize("more", [0, 1, 2])
def test_a_load_balancer_that_takes_turns_leads_sessions_to_each_node(
    nodes: int, more: int
) -> None:
    class InTurns:
        """So much of the API as placing sessions takes, behind nginx."""

        asked = 0

        async def media_nodes(self) -> list[MediaNode]:
            self.asked += 1
            ips = map(str, range(nodes))
            return [MediaNode(ip, ip, api.RUNNING) for ip in ips]

        async def open_session(self, _: str, __: str = "") -> None:
            self.asked += 1
            self.at = str(self.asked % nodes)

        async def end_session(self, _: str) -> None:
            self.asked += 1

    class Placing(Trial):
        async def _call(self, session: str, number: int, missing: Collection[str]) -> None:
            self._rest.asked += 3 + more
            self._placed.append(balancer.at)
            self._calls[balancer.at] = NodeCall(number, "mediasoup", {})

    balancer = InTurns()
    found = asyncio.run(Placing(cast(Api, balancer), [], lambda _: None).run())
    assert sorted(found.placed) == [str(node) for node in range(nodes)]


@pytest.mark.parametrize("interruption", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_who_interrupts_it_leaves_no_session(
    server: Alone, interruption: signal.Signals, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[str] = []

    async def hear(*_: object) -> Heard:
        seen.extend(await asyncio.to_thread(sessions, server))
        os.kill(os.getpid(), interruption)
        await asyncio.Event().wait()
        return Heard(2)

    monkeypatch.setattr("scripts.calls.trial._hear", hear)
    monkeypatch.setenv("SSL_CERT_FILE", str(server.authority))
    main = Machine("base", "localhost", {}, "")
    port = httpx.URL(server.url).port or 443
    deployed = Deployed("localhost", port, SECRET, main, {})
    with pytest.raises(KeyboardInterrupt) as stopped:
        check_call.have_calls(deployed, Stack(deployed.url), [Way.STRAIGHT], None)
    (own,) = {*seen} - {OTHERS}
    assert str(stopped.value) == f"Stopped: its session is gone: {own}"
    assert [name.startswith(PREFIX) for name in sorted(seen)] == [True, False]
    assert sessions(server) == [OTHERS]


def test_who_interrupts_it_is_told_of_a_session_that_could_not_be_ended(
    server: Alone, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def hear(*_: object) -> Heard:
        os.kill(os.getpid(), signal.SIGINT)
        await asyncio.Event().wait()
        return Heard(2)

    async def refuse(*_: object) -> None:
        raise RefusedError(502, "DELETE: 502")

    monkeypatch.setattr("scripts.calls.trial._hear", hear)
    monkeypatch.setattr(Api, "end_session", refuse)
    monkeypatch.setenv("SSL_CERT_FILE", str(server.authority))
    main = Machine("base", "localhost", {}, "")
    deployed = Deployed("localhost", httpx.URL(server.url).port or 443, SECRET, main, {})
    with pytest.raises(KeyboardInterrupt) as stopped:
        check_call.have_calls(deployed, Stack(deployed.url), [Way.STRAIGHT], None)
    (own,) = {*sessions(server)} - {OTHERS}
    assert str(stopped.value).splitlines() == [
        f"Stopped: session {own} may still be there: it couldn't be ended.",
        f"  Next: curl --user {api.USER} --request DELETE {deployed.url}{api.SESSIONS}/{own}",
    ]
    assert SECRET not in str(stopped.value)


def test_what_goes_on_is_told_by_the_names_of_nodes(server: Alone) -> None:
    said: list[str] = []

    async def act() -> None:
        rest = Api(server.url, SECRET, trusting(server), 10.0)
        await Trial(rest, [Way.STRAIGHT], said.append, called=lambda _: "node-1").run()
        await rest.close()

    asyncio.run(act())
    assert said[:2] == [
        "session 1 of 5 at most: for a call on node-1",
        "node-1: a call, straight",
    ]


STAGES = {
    "asks for nodes": (Api, "media_nodes"),
    "opens the session": (Api, "open_session"),
    "invites": (Api, "invite"),
    "looks where it is": (Api, "address_of"),
    "publishes": (Participant, "ask"),
    "leaves": (Participant, "drop"),
    "ends the session": (Api, "end_session"),
}


@pytest.mark.parametrize("stage", STAGES)
def test_who_interrupts_it_again_and_again_at_any_stage_leaves_no_session(
    server: Alone, stage: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(of: type, name: str) -> None:
        act = getattr(of, name)

        async def interrupt(*given: Any, **more: Any) -> Any:
            os.kill(os.getpid(), signal.SIGINT)
            return await act(*given, **more)

        monkeypatch.setattr(of, name, interrupt)

    interrupted(*STAGES[stage])
    if stage != "ends the session":
        interrupted(*STAGES["ends the session"])
    monkeypatch.setenv("SSL_CERT_FILE", str(server.authority))
    deployed = Deployed(
        "localhost",
        httpx.URL(server.url).port or 443,
        SECRET,
        Machine("base", "localhost", {}, ""),
        {},
    )
    with pytest.raises(KeyboardInterrupt):
        check_call.have_calls(deployed, Stack(deployed.url), [Way.STRAIGHT], None)
    assert sessions(server) == [OTHERS]


def test_whom_nobody_vouches_for_is_told_nothing(server: Alone) -> None:
    port = httpx.URL(server.url).port or 443
    shake_hands("localhost", port, trusting(server))
    with pytest.raises(ssl.SSLCertVerificationError):
        shake_hands("localhost", port, by_authorities())


def test_a_port_where_nobody_is_is_closed() -> None:
    with socket.create_server(("127.0.0.1", 0)) as once:
        port = once.getsockname()[1]
    with pytest.raises(ConnectionRefusedError):
        shake_hands("127.0.0.1", port, by_authorities())


def test_what_is_missing_is_named_with_the_command_that_installs_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(call_check, "find_spec", lambda name: None if name == "aiortc" else name)
    with pytest.raises(PulumiError, match=r"takes aiortc, (.|\n)*Next: uv sync --extra calls"):
        check_call.require()


def test_what_a_server_says_against_a_user_is_told_without_their_token(server: Alone) -> None:
    url, token = server.url.replace("https", "wss"), "tok_secret"

    async def join() -> None:
        await Participant.join(url, trusting(server), 10.0, OTHERS, token)

    with pytest.raises(RefusedError) as refused:
        asyncio.run(join())
    assert str(refused.value).startswith(f"joinRoom: Session {OTHERS}: Token … is not valid")

"""A user's WebSocket, on a server that is alone."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from websockets.sync.client import connect

from lab.openvidu.master.endpoints import MasterEndpoints
from lab.openvidu.master.server_state import MasterState
from lab.openvidu.node.media import Media
from lab.openvidu.node.objects import Session
from lab.openvidu.node.recordings import Uploader
from lab.openvidu.web.messages import Request, Response, Takeover
from lab.tests.openvidu.calls import ask
from openvidu import api
from tests.serving import serving

VIDEO = "v=0\r\nm=video 9 UDP/TLS/RTP/SAVPF 96\r\na=rtpmap:96 VP8/90000\r\n"
OFFER = "v=0\r\nm=audio 9 UDP/TLS/RTP/SAVPF 111\r\n"
VALUES = {"OPENVIDU_SECRET": "secret", "DOMAIN_OR_PUBLIC_IP": "localhost"}


class BusyMaster(MasterState):
    """A server whose media aren't there before somebody says so."""

    ready: threading.Event

    async def has_media_node(self, _: Session) -> bool:
        return True

    async def media_for(self, offer: str) -> Media | None:
        await asyncio.to_thread(self.ready.wait)
        return None


@pytest.fixture
def ready() -> threading.Event:
    return threading.Event()


@pytest.fixture
def url(tmp_path: Path, ready: threading.Event) -> Iterator[str]:
    made: list[MasterEndpoints] = []

    async def handle(request: Request) -> Response | Takeover:
        if not made:
            state = BusyMaster(VALUES, Uploader(VALUES, tmp_path))
            state.ready = ready
            made.append(MasterEndpoints(state))
        return await made[0].handle(request)

    with serving(handle) as found:
        yield found


def invited(url: str, **properties: object) -> tuple[str, str]:
    """A session with such properties, and a token for it."""
    with httpx.Client(base_url=url, auth=("OPENVIDUAPP", "secret"), trust_env=False) as http:
        session = http.post(api.SESSIONS, json=properties).json()["id"]
        made = http.post(f"{api.SESSIONS}/{session}/connection", json={})
        return session, made.json()["token"]


def test_pings_are_answered_while_something_else_takes_its_time(
    url: str, ready: threading.Event
) -> None:
    session, token = invited(url)
    with connect(f"{url.replace('http', 'ws')}/openvidu?sessionId={session}") as socket:
        ask(socket, "joinRoom", session=session, token=token, platform="a test", metadata="")
        params = {"sdpOffer": OFFER, "hasAudio": True, "hasVideo": False, "doLoopback": False}
        publish = {"jsonrpc": "2.0", "id": "slow", "method": "publishVideo", "params": params}
        socket.send(json.dumps(publish))
        assert ask(socket, "ping", interval=5000)["result"] == {"value": "pong"}
        ready.set()
        answer = json.loads(socket.recv(timeout=30))
        assert answer["id"] == "slow"
        assert "sdpAnswer" in answer["result"]


def test_what_was_asked_for_is_answered_in_order(url: str, ready: threading.Event) -> None:
    ready.set()
    session, token = invited(url)
    with connect(f"{url.replace('http', 'ws')}/openvidu?sessionId={session}") as socket:
        ask(socket, "joinRoom", session=session, token=token, platform="a test", metadata="")
        methods = ("sessionStatus", "videoData", "leaveRoom")
        for method in methods:
            socket.send(json.dumps({"jsonrpc": "2.0", "id": method, "method": method}))
        answers = [json.loads(socket.recv(timeout=30))["id"] for _ in methods]
        assert tuple(answers) == methods


@pytest.mark.parametrize(
    ("codec", "transcoding", "refused"),
    [
        ("H264", False, True),
        ("H264", True, False),
        ("VP8", False, False),
        ("NONE", False, False),
        ("MEDIA_SERVER_PREFERRED", False, False),
    ],
)
def test_who_lacks_the_forced_codec_is_refused_unless_somebody_transcodes(
    url: str, ready: threading.Event, codec: str, transcoding: bool, refused: bool
) -> None:
    ready.set()
    session, token = invited(url, forcedVideoCodec=codec, allowTranscoding=transcoding)
    with connect(f"{url.replace('http', 'ws')}/openvidu?sessionId={session}") as socket:
        ask(socket, "joinRoom", session=session, token=token, platform="a test", metadata="")
        params = {"sdpOffer": VIDEO, "hasAudio": False, "hasVideo": True, "doLoopback": False}
        answer = ask(socket, "publishVideo", **params)
    assert (answer.get("error", {}).get("code") == 800) is refused
    assert ("m=video" in answer.get("result", {}).get("sdpAnswer", "")) is not refused

"""A node passes on what its users send, to those who want it."""

from __future__ import annotations

import asyncio
import re
import socket
import subprocess
import sys
from collections.abc import Iterator

import pytest
from aioice import Connection
from aiortc import (
    AudioStreamTrack,
    MediaStreamTrack,
    RTCConfiguration,
    RTCPeerConnection,
    RTCSessionDescription,
)
from aiortc.rtp import is_rtcp

from lab.openvidu.node import sdp
from lab.openvidu.node.media import Media
from openvidu import ports

OWN, PUBLIC = "127.0.0.1", "127.0.0.2"
CANDIDATE = re.compile(r"a=candidate:\S+ 1 udp \d+ (\S+) (\d+) typ host")


class Client:
    """A user, with a connection a stream."""

    def __init__(self) -> None:
        self.connection = RTCPeerConnection(RTCConfiguration(iceServers=[]))
        self.track: asyncio.Future[MediaStreamTrack] = asyncio.get_running_loop().create_future()
        self.connection.on("track", self.track.set_result)

    async def publish(self, media: Media, stream: str) -> str:
        self.connection.addTrack(AudioStreamTrack())
        await self.connection.setLocalDescription(await self.connection.createOffer())
        offer = self.connection.localDescription.sdp
        media.expect(stream, offer)
        answer = await media.take(stream, offer)
        await self.connection.setRemoteDescription(RTCSessionDescription(answer, "answer"))
        return answer

    async def receive(self, media: Media, stream: str, name: str) -> MediaStreamTrack:
        offer = await media.offer(stream, name)
        await self.connection.setRemoteDescription(RTCSessionDescription(offer, "offer"))
        await self.connection.setLocalDescription(await self.connection.createAnswer())
        assert media.accept(stream, name, self.connection.localDescription.sdp)
        return await self.track

    def ice(self) -> Connection:
        """The first of its connections, as ICE has it."""
        (transceiver, *_) = self.connection.getTransceivers()
        connection: Connection = transceiver.receiver.transport.transport._connection
        return connection


class Elsewhere(asyncio.DatagramProtocol):
    """Where a client is from now on; `media` are there once some have come."""

    def __init__(self) -> None:
        self.media: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()

    def datagram_received(self, data: bytes, _: object) -> None:
        if data[0] >> 6 == 2 and not is_rtcp(data) and not self.media.done():
            self.media.set_result(data)


def is_free(port: int) -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.bind((OWN, port))
        except OSError:
            return False
    return True


async def until_free(port: int) -> None:
    while not is_free(port):
        await asyncio.sleep(0.01)


@pytest.fixture
def loop() -> Iterator[asyncio.Runner]:
    with asyncio.Runner() as runner:
        yield runner


def test_what_one_publishes_comes_to_all_who_receive_it_and_to_who_comes_later(
    loop: asyncio.Runner,
) -> None:
    async def act() -> None:
        media, publisher, receivers = Media(OWN), Client(), [Client(), Client()]
        await publisher.publish(media, "stream")
        for number, receiver in enumerate(receivers):
            track = await receiver.receive(media, "stream", f"user-{number}")
            for _ in range(5):
                await track.recv()
        for one in (publisher, *receivers):
            await one.connection.close()

    loop.run(act())


def test_it_comes_in_on_a_documented_port_of_the_machines_addresses(
    loop: asyncio.Runner,
) -> None:
    async def act() -> None:
        media, publisher = Media(OWN, PUBLIC), Client()
        found = CANDIDATE.findall(await publisher.publish(media, "stream"))
        assert list(dict.fromkeys(address for address, _ in found)) == [PUBLIC, OWN]
        (port,) = {int(port) for _, port in found}
        assert ports.MEDIA_FIRST <= port <= ports.MEDIA_LAST
        assert not is_free(port)
        media.keep({})
        await until_free(port)
        assert not media.expects("stream")
        await publisher.connection.close()

    loop.run(act())


def test_who_left_or_wants_it_no_more_has_no_port(loop: asyncio.Runner) -> None:
    async def act() -> None:
        media, publisher = Media(OWN), Client()
        await publisher.publish(media, "stream")
        offers = [await media.offer("stream", name) for name in ("stays", "leaves", "stops")]
        kept, left, stopped = (int(CANDIDATE.findall(offer)[0][1]) for offer in offers)
        media.keep({"stream": {"stays", "stops"}})
        media.end_receiving("stream", "stops")
        for port in (left, stopped):
            await until_free(port)
        assert not is_free(kept)
        media.keep({})
        await until_free(kept)
        await publisher.connection.close()

    loop.run(act())


def test_who_goes_on_from_elsewhere_gets_it_there(loop: asyncio.Runner) -> None:
    async def act() -> None:
        media, publisher, receiver = Media(OWN), Client(), Client()
        await publisher.publish(media, "stream")
        await (await receiver.receive(media, "stream", "user")).recv()
        ice = receiver.ice()
        (pair,) = ice._nominated.values()
        check = ice.build_request(pair, nominate=True)
        check.add_message_integrity(str(ice.remote_password).encode())
        elsewhere = Elsewhere()
        transport, _ = await asyncio.get_running_loop().create_datagram_endpoint(
            lambda: elsewhere, (OWN, 0)
        )
        transport.sendto(bytes(check), pair.remote_addr)
        await elsewhere.media
        transport.close()
        for one in (publisher, receiver):
            await one.connection.close()

    loop.run(act())


def test_the_client_chooses_the_way(loop: asyncio.Runner) -> None:
    async def act() -> None:
        media, publisher, receiver = Media(OWN), Client(), Client()
        await publisher.publish(media, "stream")
        await receiver.receive(media, "stream", "user")
        assert publisher.ice().ice_controlling
        assert receiver.ice().ice_controlling
        for one in (publisher, receiver):
            await one.connection.close()

    loop.run(act())


def test_why_none_come_is_in_the_log(
    loop: asyncio.Runner, capsys: pytest.CaptureFixture[str]
) -> None:
    async def act() -> None:
        media, publisher, receiver = Media(OWN), Client(), Client()
        await publisher.publish(media, "stream")
        offer = await media.offer("stream", "user")
        await receiver.connection.setRemoteDescription(RTCSessionDescription(offer, "offer"))
        await receiver.connection.setLocalDescription(await receiver.connection.createAnswer())
        answer = receiver.connection.localDescription.sdp
        print_ = re.search(r"a=fingerprint:sha-256 (\S+)", answer)
        assert print_
        media.accept("stream", "user", answer.replace(print_[1], print_[1][::-1]))
        while not (said := capsys.readouterr().out):
            await asyncio.sleep(0.01)
        assert said == ("media of stream to user: ConnectionError('ICE completed, DTLS failed')\n")
        for one in (publisher, receiver):
            await one.connection.close()

    loop.run(act())


def test_an_offer_without_a_transport_wants_no_media() -> None:
    assert sdp.Peer.of(sdp.offer({"hasAudio": True, "hasVideo": False})) is not None
    assert sdp.Peer.of("v=0\r\nm=audio 9 UDP/TLS/RTP/SAVPF 111\r\na=sendonly\r\n") is None


def test_a_node_without_media_never_loads_what_passes_them_on() -> None:
    look = "import sys, lab.openvidu.node.server; print([m for m in sys.modules if 'aio' in m[:4]])"
    said = subprocess.run([sys.executable, "-c", look], capture_output=True, text=True, check=True)
    assert not re.search(r"aiortc|aioice", said.stdout), said.stdout

"""Passes media on between a node's users, by aiortc: an SFU in small.

A publisher's packets go to all who receive its stream as they are, decrypted and encrypted anew
only: each receiver was offered the codecs, header extensions and sources of the publisher. What
receivers report, and ask to have sent again, goes to the publisher likewise. Every client of a
stream has a transport of its own, on a UDP port of the documented range, to which the client has
to come, and whose ICE is lite as mediasoup's: it goes by the way that the client chose last.
Source: port table, "Media streams over UDP"; RFC 3550, 8445 and 8839; mediasoup's documentation.

aiortc has no public name for what comes out of a DTLS transport and goes into it: `_Transport`
takes over two of its methods. Only this module and `tape` load aiortc, which takes as long as all
of the server: most nodes of a lab never do.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable, Collection, Coroutine, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from aioice import Candidate, Connection
from aioice.candidate import candidate_foundation, candidate_priority
from aioice.ice import CandidatePair, StunProtocol
from aioice.stun import Message
from aiortc import (
    RTCCertificate,
    RTCDtlsFingerprint,
    RTCDtlsParameters,
    RTCDtlsTransport,
    RTCIceGatherer,
    RTCIceParameters,
    RTCIceTransport,
)

from lab.openvidu.node import sdp
from lab.openvidu.node.tape import Tape
from lab.openvidu.web.server import log
from openvidu import ports

_PORTS = range(ports.MEDIA_FIRST, ports.MEDIA_LAST + 1)
_TRIES = 100
_Received = Callable[[bytes], Awaitable[None]]
"""Is given each RTP and RTCP packet that comes in."""


class Media:
    """The streams that flow through this node."""

    def __init__(self, address: str, public: str | None = None) -> None:
        """Choose where media come in; nothing is opened.

        Args:
            address: the machine's own: the TURN server's way to it.
            public: how clients reach it, where that is another one.
        """
        self._address, self._announced = address, [public, address] if public else [address]
        self._certificate = RTCCertificate.generateCertificate()
        self._streams: dict[str, _Stream] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    def expect(self, stream_id: str, offer: str) -> None:
        """A stream will come, as its publisher offers it."""
        self._streams[stream_id] = _Stream(offer)

    def expects(self, stream_id: str) -> bool:
        """Whether a stream's media flow."""
        return stream_id in self._streams

    async def take(self, stream_id: str, offer: str) -> str:
        """Take a stream from its publisher, again maybe; the answer to the offer."""
        stream, peer = self._streams.get(stream_id), sdp.Peer.of(offer)
        if stream is None or peer is None:
            return sdp.answer(offer)
        self._close(stream.source)
        way = stream.source = self._open(stream.pass_on)
        stream.offer = offer
        await way.transport.iceGatherer.gather()
        self._begin(way, peer, f"from the publisher of {stream_id}")
        return sdp.answer(offer, way.lines())

    async def offer(self, stream_id: str, user_id: str) -> str:
        """Offer a stream that is expected to a user who wants it."""
        stream = self._streams[stream_id]
        self._close(stream.receivers.get(user_id))
        way = stream.receivers[user_id] = self._open(stream.report)
        await way.transport.iceGatherer.gather()
        return sdp.pass_on(stream.offer, way.lines())

    def accept(self, stream_id: str, user_id: str, answer: str) -> bool:
        """A user takes up an offer; whether there was one."""
        stream, peer = self._streams.get(stream_id), sdp.Peer.of(answer)
        way = stream.receivers.get(user_id) if stream else None
        if way is None or peer is None or way.begun:
            return False
        self._begin(way, peer, f"of {stream_id} to {user_id}")
        return True

    def end_receiving(self, stream_id: str, user_id: str) -> None:
        """A user wants a stream no more."""
        if stream := self._streams.get(stream_id):
            self._close(stream.receivers.pop(user_id, None))

    def keep(self, users: Mapping[str, Collection[str]]) -> None:
        """Let go of what has ended.

        Args:
            users: who is in a stream's session, by the streams that there are.
        """
        for stream_id in [known for known in self._streams if known not in users]:
            stream = self._streams.pop(stream_id)
            stream.tape_to(None)
            for way in (stream.source, *stream.receivers.values()):
                self._close(way)
        for stream_id, stream in self._streams.items():
            for user_id in [known for known in stream.receivers if known not in users[stream_id]]:
                self._close(stream.receivers.pop(user_id))

    def tape(self, wanted: Mapping[str, Path]) -> None:
        """Tape what is being recorded, and nothing else any more.

        Args:
            wanted: the files, by the streams.
        """
        for stream_id, stream in self._streams.items():
            stream.tape_to(wanted.get(stream_id))

    def _open(self, received: _Received) -> _Transport:
        return _Transport(self._address, self._announced, self._certificate, received)

    def _begin(self, way: _Transport, peer: sdp.Peer, flow: str) -> None:
        way.begun = True
        self._run(way.begin(peer), f"media {flow}")

    def _close(self, way: _Transport | None) -> None:
        if way is not None:
            self._run(way.close(), "media that are over")

    def _run(self, act: Coroutine[None, None, None], name: str) -> None:
        task = asyncio.create_task(act, name=name)
        self._tasks.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()):
            log(f"{task.get_name()}: {error!r}")


@dataclass
class _Stream:
    """What one publishes.

    Attributes:
        offer: the publisher's.
        source: the transport of its publisher.
        receivers: the transports of those who receive it, by the user.
        tape: what it's recorded on.
    """

    offer: str
    source: _Transport | None = None
    receivers: dict[str, _Transport] = field(default_factory=dict)
    tape: Tape | None = None

    def tape_to(self, file: Path | None) -> None:
        """Tape it from now on, or no more."""
        if self.tape and self.tape.file != file:
            self.tape.close()
            self.tape = None
        if file and self.tape is None:
            self.tape = Tape(file, self.offer)

    async def pass_on(self, packet: bytes) -> None:
        """Give the publisher's packet to all who receive it."""
        if self.tape and (question := self.tape.take(packet)):
            await self.report(question)
        for receiver in list(self.receivers.values()):
            await receiver.send(packet)

    async def report(self, packet: bytes) -> None:
        """Give a receiver's report to the publisher."""
        if self.source:
            await self.source.send(packet)


class _Transport(RTCDtlsTransport):
    """A client's way to and from here; the client begins.

    Attributes:
        begun: whether it is known who will come.
        closed: whether nobody may come any more.
    """

    def __init__(
        self,
        address: str,
        announced: Sequence[str],
        certificate: RTCCertificate,
        received: _Received,
    ) -> None:
        gatherer = RTCIceGatherer(iceServers=[])
        gatherer._connection = _Socket(address)
        super().__init__(RTCIceTransport(gatherer), [certificate])
        self._announced, self._received = announced, received
        self.begun = self.closed = False

    def lines(self) -> list[str]:
        """What a session description says of it."""
        ice = self.transport.iceGatherer.getLocalParameters()
        prints = self.getLocalParameters().fingerprints
        candidates = self.transport.iceGatherer.getLocalCandidates()
        return [
            f"a=ice-ufrag:{ice.usernameFragment}",
            f"a=ice-pwd:{ice.password}",
            *(f"a=fingerprint:{one.algorithm} {one.value}" for one in prints),
            *(
                f"a=candidate:{number} 1 udp {one.priority - number} {address} {one.port} typ host"
                for one in candidates
                for number, address in enumerate(self._announced)
            ),
            "a=end-of-candidates",
        ]

    async def begin(self, peer: sdp.Peer) -> None:
        """Wait for the client, and agree on keys with it.

        Raises:
            ConnectionError: they don't agree.
        """
        if self.closed:
            return
        self._set_role("client" if peer.setup == "passive" else "server")
        await self.transport.start(RTCIceParameters(peer.user, peer.password))
        if self.transport.state == "completed":
            await self.start(RTCDtlsParameters([RTCDtlsFingerprint(*peer.fingerprint)]))
        if self.state != "connected" and not self.closed:
            raise ConnectionError(f"ICE {self.transport.state}, DTLS {self.state}")

    async def send(self, packet: bytes) -> None:
        """Send RTP or RTCP, unless the client isn't there."""
        if self.state == "connected":
            with suppress(ConnectionError):
                await self._send_rtp(packet)

    async def close(self) -> None:
        """Let go of it."""
        self.closed = True
        await self.stop()
        await self.transport.stop()

    async def _handle_rtp_data(self, data: bytes, arrival_time_ms: int) -> None:
        await self._received(data)

    async def _handle_rtcp_data(self, data: bytes) -> None:
        await self._received(data)


class _Socket(Connection):
    """A UDP socket in the documented range, as ICE uses it where it is lite.

    It asks for nothing, and answers. Who is gone is known from who left.
    """

    def __init__(self, address: str) -> None:
        super().__init__(ice_controlling=False)
        self._address = address

    async def get_component_candidates(
        self, component: int, addresses: list[str], timeout: int = 5
    ) -> list[Candidate]:
        """The one at the machine's own address."""
        loop = asyncio.get_running_loop()
        for port in random.sample(_PORTS, _TRIES):
            with suppress(OSError):
                _, protocol = await loop.create_datagram_endpoint(
                    lambda: StunProtocol(self), (self._address, port)
                )
                break
        else:
            raise OSError(f"{_TRIES} UDP ports tried, and none of {_PORTS} is free")
        protocol.local_candidate = Candidate(
            foundation=candidate_foundation("host", "udp", self._address),
            component=component,
            transport="udp",
            priority=candidate_priority(component, "host"),
            host=self._address,
            port=port,
            type="host",
        )
        self._protocols.append(protocol)
        return [protocol.local_candidate]

    def check_incoming(
        self, message: Message, addr: tuple[str, int], protocol: StunProtocol
    ) -> None:
        """Go by the way that the client chose. Source: RFC 8445, 7.3.2."""
        if "USE-CANDIDATE" not in message.attributes:
            return
        component, priority = protocol.local_candidate.component, message.attributes["PRIORITY"]
        remote = Candidate("chosen", component, "udp", priority, *addr, "prflx")
        pair = CandidatePair(protocol, remote)
        pair.state, pair.nominated = CandidatePair.State.SUCCEEDED, True
        self._check_list = [pair]
        self.check_complete(pair)

    async def query_consent(self) -> None:
        """Ask for no consent. Source: RFC 7675: who is lite answers those who ask."""

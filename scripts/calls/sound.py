"""What the participants of a call say and hear: real WebRTC, by aiortc, in sound alone.

Each sends a stream and receives those of all the others, as openvidu-browser does: a connection a
stream, to the node that carries the call. Loaded by the first call that has sound.
"""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import permutations
from typing import Self

from aiortc import (
    AudioStreamTrack,
    MediaStreamTrack,
    RTCConfiguration,
    RTCIceServer,
    RTCIceTransportPolicy,
    RTCInboundRtpStreamStats,
    RTCPeerConnection,
    RTCRtpReceiver,
    RTCSessionDescription,
)
from aiortc.mediastreams import MediaStreamError

from scripts.calls.participant import Participant
from scripts.calls.ways import Way

FIRST_SECONDS = 15.0
"""For the first packet: it takes a dozen messages to agree on how to send them."""
LOOK_SECONDS = 0.02
"""Between two looks: a packet's time. Source: RFC 7587, 4.2, the default of 20 ms."""
_CANDIDATE = re.compile(r"^a=candidate:\S+ 1 udp \d+ (\S+) \d+ typ", re.IGNORECASE | re.MULTILINE)
"""Source: RFC 8839, 5.1."""


class SilentError(Exception):
    """Participants don't hear each other.

    Attributes:
        heard: how many streams came.
        streams: how many there are.
        announced: addresses that the node told its users to send media to.
    """

    def __init__(self, heard: int, streams: int, announced: frozenset[str]) -> None:
        super().__init__(f"{heard} of {streams} streams of sound came within {FIRST_SECONDS:g} s")
        self.heard = heard
        self.streams = streams
        self.announced = announced


@dataclass
class Ear:
    """What one participant hears of another one.

    Attributes:
        receiver: what counts the packets.
        packets: how many came.
        lost: how many didn't.
        last: when one came last, by the monotonic clock; when it was begun, before the first.
        gap: the longest time without one, from the first one on.
        since: Unix seconds when that time began.
    """

    receiver: RTCRtpReceiver
    packets: int = 0
    lost: int = 0
    last: float = 0.0
    gap: float = 0.0
    since: float = 0.0

    async def look(self) -> None:
        """See what came since."""
        now = time.monotonic()
        stats = (await self.receiver.getStats()).values()
        inbound = [one for one in stats if isinstance(one, RTCInboundRtpStreamStats)]
        if self.packets and now - self.last > self.gap:
            self.gap = now - self.last
            self.since = time.time() - self.gap
        if (packets := sum(one.packetsReceived for one in inbound)) > self.packets:
            self.packets, self.last = packets, now
        self.lost = sum(one.packetsLost for one in inbound)


class Sound:
    """The sound of one call.

    Attributes:
        way: how it goes.
        ears: one for each participant and stream.
    """

    def __init__(self, way: Way) -> None:
        self.way = way
        self.ears: list[Ear] = []
        self._announced: set[str] = set()
        self._connections: list[RTCPeerConnection] = []
        self._listening: set[asyncio.Task[None]] = set()

    @classmethod
    async def begin(cls, participants: Sequence[Participant], way: Way) -> Self:
        """Have all participants of a call send, and hear each other.

        Args:
            participants: who have joined.
            way: how it goes.

        Raises:
            SilentError: they don't hear each other.
            RefusedError: the node won't have it.
        """
        made = cls(way)
        try:
            streams = {one: await made._send(one) for one in participants}
            for one, other in permutations(participants, 2):
                await made._receive(one, streams[other])
            await made._wait_for_first()
        except BaseException:
            await made.close()
            raise
        return made

    def turn_of(self, participant: Participant) -> dict[str, str]:
        """The TURN server that a participant goes by: `url`, `username` and `credential`."""
        return {**participant.turn, "url": self.way.url(participant.turn["url"])}

    async def look(self) -> None:
        """See what came since."""
        for ear in self.ears:
            await ear.look()

    async def close(self) -> None:
        """Send and receive no more."""
        for task in self._listening:
            task.cancel()
        await asyncio.gather(*(one.close() for one in self._connections), return_exceptions=True)

    async def _send(self, participant: Participant) -> str:
        """Have a participant send; the stream's id."""
        connection = self._open(participant)
        connection.addTrack(AudioStreamTrack())
        await connection.setLocalDescription(await connection.createOffer())
        published = await participant.ask(
            "publishVideo",
            sdpOffer=connection.localDescription.sdp,
            doLoopback=False,
            hasAudio=True,
            hasVideo=False,
            audioActive=True,
        )
        await connection.setRemoteDescription(self._described(published["sdpAnswer"], "answer"))
        return str(published["id"])

    async def _receive(self, participant: Participant, stream: str) -> None:
        connection = self._open(participant)
        connection.on("track", self._hear)
        offered = await participant.ask("prepareReceiveVideoFrom", sender=stream, reconnect=False)
        await connection.setRemoteDescription(self._described(offered["sdpOffer"], "offer"))
        await connection.setLocalDescription(await connection.createAnswer())
        answer = connection.localDescription.sdp
        await participant.ask("receiveVideoFrom", sender=stream, sdpAnswer=answer)
        self.ears += [Ear(one, last=time.monotonic()) for one in connection.getReceivers()]

    def _open(self, participant: Participant) -> RTCPeerConnection:
        if self.way is Way.STRAIGHT:
            configuration = RTCConfiguration(iceServers=[])
        else:
            told = self.turn_of(participant)
            turn = RTCIceServer(told["url"], told["username"], told["credential"])
            configuration = RTCConfiguration([turn], iceTransportPolicy=RTCIceTransportPolicy.RELAY)
        made = RTCPeerConnection(configuration)
        self._connections.append(made)
        return made

    def _described(self, sdp: str, kind: str) -> RTCSessionDescription:
        self._announced.update(_CANDIDATE.findall(sdp))
        return RTCSessionDescription(sdp, kind)

    def _hear(self, track: MediaStreamTrack) -> None:
        async def hear() -> None:
            with suppress(MediaStreamError):
                while True:
                    await track.recv()

        # What nobody takes is kept for ever.
        self._listening.add(asyncio.create_task(hear()))

    async def _wait_for_first(self) -> None:
        end = time.monotonic() + FIRST_SECONDS
        while not all(ear.packets for ear in self.ears):
            if time.monotonic() > end:
                heard = sum(bool(ear.packets) for ear in self.ears)
                raise SilentError(heard, len(self.ears), frozenset(self._announced))
            await self.look()
            await asyncio.sleep(LOOK_SECONDS)

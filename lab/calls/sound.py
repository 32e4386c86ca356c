"""What the users of a call say and hear: real WebRTC, by aiortc, in sound alone.

Each sends a stream and receives those of all the others, as openvidu-browser does: a connection a
stream, to the node that carries the call. Loaded by the first call that has sound.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import permutations
from typing import Any

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

from lab.calls.plan import Way
from lab.calls.rest import NoSoundError
from lab.calls.user import SilentError, User
from openvidu import ports

LONGEST_SILENCE = 5.0
"""Seconds without a packet after which a call counts as cut."""
_FIRST_SECONDS = 15.0
"""For the first packet: it takes a dozen messages to agree on how to send them."""
_LOOK_SECONDS = 0.02
"""Between two looks: a packet's time. Source: RFC 7587, 4.2, the default of 20 ms."""


@dataclass
class _Ear:
    """What one user hears of another one.

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
    """

    def __init__(self, way: Way) -> None:
        """Choose the way; nobody says anything."""
        self.way = way
        self._connections: list[RTCPeerConnection] = []
        self._ears: list[_Ear] = []
        self._listening: set[asyncio.Task[None]] = set()

    @classmethod
    async def begin(cls, users: Sequence[User], node: str, way: Way) -> Sound:
        """Have all users of a call send, and hear each other.

        Args:
            users: who have joined.
            node: address of the node that carries the call.
            way: how it goes.

        Raises:
            NoSoundError: they don't hear each other.
            RefusedError: the node won't have it.
        """
        made = cls(way)
        if way is Way.TURN_SERVER and users[0].told["url"] == users[0].turn["url"]:
            raise NoSoundError(
                node,
                way,
                f"{way}: found the node's TURN server, {users[0].told['url']}, expected one of "
                "the operator's own. Start a lab that has one: uv run lab --name turn up "
                "--example turn",
            )
        try:
            streams = {user: await made._send(user) for user in users}
            for user, other in permutations(users, 2):
                await made._receive(user, streams[other])
            await made._wait_for_first(node, users[0])
        except BaseException:
            await made.close()
            raise
        return made

    @property
    def heard(self) -> dict[str, Any]:
        """What came of it, as the record has it."""
        gap, since = max(((ear.gap, ear.since) for ear in self._ears), default=(0.0, 0.0))
        lost = sum(ear.lost for ear in self._ears)
        found = {"gap": round(gap * 1000), "since": round(since, 3), "lost": lost}
        return {**found, "way": self.way.value}

    async def listen(self) -> None:
        """Listen, without an end.

        Raises:
            SilentError: somebody hears nothing any more.
        """
        while True:
            await self._look()
            silent = time.monotonic() - min(ear.last for ear in self._ears)
            if silent > LONGEST_SILENCE:
                reason = f"no sound for more than {LONGEST_SILENCE:g} s"
                raise SilentError(time.time() - silent, self.way, reason)
            await asyncio.sleep(_LOOK_SECONDS)

    async def close(self) -> None:
        """Send and receive no more."""
        for task in self._listening:
            task.cancel()
        await asyncio.gather(*(one.close() for one in self._connections), return_exceptions=True)

    async def _send(self, user: User) -> str:
        """Have a user send; the stream's id."""
        connection = self._open(user)
        connection.addTrack(AudioStreamTrack())
        await connection.setLocalDescription(await connection.createOffer())
        published = await user.ask(
            "publishVideo",
            sdpOffer=connection.localDescription.sdp,
            doLoopback=False,
            hasAudio=True,
            hasVideo=False,
            audioActive=True,
        )
        answer = RTCSessionDescription(published["sdpAnswer"], "answer")
        await connection.setRemoteDescription(answer)
        return str(published["id"])

    async def _receive(self, user: User, stream: str) -> None:
        connection = self._open(user)
        connection.on("track", self._hear)
        offered = await user.ask("prepareReceiveVideoFrom", sender=stream, reconnect=False)
        offer = RTCSessionDescription(offered["sdpOffer"], "offer")
        await connection.setRemoteDescription(offer)
        await connection.setLocalDescription(await connection.createAnswer())
        answer = connection.localDescription.sdp
        await user.ask("receiveVideoFrom", sender=stream, sdpAnswer=answer)
        self._ears += [_Ear(one, last=time.monotonic()) for one in connection.getReceivers()]

    def _open(self, user: User) -> RTCPeerConnection:
        turn: dict[str, str] = {}
        url = ""
        match self.way:
            case Way.STRAIGHT:
                pass
            case Way.TURN_SERVER:
                turn, url = user.told, user.told["url"]
            case _:
                turn, url = user.turn, f"{user.turn['url']}?transport={self._transport}"
        servers = [RTCIceServer(url, turn["username"], turn["credential"])] if turn else []
        policy = RTCIceTransportPolicy.RELAY if turn else RTCIceTransportPolicy.ALL
        made = RTCPeerConnection(RTCConfiguration(servers, iceTransportPolicy=policy))
        self._connections.append(made)
        return made

    def _hear(self, track: MediaStreamTrack) -> None:
        async def hear() -> None:
            with suppress(MediaStreamError):
                while True:
                    await track.recv()

        # What nobody takes is kept for ever.
        self._listening.add(asyncio.create_task(hear()))

    async def _look(self) -> None:
        for ear in self._ears:
            await ear.look()

    @property
    def _transport(self) -> str:
        return self.way.value.removeprefix("turn-")

    def _where(self, node: str, user: User) -> str:
        """By which ports sound is expected."""
        match self.way:
            case Way.STRAIGHT:
                return f"UDP {ports.MEDIA_FIRST}-{ports.MEDIA_LAST} of {node}"
            case Way.TURN_SERVER:
                return user.told["url"]
            case _:
                return f"{self._transport.upper()} of {user.turn['url']}"

    async def _wait_for_first(self, node: str, user: User) -> None:
        end = time.monotonic() + _FIRST_SECONDS
        while not all(ear.packets for ear in self._ears):
            if time.monotonic() > end:
                heard = sum(bool(ear.packets) for ear in self._ears)
                raise NoSoundError(
                    node,
                    self.way,
                    f"{heard} of {len(self._ears)} streams of sound came within "
                    f"{_FIRST_SECONDS:g} s; expected by {self._where(node, user)}: is it open in "
                    "the security group, and on the machine?",
                )
            await self._look()
            await asyncio.sleep(_LOOK_SECONDS)

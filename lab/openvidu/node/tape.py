"""What flows of one stream while it's recorded: packets as they come, in a file.

`composition` makes of such files what ends up in the bucket: that takes more of a processor than a
node has to spare while calls go on.
"""

from __future__ import annotations

import json
import struct
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from aiortc.codecs.vpx import VpxPayloadDescriptor
from aiortc.rtp import RTCP_PSFB_PLI, RtcpPsfbPacket, RtpPacket, is_rtcp

from lab.openvidu.node import sdp

VP8, OPUS = "VP8", "opus"
"""What a recording has of a stream: what browsers send, unless they are asked for another one."""
_HEAD = struct.Struct("<dI")
_ASK_SECONDS = 1.0


class Tape:
    """A file that a stream's packets go to."""

    def __init__(self, file: Path, offer: str) -> None:
        """Begin one, or go on with one: a stream that is published again is the same.

        Args:
            file: where; its folder is made.
            offer: the publisher's: which codecs its packets have.
        """
        self.file = file
        self._codecs = sdp.codecs(offer)
        self._has_key_frame, self._asked = False, 0.0
        file.parent.mkdir(parents=True, exist_ok=True)
        # Unbuffered: each packet is whole on disk.
        self._open = file.open("ab", buffering=0)
        if not self._open.tell():
            self._open.write(json.dumps(self._codecs).encode() + b"\n")

    def take(self, data: bytes) -> bytes:
        """Keep a packet; what the publisher is to be asked, or nothing.

        Pictures begin with one that needs none before it, and who joins late has to ask for it.
        Source: RFC 4585, 6.3.1.
        """
        if is_rtcp(data):
            return b""
        self._open.write(_HEAD.pack(time.time(), len(data)) + data)
        if self._has_key_frame:
            return b""
        packet = RtpPacket.parse(data)
        content = content_of(packet, self._codecs)
        if content.codec != VP8 or not content.payload:
            return b""
        self._has_key_frame = is_key_frame(content.payload)
        if self._has_key_frame or time.monotonic() < self._asked + _ASK_SECONDS:
            return b""
        self._asked = time.monotonic()
        return bytes(RtcpPsfbPacket(fmt=RTCP_PSFB_PLI, ssrc=1, media_ssrc=packet.ssrc))

    def close(self) -> None:
        """Keep no more."""
        self._open.close()


@dataclass(frozen=True)
class Taped:
    """What a tape has.

    Attributes:
        codecs: by their payload type.
        packets: each with the Unix seconds when it came, in the order in which they did.
    """

    codecs: Mapping[int, str]
    packets: list[tuple[float, RtpPacket]]


def read(file: Path) -> Taped:
    """Read a tape; a last packet that is there in part is left out."""
    head, _, rest = file.read_bytes().partition(b"\n")
    codecs = {int(number): name for number, name in json.loads(head).items()}
    packets, at = [], 0
    while at + _HEAD.size <= len(rest):
        came, length = _HEAD.unpack_from(rest, at)
        at += _HEAD.size
        if at + length <= len(rest):
            packets.append((came, RtpPacket.parse(rest[at : at + length])))
        at += length
    return Taped(codecs, packets)


@dataclass(frozen=True)
class Content:
    """What a packet has.

    Attributes:
        codec: as its payload type says; `red` and `ulpfec` are no codecs of their own.
        payload: without what only protects others; may be empty.
    """

    codec: str
    payload: bytes


def content_of(packet: RtpPacket, codecs: Mapping[int, str]) -> Content:
    """What a packet has, also where it protects others: browsers send pictures so.

    Of several blocks the last one is the packet's own. Source: RFC 2198, 3; RFC 5109, 14.1.
    """
    name = codecs.get(packet.payload_type, "")
    if name != "red" or not packet.payload:
        return Content(name, packet.payload)
    data, skipped = packet.payload, 0
    at = 0
    while at + 4 <= len(data) and data[at] & 0x80:
        skipped += (data[at + 2] & 3) << 8 | data[at + 3]
        at += 4
    if at >= len(data):
        return Content("", b"")
    own = codecs.get(data[at] & 0x7F, "")
    return Content(own, data[at + 1 + skipped :])


def is_key_frame(payload: bytes) -> bool:
    """Whether a picture that needs none before it begins here. Source: RFC 7741, 4.3."""
    if not payload:
        return False
    try:
        descriptor, data = VpxPayloadDescriptor.parse(payload)
    except ValueError:
        return False
    begins = descriptor.partition_start and not descriptor.partition_id
    return bool(begins and data and not data[0] & 1)

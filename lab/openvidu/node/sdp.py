"""Session descriptions, as text: what is answered, and what is offered.

Without a transport they agree to whatever is offered, for media that never flow: a client gets a
valid answer and goes on, and its ICE finds nobody. With one, media flow: see `media`. What one
publishes is offered to the others as its publisher offered it, so that its packets are right as
they are. Source: RFC 8866 and 8829.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import takewhile

_WAYS = ("sendrecv", "sendonly", "recvonly", "inactive")
_REPLY = {"sendonly": "recvonly", "recvonly": "sendonly", "sendrecv": "recvonly"}
_KEPT = ("a=mid:", "a=rtpmap:", "a=fmtp:", "a=rtcp-fb:", "a=rtcp-mux", "a=rtcp-rsize", "a=extmap:")
_SENT = (*_KEPT, "a=msid:", "a=ssrc:", "a=ssrc-group:")
_ABOUT_PAYLOADS = ("rtpmap", "fmtp", "rtcp-fb")
_ABOUT_BANDWIDTH = ("transport-cc", "transport-wide-cc", "goog-remb")
"""Feedback for one sender about one way: what several receivers say would contradict itself."""
_AUDIO = ("m=audio 9 UDP/TLS/RTP/SAVPF 111", "a=rtpmap:111 opus/48000/2")
_VIDEO = ("m=video 9 UDP/TLS/RTP/SAVPF 96", "a=rtpmap:96 VP8/90000")
_LITE = "a=ice-lite"
"""This side waits for the other one's checks, as mediasoup does. Source: RFC 8839, 5.3."""
_NOWHERE = "c=IN IP4 0.0.0.0"


@dataclass(frozen=True)
class Peer:
    """The transport of the other side, as its description has it.

    Attributes:
        user: ICE's name for it.
        password: ICE's.
        fingerprint: of its certificate: algorithm and value.
        setup: what it is in DTLS: `active`, `passive` or `actpass`.
    """

    user: str
    password: str
    fingerprint: tuple[str, str]
    setup: str

    @classmethod
    def of(cls, description: str) -> Peer | None:
        """The transport, of all media; None where it has none, and so wants no media."""
        lines = [line for line in reversed(description.splitlines()) if line.startswith("a=")]
        found = dict(line[2:].split(":", 1) for line in lines if ":" in line)
        try:
            algorithm, value = found["fingerprint"].split()
            return cls(found["ice-ufrag"], found["ice-pwd"], (algorithm, value), found["setup"])
        except (KeyError, ValueError):
            return None


def answer(offer: str, transport: Sequence[str] = (), *, loopback: bool = False) -> str:
    """An answer that takes every medium and codec of an offer.

    Args:
        offer: of a client.
        transport: lines with the transport of this side.
        loopback: whether a publisher gets its own stream back.
    """
    said = _head([*_groups(offer), *([_LITE] if transport else [])])
    for section in _sections(offer):
        offered = _way(section)
        way = offered if loopback else _REPLY.get(offered, offered)
        said += [section[0], _NOWHERE, *_kept(section, _KEPT), f"a={way}"]
        said += [*(transport or _nobody()), "a=setup:passive"]
    return _text(said)


def offer(media: Mapping[str, object]) -> str:
    """An offer to receive a stream, of which nothing comes.

    Args:
        media: of the stream: `hasAudio`, `hasVideo`.
    """
    wanted = [m for m, name in ((_AUDIO, "hasAudio"), (_VIDEO, "hasVideo")) if media[name]]
    mids = [str(number) for number in range(len(wanted))]
    said = _head([f"a=group:BUNDLE {' '.join(mids)}"])
    for mid, (first, codec) in zip(mids, wanted, strict=True):
        said += [first, _NOWHERE, f"a=mid:{mid}", codec, "a=rtcp-mux", "a=sendonly"]
        said += [*_nobody(), "a=setup:actpass"]
    return _text(said)


def with_video_codec(offer: str, codec: str) -> str | None:
    """An offer whose video is of one codec alone, sent again and repaired as before.

    Args:
        offer: of a publisher.
        codec: its name, such as `H264`.

    Returns:
        None where the offer has video, but not of that codec.
    """
    said = list(takewhile(lambda line: not line.startswith("m="), offer.splitlines()))
    for section in _sections(offer):
        if not section[0].startswith("m=video"):
            said += section
            continue
        kept = _payloads(section, codec)
        if not kept:
            return None
        words = section[0].split()
        others = set(words[3:]) - kept
        first = words[:3] + [number for number in words[3:] if number in kept]
        gone = tuple(f"a={kind}:{number} " for number in others for kind in _ABOUT_PAYLOADS)
        said += [" ".join(first), *(one for one in section[1:] if not one.startswith(gone))]
    return _text(said)


def _payloads(section: Sequence[str], codec: str) -> set[str]:
    """The payload types of a codec, and those with which its packets are sent again."""
    named = [line.removeprefix("a=rtpmap:") for line in section if line.startswith("a=rtpmap:")]
    own = {line.split()[0] for line in named if line.split()[1].upper().startswith(f"{codec}/")}
    again = (line.removeprefix("a=fmtp:").split(" apt=") for line in section if " apt=" in line)
    return own | {number for number, of in again if of in own}


def pass_on(published: str, transport: Sequence[str]) -> str:
    """An offer to receive a stream with its publisher's own packets.

    Args:
        published: what its publisher offered.
        transport: lines with the transport of this side.
    """
    said = _head([*_groups(published), _LITE])
    for section in _sections(published):
        way = "sendonly" if _way(section).startswith("send") else "inactive"
        said += [section[0], _NOWHERE, *_kept(section, _SENT), f"a={way}"]
        said += [*transport, "a=setup:actpass"]
    return _text(said)


def codecs(offer: str) -> dict[int, str]:
    """The codecs that an offer names, by their payload type."""
    found: dict[int, str] = {}
    for line in offer.splitlines():
        if line.startswith("a=rtpmap:"):
            number, name = line.removeprefix("a=rtpmap:").split(" ", 1)
            found[int(number)] = name.partition("/")[0]
    return found


def _sections(description: str) -> Iterable[list[str]]:
    lines = description.splitlines()
    starts = [number for number, line in enumerate(lines) if line.startswith("m=")]
    return [lines[a:b] for a, b in zip(starts, [*starts[1:], len(lines)], strict=True)]


def _way(section: Sequence[str]) -> str:
    return next((way for way in _WAYS if f"a={way}" in section), "sendrecv")


def _kept(section: Sequence[str], beginnings: tuple[str, ...]) -> list[str]:
    kept = [line for line in section[1:] if line.startswith(beginnings)]
    return [line for line in kept if not any(word in line for word in _ABOUT_BANDWIDTH)]


def _groups(description: str) -> list[str]:
    return [line for line in description.splitlines() if line.startswith("a=group:")]


def _head(attributes: Sequence[str]) -> list[str]:
    origin = f"o=- {secrets.randbits(62)} 1 IN IP4 127.0.0.1"
    return ["v=0", origin, "s=-", "t=0 0", *attributes]


def _nobody() -> list[str]:
    """A transport that nobody is at."""
    print_of = ":".join(f"{byte:02X}" for byte in secrets.token_bytes(32))
    ice = f"a=ice-ufrag:{secrets.token_hex(4)}", f"a=ice-pwd:{secrets.token_hex(12)}"
    return [*ice, f"a=fingerprint:sha-256 {print_of}"]


def _text(lines: Iterable[str]) -> str:
    return "\r\n".join(lines) + "\r\n"

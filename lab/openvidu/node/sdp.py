"""Session descriptions that agree to whatever is offered, for media that never flow.

A client gets valid answers and goes on; its ICE finds nobody. Source: RFC 8866 and 8829.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping

_WAYS = ("sendrecv", "sendonly", "recvonly", "inactive")
_REPLY = {"sendonly": "recvonly", "recvonly": "sendonly", "sendrecv": "recvonly"}
_KEPT = ("a=mid:", "a=rtpmap:", "a=fmtp:", "a=rtcp-fb:", "a=rtcp-mux")
_AUDIO = ("m=audio 9 UDP/TLS/RTP/SAVPF 111", "a=rtpmap:111 opus/48000/2")
_VIDEO = ("m=video 9 UDP/TLS/RTP/SAVPF 96", "a=rtpmap:96 VP8/90000")


def answer(offer: str, *, loopback: bool = False) -> str:
    """An answer that takes every medium and codec of an offer.

    Args:
        offer: of a client.
        loopback: whether a publisher gets its own stream back.
    """
    lines = offer.splitlines()
    starts = [number for number, line in enumerate(lines) if line.startswith("m=")]
    sections = [lines[a:b] for a, b in zip(starts, [*starts[1:], len(lines)], strict=True)]
    said = _head([line for line in lines if line.startswith("a=group:")])
    for section in sections:
        offered = next((way for way in _WAYS if f"a={way}" in section), "sendrecv")
        way = offered if loopback else _REPLY.get(offered, offered)
        kept = [line for line in section[1:] if line.startswith(_KEPT)]
        said += [section[0], "c=IN IP4 0.0.0.0", *kept, f"a={way}", *_transport("passive")]
    return "\r\n".join(said) + "\r\n"


def offer(media: Mapping[str, object]) -> str:
    """An offer to receive a stream.

    Args:
        media: of the stream: `hasAudio`, `hasVideo`.
    """
    wanted = [m for m, name in ((_AUDIO, "hasAudio"), (_VIDEO, "hasVideo")) if media[name]]
    mids = [str(number) for number in range(len(wanted))]
    said = _head([f"a=group:BUNDLE {' '.join(mids)}"])
    for mid, (first, codec) in zip(mids, wanted, strict=True):
        said += [first, "c=IN IP4 0.0.0.0", f"a=mid:{mid}", codec, "a=rtcp-mux", "a=sendonly"]
        said += _transport("actpass")
    return "\r\n".join(said) + "\r\n"


def _head(group: list[str]) -> list[str]:
    origin = f"o=- {secrets.randbits(62)} 1 IN IP4 127.0.0.1"
    return ["v=0", origin, "s=-", "t=0 0", *group]


def _transport(setup: str) -> list[str]:
    print_of = ":".join(f"{byte:02X}" for byte in secrets.token_bytes(32))
    ice = f"a=ice-ufrag:{secrets.token_hex(4)}", f"a=ice-pwd:{secrets.token_hex(12)}"
    return [*ice, f"a=fingerprint:sha-256 {print_of}", f"a=setup:{setup}"]

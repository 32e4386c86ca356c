"""Session descriptions: what is left of an offer whose codec is forced."""

from __future__ import annotations

import pytest

from lab.openvidu.node import sdp

OFFER = """v=0
o=- 1 1 IN IP4 127.0.0.1
s=-
t=0 0
a=group:BUNDLE 0 1
m=audio 9 UDP/TLS/RTP/SAVPF 111
a=mid:0
a=rtpmap:111 opus/48000/2
a=fmtp:111 minptime=10;useinbandfec=1
m=video 9 UDP/TLS/RTP/SAVPF 96 97 103 104 9
a=mid:1
a=sendonly
a=rtpmap:96 VP8/90000
a=rtcp-fb:96 nack pli
a=rtpmap:97 rtx/90000
a=fmtp:97 apt=96
a=rtpmap:103 H264/90000
a=rtcp-fb:103 nack pli
a=fmtp:103 profile-level-id=42e01f
a=rtpmap:104 rtx/90000
a=fmtp:104 apt=103
a=rtpmap:9 AV1/90000
"""


@pytest.mark.parametrize(
    ("codec", "payloads", "other"), [("VP8", "96 97", "103"), ("H264", "103 104", "96")]
)
def test_video_is_of_the_forced_codec_alone(codec: str, payloads: str, other: str) -> None:
    left = sdp.with_video_codec(OFFER, codec)
    assert left is not None
    assert f"m=video 9 UDP/TLS/RTP/SAVPF {payloads}\r\n" in left
    assert f":{other} " not in left
    assert all(f"a=rtpmap:{number} " in left for number in payloads.split())
    assert "a=sendonly\r\n" in left


def test_sound_and_session_stay_as_they_were_offered() -> None:
    left = sdp.with_video_codec(OFFER, "H264")
    assert left is not None
    assert left.splitlines()[:9] == OFFER.splitlines()[:9]


def test_a_codec_that_is_not_offered_leaves_nothing() -> None:
    assert sdp.with_video_codec(OFFER, "VP9") is None


def test_an_offer_without_video_stays() -> None:
    sound = OFFER.partition("m=video")[0]
    assert sdp.with_video_codec(sound, "VP9") == sound.replace("\n", "\r\n")

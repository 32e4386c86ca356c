"""What was recorded becomes a file that plays."""

from __future__ import annotations

import asyncio
import shutil
import zipfile
from collections.abc import Mapping
from pathlib import Path

import av
import pytest
from aiortc import (
    AudioStreamTrack,
    RTCConfiguration,
    RTCPeerConnection,
    RTCSessionDescription,
    VideoStreamTrack,
)
from aiortc.rtp import RtpPacket

from lab.openvidu.node import sdp
from lab.openvidu.node.composition import HEIGHT, WIDTH, compose
from lab.openvidu.node.media import Media
from lab.openvidu.node.objects import Recording
from lab.openvidu.node.recordings import Uploader
from lab.openvidu.node.tape import OPUS, VP8, content_of, read
from lab.openvidu.s3.endpoint import Endpoint
from lab.openvidu.s3.store import Store
from lab.tests.openvidu.test_s3 import KEYS
from tests.serving import serving

STREAMS = ("stream-1", "stream-2")
LATE_PACKETS = 40


async def publish(media: Media, stream: str) -> RTCPeerConnection:
    connection = RTCPeerConnection(RTCConfiguration(iceServers=[]))
    connection.addTrack(AudioStreamTrack())
    connection.addTrack(VideoStreamTrack())
    await connection.setLocalDescription(await connection.createOffer())
    offer = connection.localDescription.sdp
    media.expect(stream, offer)
    answer = await media.take(stream, offer)
    await connection.setRemoteDescription(RTCSessionDescription(answer, "answer"))
    return connection


def packets(file: Path, name: str) -> int:
    """Of a kind, that a tape has by now."""
    if not file.exists() or not file.stat().st_size:
        return 0
    taped = read(file)
    return sum(taped.codecs.get(packet.payload_type) == name for _, packet in taped.packets)


async def record(folder: Path) -> list[Path]:
    """Two publish, and a recording begins when their first pictures are over."""
    media = Media("127.0.0.1")
    publishers = [await publish(media, stream) for stream in STREAMS]
    before = {stream: folder / "before" / stream for stream in STREAMS}
    files = {stream: folder / "tapes" / stream for stream in STREAMS}
    for wanted, name in ((before, VP8), (files, OPUS), (files, VP8)):
        media.tape(wanted)
        while any(packets(file, name) < LATE_PACKETS for file in wanted.values()):
            await asyncio.sleep(0.2)
    media.tape({})
    media.keep({})
    for one in publishers:
        await one.close()
    return list(files.values())


@pytest.fixture(scope="module")
def tapes(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    return asyncio.run(record(tmp_path_factory.mktemp("recorded")))


def test_a_composed_recording_plays_with_all_pictures_and_their_sound(
    tapes: list[Path], tmp_path: Path
) -> None:
    assert compose(tmp_path / "call.mp4", tapes)
    with av.open(str(tmp_path / "call.mp4")) as made:
        video, audio = made.streams.video[0], made.streams.audio[0]
        assert (video.codec_context.name, audio.codec_context.name) == ("h264", "aac")
        assert (video.width, video.height) == (2 * WIDTH, HEIGHT)
        *_, last = made.decode(video)
    picture = last.to_ndarray(format="rgb24")
    # aiortc's own picture is green: nothing of either half is black.
    assert all(half[..., 1].mean() > 50 for half in (picture[:, :WIDTH], picture[:, WIDTH:]))


def test_what_a_recording_leaves_out_is_not_in_its_file(tapes: list[Path], tmp_path: Path) -> None:
    assert compose(tmp_path / "call.webm", tapes[:1], video=False)
    with av.open(str(tmp_path / "call.webm")) as made:
        assert [stream.codec_context.name for stream in made.streams] == ["opus"]
        assert sum(1 for _ in made.decode(audio=0)) > 10


def recording(mode: str) -> Recording:
    properties = {"name": "", "outputMode": mode, "hasAudio": True, "hasVideo": True}
    return Recording("recorded", "session", 1, properties, 1)


async def upload(
    folder: Path, tapes: list[Path], wanted: Recording, values: Mapping[str, str]
) -> None:
    """Have a recording end on a node that then stops, as at the end of a drain."""
    uploader = Uploader({"OPENVIDU_RECORDING_PATH": str(folder), **values}, folder)
    uploader.begin(wanted)
    for tape in tapes:
        kept = uploader.tape(wanted, tape.name)
        kept.parent.mkdir(exist_ok=True)
        shutil.copy(tape, kept)
    assert not uploader.keep(wanted, "host")
    told = []

    async def done(recording: Recording) -> None:
        told.append(recording.status)

    uploader.upload(wanted, done, "host")
    await uploader.finish()
    assert told == ["ready"]


def test_streams_that_are_recorded_each_come_in_an_archive(
    tapes: list[Path], tmp_path: Path
) -> None:
    wanted = recording("INDIVIDUAL")
    asyncio.run(upload(tmp_path, tapes[:1], wanted, {}))
    assert wanted.url == "https://host/openvidu/recordings/recorded/recorded.zip"
    (file,) = (tmp_path / "recorded").iterdir()
    with zipfile.ZipFile(file) as archive:
        assert set(archive.namelist()) == {"recorded.json", "stream-1.webm"}
        archive.extract("stream-1.webm", tmp_path)
    with av.open(str(tmp_path / "stream-1.webm")) as made:
        assert [stream.codec_context.name for stream in made.streams] == ["vp8", "opus"]


def test_a_node_that_stops_leaves_a_file_that_plays_in_the_bucket(
    tapes: list[Path], tmp_path: Path
) -> None:
    stored, folder = tmp_path / "s3", tmp_path / "recordings"
    (stored / "calls").mkdir(parents=True)
    with serving(Endpoint(Store(stored), KEYS).handle) as url:
        bucket = {
            "OPENVIDU_PRO_AWS_S3_BUCKET": "calls",
            "OPENVIDU_PRO_AWS_S3_SERVICE_ENDPOINT": url,
            "OPENVIDU_PRO_AWS_ACCESS_KEY": KEYS.access,
            "OPENVIDU_PRO_AWS_SECRET_KEY": KEYS.secret,
        }
        wanted = recording("COMPOSED")
        asyncio.run(upload(folder, tapes, wanted, bucket))
        assert wanted.url == f"{url}/calls/recorded/recorded.mp4"
    (file,) = (stored / "calls").glob("*.mp4")
    with av.open(str(file)) as made:
        assert [stream.codec_context.name for stream in made.streams] == ["h264", "aac"]
        assert sum(1 for _ in made.decode(video=0)) > 5
    assert not list(folder.iterdir())


def test_of_nothing_no_file_is_made(tmp_path: Path) -> None:
    assert not compose(tmp_path / "call.mp4", [])
    assert not (tmp_path / "call.mp4").exists()


@pytest.mark.parametrize(
    ("payload", "codec", "own"),
    [
        (b"\x60picture", VP8, b"picture"),
        (b"\xe0\x00\x00\x03\x60oldpicture", VP8, b"picture"),
        (b"\x78repair", "ulpfec", b"repair"),
        (b"", "red", b""),
    ],
)
def test_pictures_are_taken_out_of_what_protects_them(
    payload: bytes, codec: str, own: bytes
) -> None:
    packet = RtpPacket(payload_type=118, payload=payload)
    found = content_of(packet, {96: VP8, 118: "red", 120: "ulpfec"})
    assert (found.codec, found.payload) == (codec, own)


def test_an_offer_names_its_codecs_by_their_payload_types() -> None:
    assert sdp.codecs("m=audio 9 X 111\r\na=rtpmap:111 opus/48000/2\r\n") == {111: "opus"}

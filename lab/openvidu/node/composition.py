"""Makes of what was taped a file that plays: `python -m lab.openvidu.node.composition FILE TAPE…`.

FILE ends in mp4 or webm. Pictures stand beside each other, as OpenVidu's layout BEST_FIT has them,
and all sound is mixed. `--no-audio` and `--no-video` leave one of them out.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from aiortc import RTCRtpCodecParameters
from aiortc.codecs import depayload, get_decoder
from aiortc.jitterbuffer import JitterBuffer
from av.audio.frame import AudioFrame
from av.audio.stream import AudioStream
from av.container import OutputContainer
from av.video.frame import VideoFrame
from av.video.stream import VideoStream
from numpy.typing import NDArray

from lab.openvidu.node.tape import OPUS, VP8, Taped, content_of, read

WIDTH, HEIGHT = 320, 240
"""Of each picture."""
FRAMES_A_SECOND = 10
SAMPLES_A_SECOND = 48000
_RATES = {VP8: 90000, OPUS: SAMPLES_A_SECOND}
_CODECS = {".mp4": ("libx264", "aac"), ".webm": ("libvpx", "libopus")}
_PROTECTS = {VP8: "ulpfec"}
_CHUNK = 960
Pixels = NDArray[np.uint8]
Samples = NDArray[np.int32]


@dataclass(frozen=True)
class Shown:
    """One moment of a stream.

    Attributes:
        at: Unix seconds.
        frame: picture or sound.
    """

    at: float
    frame: VideoFrame | AudioFrame


def decoded(taped: Taped, name: str) -> Iterator[Shown]:
    """The pictures, or the sound, of a stream.

    Args:
        taped: the stream.
        name: `VP8` or `opus`.
    """
    rate = _RATES[name]
    codec = RTCRtpCodecParameters(
        mimeType=f"{'video' if name == VP8 else 'audio'}/{name}", clockRate=rate
    )
    buffer = JitterBuffer(512, is_video=True) if name == VP8 else JitterBuffer(16, prefetch=4)
    decoder = get_decoder(codec)
    begun: tuple[float, int] | None = None
    for came, packet in taped.packets:
        content = content_of(packet, taped.codecs)
        # What only protects pictures has a number among them: without it one would seem to be lost.
        if content.codec not in (name, _PROTECTS.get(name)):
            continue
        own = content.payload if content.codec == name else b""
        packet._data = depayload(codec, own) if own else b""  # type: ignore[attr-defined]
        begun = begun or (came, packet.timestamp)
        _, whole = buffer.add(packet)
        if whole is None:
            continue
        # Timestamps come round after 2^32, and one may be before the first.
        since = (whole.timestamp - begun[1] + 2**31) % 2**32 - 2**31
        try:
            frames = decoder.decode(whole)
        except av.FFmpegError:
            # Without the pictures before, of which one was lost.
            continue
        for frame in frames:
            assert isinstance(frame, VideoFrame | AudioFrame)  # noqa: S101 - the codecs' own
            yield Shown(begun[0] + since / rate, frame)


def compose(file: Path, tapes: Sequence[Path], *, audio: bool = True, video: bool = True) -> bool:
    """Write a file with what was taped; False where nothing was that may be in it.

    Args:
        file: to write; its ending says which codecs it has.
        tapes: of one stream each.
        audio: whether sound is in it.
        video: whether pictures are in it.
    """
    streams = [read(tape) for tape in tapes]
    times = [came for one in streams for came, _ in one.packets]
    if not times:
        return False
    start, seconds = min(times), max(times) - min(times)
    for_video, for_audio = _CODECS[file.suffix]
    with av.open(str(file), "w") as output:
        # Both are there before the first packet, with which the file's head is written.
        picture = _picture_of(output, for_video, len(streams)) if video else None
        sound = _sound_of(output, for_audio) if audio else None
        if picture:
            for number, pixels in enumerate(_pictures(streams, start, seconds)):
                frame = VideoFrame.from_ndarray(pixels, format="rgb24").reformat(format="yuv420p")
                frame.pts, frame.time_base = number, Fraction(1, FRAMES_A_SECOND)
                output.mux(picture.encode(frame))
            output.mux(picture.encode(None))
        if sound:
            for heard in _chunks(_mixed(streams, start, seconds)):
                output.mux(sound.encode(heard))
            output.mux(sound.encode(None))
    return True


def _picture_of(output: OutputContainer, codec: str, count: int) -> VideoStream:
    columns, rows = _grid(count)
    made = output.add_stream(codec, rate=FRAMES_A_SECOND)
    assert isinstance(made, VideoStream)  # noqa: S101 - the codec's kind
    made.width, made.height, made.pix_fmt = WIDTH * columns, HEIGHT * rows, "yuv420p"
    return made


def _sound_of(output: OutputContainer, codec: str) -> AudioStream:
    made = output.add_stream(codec, rate=SAMPLES_A_SECOND)
    assert isinstance(made, AudioStream)  # noqa: S101 - the codec's kind
    made.layout = "mono"
    return made


def _grid(count: int) -> tuple[int, int]:
    columns = math.ceil(math.sqrt(count))
    return columns, math.ceil(count / columns)


def _pictures(streams: Sequence[Taped], start: float, seconds: float) -> Iterator[Pixels]:
    """All streams' pictures beside each other, at each moment that the file has."""
    columns, rows = _grid(len(streams))
    wall: Pixels = np.zeros((HEIGHT * rows, WIDTH * columns, 3), np.uint8)
    coming = [decoded(one, VP8) for one in streams]
    following = [next(one, None) for one in coming]
    for number in range(max(1, int(seconds * FRAMES_A_SECOND))):
        now = start + number / FRAMES_A_SECOND
        for place, one in enumerate(coming):
            latest = None
            while (shown := following[place]) and shown.at <= now:
                latest, following[place] = shown, next(one, None)
            if latest and isinstance(latest.frame, VideoFrame):
                row, column = divmod(place, columns)
                small = latest.frame.reformat(WIDTH, HEIGHT, "rgb24").to_ndarray()
                at_row, at_column = row * HEIGHT, column * WIDTH
                wall[at_row : at_row + HEIGHT, at_column : at_column + WIDTH] = small
        yield wall


def _mixed(streams: Sequence[Taped], start: float, seconds: float) -> Samples:
    """The sound of all streams."""
    whole: Samples = np.zeros(int(seconds * SAMPLES_A_SECOND) + SAMPLES_A_SECOND, np.int32)
    for one in streams:
        for shown in decoded(one, OPUS):
            samples = shown.frame.to_ndarray().reshape(-1, 2).astype(np.int32).mean(axis=1)
            at = max(0, int((shown.at - start) * SAMPLES_A_SECOND))
            part = whole[at : at + len(samples)]
            part += samples[: len(part)].astype(np.int32)
    return whole.clip(-(2**15), 2**15 - 1)


def _chunks(samples: Samples) -> Iterator[AudioFrame]:
    for at in range(0, len(samples) - _CHUNK, _CHUNK):
        chunk = samples[at : at + _CHUNK].astype(np.int16).reshape(1, -1)
        frame = AudioFrame.from_ndarray(chunk, format="s16", layout="mono")
        frame.sample_rate, frame.pts = SAMPLES_A_SECOND, at
        frame.time_base = Fraction(1, SAMPLES_A_SECOND)
        yield frame


if __name__ == "__main__":
    options = {word for word in sys.argv[1:] if word.startswith("--")}
    target, *found = (Path(word) for word in sys.argv[1:] if word not in options)
    made = compose(
        target, found, audio="--no-audio" not in options, video="--no-video" not in options
    )
    sys.exit(0 if made else 3)

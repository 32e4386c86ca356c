"""Calls between real browsers: what their users see, and what is missing for them."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from importlib import import_module
from pathlib import Path
from urllib.parse import urlsplit

import av
import httpx
import numpy as np
import pytest

from lab.calls.account import Account
from lab.calls.browsers import installed
from lab.calls.generator import Generator
from lab.calls.lengths import Lengths
from lab.calls.plan import Door, Media, Plan
from lab.calls.record import Record
from lab.calls.report import Call, Report, Result
from lab.calls.runs import HANG_UP, Run, Runs, request_of
from lab.cli.calls import require_browsers, require_media
from lab.cloud.requirements import CLIENTS, without_program
from lab.errors import LabError
from lab.openvidu.node.rest_answers import RECORDINGS
from lab.openvidu.node.tape import VP8, content_of, is_key_frame, read
from lab.tests.npm import install
from lab.tests.openvidu.alone import SECRET, Alone, openvidu_alone
from openvidu import api
from scripts.calls.rest import Api

MISSING = [entry.what for entry in without_program(CLIENTS)]


PACKETS = 30


class Front:
    """Leads browsers to OpenVidu, until their connections are cut; new ones are led there again."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._open: list[asyncio.StreamWriter] = []

    async def take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        theirs = await asyncio.open_connection("127.0.0.1", self._port)
        self._open += [writer, theirs[1]]
        await asyncio.gather(self._pass(reader, theirs[1]), self._pass(theirs[0], writer))

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while data := await reader.read(2**16):
                writer.write(data)
        except ConnectionError:
            pass
        finally:
            writer.close()

    def cut(self) -> None:
        for writer in self._open:
            writer.transport.abort()
        self._open.clear()


@asynccontextmanager
async def front(alone: Alone) -> AsyncIterator[Front]:
    made = Front(urlsplit(alone.url).port or 443)
    server = await asyncio.start_server(made.take, "127.0.0.1", alone.front_port)
    async with server:
        yield made


async def until(found: Callable[[], bool]) -> None:
    async with asyncio.timeout(150):
        while not found():
            await asyncio.sleep(0.1)


def counted(folder: Path) -> Report:
    return Account.of(Runs(folder), Runs(folder).all()).report


def open_calls(folder: Path) -> list[Call]:
    return [call for call in counted(folder).with_result(Result.LIVE) if call.session]


async def start_recording(alone: Alone, door: Door, session: str) -> None:
    login = (api.USER, SECRET)
    async with httpx.AsyncClient(base_url=alone.url, auth=login, verify=door.trust()) as http:
        answer = await http.post(f"{RECORDINGS}/start", json={"session": session})
        assert answer.status_code == 200, answer.text


def recorded_packets(folder: Path) -> int:
    """Of the pictures of the stream that has fewest, from one on that needs none before it."""
    tapes = [tape for tape in folder.glob("recordings/*/.tapes/*") if tape.stat().st_size]
    return min(map(of_pictures, tapes)) if len(tapes) == 2 else 0


def of_pictures(tape: Path) -> int:
    taped = read(tape)
    contents = [content_of(one, taped.codecs) for _, one in taped.packets]
    sent = [one.payload for one in contents if one.codec == VP8]
    whole = (number for number, one in enumerate(sent) if is_key_frame(one))
    return len(sent) - next(whole, len(sent))


async def calls_of_which_one_is_ended_and_one_broken(alone: Alone, folder: Path) -> None:
    """The server ends the first; the second one's sockets break, and its users hang up at last."""
    door = Door(alone.url, SECRET, str(alone.authority))
    plan = Plan(door, 2, Lengths(300.0, 300.0), browsers=2)
    file = Run(folder / "calls" / "run-1").next_file()
    file.parent.mkdir(parents=True)
    record = Record(file)
    rest = Api(door.url, SECRET, door.trust(), plan.pace.answer)
    async with front(alone) as way:
        making = asyncio.create_task(Generator(plan, record, request_of(file), "1-1").run())
        await until(lambda: len(open_calls(folder)) == 2 or making.done())
        await rest.end_session(open_calls(folder)[0].session)
        await until(lambda: counted(folder).count(Result.CUT) == 1)
        await start_recording(alone, door, open_calls(folder)[0].session)
        way.cut()
        await until(lambda: len(counted(folder).reconnections) == 2)
        await until(lambda: recorded_packets(folder) >= PACKETS)
        request_of(file).write_text(HANG_UP)
        await making
    await until(lambda: not list(folder.glob("recordings/*/.tapes")))
    await rest.close()
    record.close()


@pytest.mark.skipif(bool(MISSING), reason=f"no browser calls here: no {' and no '.join(MISSING)}")
def test_browsers_see_each_other_and_say_in_their_own_words_how_it_ended(tmp_path: Path) -> None:
    install(installed.HERE)
    # On a busy machine it takes longer than the 10 s for which a client waits for an answer.
    import_module("lab.openvidu.node.media")
    with openvidu_alone(tmp_path) as alone:
        asyncio.run(calls_of_which_one_is_ended_and_one_broken(alone, tmp_path))
    told = Account.of(Runs(tmp_path), Runs(tmp_path).all()).as_json()
    cut, ended = sorted(told["calls"], key=lambda call: str(call["result"]))
    assert (cut["result"], cut["reason"]) == ("cut", "sessionDisconnected: sessionClosedByServer")
    assert cut["browser"]["ended"] == "sessionDisconnected: sessionClosedByServer"
    assert (ended["result"], len(ended["reconnections"])) == ("ended", 2)
    assert ended["browser"]["ended"] == "sessionDisconnected: disconnect"
    words = [one["words"] for one in ended["browser"]["said"]]
    assert [words.count(word) for word in ("reconnecting", "reconnected")] == [2, 2]
    assert ended["browser"]["longestFreeze"] > 0
    assert told["browsers"]["longestFreeze"]["worst"] >= ended["browser"]["longestFreeze"]
    assert not (tmp_path / "calls" / "run-1" / "generator-1.chromium").exists()
    (recorded,) = tmp_path.glob("recordings/*/*.mp4")
    with av.open(str(recorded)) as made:
        assert [one.codec_context.name for one in made.streams] == ["h264", "aac"]
        *_, last = made.decode(video=0)
        halves = np.hsplit(last.to_ndarray(format="rgb24"), 2)
    # What nobody sent is black: both users are in it.
    assert all(half.mean() > 20 for half in halves)


def test_more_browsers_than_calls_are_refused() -> None:
    with pytest.raises(LabError, match="--browsers must be at most --count 2, got 3"):
        require_browsers(3, 2, 2)


def test_npms_packages_that_are_missing_are_named_with_what_to_type(tmp_path: Path) -> None:
    with pytest.raises(LabError) as raised:
        installed.require(tmp_path)
    assert "openvidu-browser, puppeteer-core" in str(raised.value)
    assert f"\n  npm ci --ignore-scripts --prefix {tmp_path}" in str(raised.value)


def test_programs_that_are_missing_are_named_with_their_packages(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shutil, "which", lambda *_, **__: None)
    with pytest.raises(LabError, match=r"apt-get install .* nodejs npm chromium"):
        installed.require(tmp_path)


def test_one_user_alone_sees_nobody() -> None:
    with pytest.raises(LabError, match="--browsers needs --participants 2 or more, got 1"):
        require_browsers(1, 2, 1)


@pytest.mark.parametrize(
    ("text", "participants", "said"),
    [
        ("5", 2, "--media must be at most 2, the calls without --browsers, got 5"),
        ("1", 1, "--media needs --participants 2 or more, got 1"),
        ("2:turn-server", 2, "--media by turn-server needs a cluster with turnServer"),
    ],
)
def test_sound_that_cannot_be_is_refused(text: str, participants: int, said: str) -> None:
    with pytest.raises(LabError, match=said):
        require_media(Media.parse(text), 2, participants, turn_server="")

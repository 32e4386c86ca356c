"""Recordings on disk, and their upload to the bucket.

Source: page, "Enabling Recording" and prerequisites ("stored locally while being recorded, and
then uploaded to S3"); REST reference, "The Recording object".
"""

from __future__ import annotations

import asyncio
import json
import shutil
import sys
import zipfile
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path

from lab.openvidu import faults
from lab.openvidu.node.cluster import Json
from lab.openvidu.node.objects import Recording
from lab.openvidu.s3.client import Bucket, BucketError
from lab.openvidu.s3.signature import Keys
from lab.openvidu.web.server import log

_DEFAULT_FOLDER = "/opt/openvidu/recordings"
_DEFAULT_SECONDS = "10"
_SIZE = 16 * 1024

Done = Callable[[Recording], Awaitable[None]]
"""Is called with a recording whose upload has ended."""


class Uploader:
    """Stores what was recorded, uploads it, and removes the local file."""

    def __init__(self, values: Mapping[str, str], install: Path) -> None:
        self._folder = Path(values.get("OPENVIDU_RECORDING_PATH") or _DEFAULT_FOLDER)
        self._install = install
        self._bucket = _bucket(values)
        self._changed: dict[str, Json] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    def begin(self, recording: Recording) -> None:
        """Make the local file, which is there as long as the recording isn't in the bucket."""
        path = self._file(recording.id, recording.name, recording.extension)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"\0" * _SIZE)
        self._note(recording)

    def tape(self, recording: Recording, stream_id: str) -> Path:
        """The file for what flows of a stream while it's recorded."""
        return self._tapes(recording) / stream_id

    def upload(self, recording: Recording, done: Done, host: str) -> None:
        """Compose and upload in the background, and then call `done`.

        Args:
            recording: has stopped.
            done: is called in the end.
            host: where clients reach the server, for what stays here.
        """
        self._note(recording)
        task = asyncio.create_task(self._upload(recording, done, host))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def keep(self, recording: Recording, host: str) -> bool:
        """Leave a recording on the node, ready; False where it has to be composed or uploaded.

        Args:
            recording: has stopped.
            host: where clients reach the server.
        """
        if self._bucket or self._tapes(recording).is_dir():
            return False
        path = self._file(recording.id, recording.name, recording.extension)
        recording.size, recording.status = path.stat().st_size, "ready"
        recording.url = _url(host, recording, path)
        self._note(recording)
        return True

    async def remove(self, recording: Json) -> None:
        """Remove what there is of a recording, on this node and in the bucket.

        Raises:
            BucketError: the bucket can't be used.
        """
        stem = Path(str(recording["url"] or "")).name or f"{recording['name']}.mp4"
        name, _, extension = stem.rpartition(".")
        path = self._file(str(recording["id"]), name, extension)
        path.unlink(missing_ok=True)
        if self._bucket:
            await self._bucket.delete(f"{recording['id']}/{stem}")

    def take_changes(self) -> dict[str, Json]:
        """The recordings that changed since the last time."""
        changed, self._changed = self._changed, {}
        return changed

    def give_back(self, changed: dict[str, Json]) -> None:
        """What was taken, and could not be reported."""
        self._changed = changed | self._changed

    async def finish(self) -> None:
        """Wait for the uploads, unless the fault `slow-upload` says to abandon them."""
        fault = faults.look("slow-upload")
        if fault and fault.option("abandon", "false") == "true":
            return
        if self._tasks:
            await asyncio.wait(self._tasks)

    async def _upload(
        self, recording: Recording, done: Callable[[Recording], Awaitable[None]], host: str
    ) -> None:
        fault = faults.strike("slow-upload")
        if fault:
            await asyncio.sleep(float(fault.option("seconds", _DEFAULT_SECONDS)))
        path = self._file(recording.id, recording.name, recording.extension)
        await self._compose(recording, path)
        recording.size = path.stat().st_size
        recording.status = "ready"
        if not self._bucket:
            recording.url = _url(host, recording, path)
        else:
            key = f"{recording.id}/{path.name}"
            try:
                await self._bucket.put(key, path.read_bytes())
            except BucketError as error:
                recording.status = "failed"
                log(f"recording {recording.id} was not uploaded: {error}")
            else:
                recording.url = f"{self._bucket.endpoint}/{self._bucket.name}/{key}"
                path.unlink()
                path.parent.rmdir()
                log(f"recording {recording.id} uploaded")
        self._note(recording)
        await done(recording)

    async def _compose(self, recording: Recording, path: Path) -> None:
        """Make the file of what was taped; without any it stays as it was begun."""
        folder = self._tapes(recording)
        tapes = sorted(folder.iterdir()) if folder.is_dir() else []
        if path.suffix == ".zip":
            made = [await _composed(recording, tape.with_suffix(".webm"), [tape]) for tape in tapes]
            if found := [file for file in made if file]:
                with zipfile.ZipFile(path, "w") as archive:
                    archive.writestr(f"{recording.name}.json", json.dumps(recording.describe()))
                    for file in found:
                        archive.write(file, file.name)
        elif tapes:
            await _composed(recording, path, tapes)
        if folder.is_dir():
            shutil.rmtree(folder)

    def _tapes(self, recording: Recording) -> Path:
        return self._folder / recording.id / ".tapes"

    def _file(self, recording_id: str, name: str, extension: str) -> Path:
        return self._folder / recording_id / f"{name}.{extension}"

    def _note(self, recording: Recording) -> None:
        self._changed[recording.id] = recording.describe()


async def _composed(recording: Recording, file: Path, tapes: Sequence[Path]) -> Path | None:
    """Compose a file in a process of its own; None where that fails, or there is nothing."""
    left_out = [
        f"--no-{name.lower()}"
        for name in ("Audio", "Video")
        if not recording.properties[f"has{name}"]
    ]
    module = "lab.openvidu.node.composition"
    words = [sys.executable, "-m", module, *left_out, str(file), *map(str, tapes)]
    process = await asyncio.create_subprocess_exec(*words)
    if status := await process.wait():
        log(f"recording {recording.id}: {file.name} was not composed, status {status}")
        return None
    return file


def _url(host: str, recording: Recording, path: Path) -> str:
    """Of a recording that stays on the node."""
    return f"https://{host}/openvidu/recordings/{recording.id}/{path.name}"


def _bucket(values: Mapping[str, str]) -> Bucket | None:
    """The recordings' bucket; `None` where recordings stay on the node."""
    name = values.get("OPENVIDU_PRO_AWS_S3_BUCKET", "")
    endpoint = values.get("OPENVIDU_PRO_AWS_S3_SERVICE_ENDPOINT", "")
    if values.get("OPENVIDU_PRO_RECORDING_STORAGE", "s3") != "s3" or not (name and endpoint):
        return None
    keys = Keys(
        values.get("OPENVIDU_PRO_AWS_ACCESS_KEY", ""), values.get("OPENVIDU_PRO_AWS_SECRET_KEY", "")
    )
    return Bucket(endpoint, name, keys, values.get("OPENVIDU_PRO_AWS_REGION") or "us-east-1")

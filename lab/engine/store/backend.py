"""The file backend: stacks, their history and backups in a folder, as the CLI lays them out.

    .pulumi/meta.yaml
    .pulumi/stacks/PROJECT/STACK.json      the checkpoint, and .json.bak before it
    .pulumi/locks/organization/PROJECT/STACK/ID.json
    .pulumi/history/PROJECT/STACK/...      what was done when
    .pulumi/backups/PROJECT/STACK/...      the checkpoint before each update

Source: pulumi, pkg/backend/diy/store.go, state.go, backend.go.
"""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from lab.engine.errors import EngineError, StackNotFoundError, UsageError
from lab.engine.store.codec import VERSION, check_version
from lab.engine.store.files import write_whole
from lab.engine.store.lock import StackLock, lock_files


class Backend:
    """Stacks of one project in a folder.

    Args:
        url: `file://PATH`; `file://~` is the home folder.
        project: the project's name.
    """

    def __init__(self, url: str, project: str) -> None:
        self.url = url
        self._project = project
        self._root = _folder(url) / ".pulumi"

    def names(self) -> list[str]:
        """The stacks of the project."""
        folder = self._root / "stacks" / self._project
        return sorted(file.stem for file in folder.glob("*.json")) if folder.is_dir() else []

    def exists(self, stack: str) -> bool:
        """Whether there is such a stack."""
        return self._checkpoint(stack).is_file()

    def create(self, stack: str) -> None:
        """Make an empty stack.

        Raises:
            EngineError: there is one of that name.
        """
        if self.exists(stack):
            raise EngineError(f"stack '{stack}' already exists")
        meta = self._root / "meta.yaml"
        if not meta.exists():
            write_whole(meta, "version: 1\n")
        self.save(stack, None)

    def load(self, stack: str) -> Mapping[str, Any]:
        """The raw deployment of a stack; empty when nothing was deployed yet.

        Raises:
            StackNotFoundError: there is no such stack.
            EngineError: its file can't be read.
        """
        file = self._checkpoint(stack)
        try:
            raw = json.loads(file.read_text())
        except FileNotFoundError:
            raise StackNotFoundError(stack) from None
        except ValueError as error:
            raise EngineError(
                f"{file}: no JSON ({error})\n  the one before it is {file.name}.bak"
            ) from error
        check_version(raw, str(file))
        latest: Mapping[str, Any] = (raw.get("checkpoint") or {}).get("latest") or {}
        return latest

    def has_secrets(self, stack: str) -> bool:
        """Whether anything in a stack's checkpoint is encrypted."""
        return '"ciphertext"' in self._checkpoint(stack).read_text()

    def save(self, stack: str, deployment: Iterable[bytes] | None) -> None:
        """Write a stack's checkpoint, whole.

        Args:
            stack: the stack's name.
            deployment: JSON of the deployment, in pieces, or None for a stack without one.
        """
        name = json.dumps(f"organization/{self._project}/{stack}")
        head = f'{{"version":{VERSION},"checkpoint":{{"stack":{name}'.encode()
        latest = [] if deployment is None else [b',"latest":', *deployment]
        write_whole(self._checkpoint(stack), [head, *latest, b"}}\n"])

    def back_up(self, stack: str) -> None:
        """Keep a copy of the checkpoint, as it is before an update."""
        file = self._checkpoint(stack)
        content = file.read_text()
        write_whole(file.with_suffix(".json.bak"), content, durable=False)
        copy = self._of(stack, "backups") / f"{stack}.{time.time_ns()}.json"
        write_whole(copy, content, durable=False)

    def record(self, stack: str, entry: Mapping[str, Any]) -> None:
        """Add an update to the stack's history, with the checkpoint that it left."""
        base = self._of(stack, "history") / f"{stack}-{time.time_ns()}"
        write_whole(base.with_name(f"{base.name}.history.json"), json.dumps(entry), durable=False)
        checkpoint = self._checkpoint(stack).read_text()
        write_whole(base.with_name(f"{base.name}.checkpoint.json"), checkpoint, durable=False)

    def history(self, stack: str) -> list[Mapping[str, Any]]:
        """The stack's updates, the newest first."""
        files = self._of(stack, "history").glob("*.history.json")
        return [json.loads(file.read_text()) for file in sorted(files, reverse=True)]

    def remove(self, stack: str) -> None:
        """Remove a stack; its backups stay.

        Raises:
            StackNotFoundError: there is no such stack.
        """
        if not self.exists(stack):
            raise StackNotFoundError(stack)
        file = self._checkpoint(stack)
        for one in file.parent.glob(f"{file.name}*"):
            one.unlink()
        shutil.rmtree(self._of(stack, "history"), ignore_errors=True)

    def lock(self, stack: str) -> StackLock:
        """The stack's lock, not taken yet."""
        return StackLock(self._locks(stack), stack)

    def unlock(self, stack: str) -> None:
        """Remove every lock of a stack, whoever holds it."""
        for file in lock_files(self._locks(stack)):
            file.unlink(missing_ok=True)

    def _checkpoint(self, stack: str) -> Path:
        return self._root / "stacks" / self._project / f"{stack}.json"

    def _of(self, stack: str, kind: str) -> Path:
        return self._root / kind / self._project / stack

    def _locks(self, stack: str) -> Path:
        return self._root / "locks" / "organization" / self._project / stack


def _folder(url: str) -> Path:
    parts = urlsplit(url)
    if parts.scheme != "file":
        raise UsageError(
            f"backend '{url}': this engine keeps state in files only\n"
            "  expected file://PATH, in PULUMI_BACKEND_URL or by: pulumi login file://PATH"
        )
    return Path(unquote(parts.netloc + parts.path)).expanduser().absolute()

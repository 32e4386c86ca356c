"""The resource `command:remote:CopyToRemote`: a file, a folder or a text, copied over SFTP.

Source: pulumi-command 1.2.1, remote/copyController.go and remote/copy.go.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from lab.providers.base import Archive, Asset, Properties, ProviderError, Secret, Value
from lab.providers.command.conforming import Failure
from lab.providers.command.dialing import connected
from lab.providers.command.operation import Operation
from lab.providers.command.reading import PlainProperties
from lab.providers.command.resources import Resource
from lab.providers.command.tables import COPY, COPY_STATE
from lab.providers.command.uploading import RemoteFiles

_HASH_OF_NOTHING: Final = hashlib.sha256(b"").hexdigest()


class CopyResource(Resource):
    """Copies when it is created, and again when the source's hash or the remote path changes.

    A delete leaves the copy where it is.
    """

    type = "command:remote:CopyToRemote"
    inputs = COPY
    state = COPY_STATE
    reads_state_to_delete = False

    def new_id(self, name: str) -> str:
        """Make an id without the resource's name."""
        return super().new_id("")

    def preview_id(self, name: str) -> str:
        """Give no id in previews."""
        return ""

    def failures(self, inputs: Properties) -> list[Failure]:
        """Find a source that can't be copied. An unknown source is one: measured."""
        source = inputs.get("source")
        match source.value if isinstance(source, Secret) else source:
            case Asset(fields) if not (fields.get("path") or _is_text(fields)):
                return [Failure("asset", "asset must be a path-based file asset or a text asset")]
            case Archive(fields) if not fields.get("path"):
                return [Failure("archive", "archive must be a path to a file or directory")]
            case Asset() | Archive():
                return []
            case _:
                return [Failure("asset", "either asset or archive must be set")]

    async def create(self, operation: Operation, inputs: PlainProperties) -> Properties:
        """Copy."""
        await _copy(operation, inputs)
        return {}

    async def update(
        self, operation: Operation, state: PlainProperties, inputs: PlainProperties
    ) -> Properties | None:
        """Copy if something else is to be copied, or to somewhere else."""
        moved = inputs.text("remotePath") != state.text("remotePath")
        if moved or _hash(inputs.get("source")) != _hash(state.get("source")):
            await _copy(operation, inputs)
        return None

    async def delete(self, operation: Operation, state: PlainProperties) -> None:
        """Leave everything as it is."""


async def _copy(operation: Operation, inputs: PlainProperties) -> None:
    fields = _fields(inputs.get("source"))
    path = str(fields.get("path") or "")
    remote_path = inputs.required_text("remotePath")
    connection = inputs.object("connection")
    host = connection.text("host") if connection else None
    origin = f"local file {path}" if path else "text asset"
    operation.debug(f"Creating file: {host}:{remote_path} from {origin}")
    async with connected(operation, inputs) as client, RemoteFiles.on(client) as files:
        if not path:
            await files.write_text(str(fields.get("text") or ""), remote_path)
        elif Path(path).is_dir():
            await files.copy_folder(path, remote_path)
        else:
            await files.copy_file_or_into(path, remote_path)


def _is_text(fields: Mapping[str, Value]) -> bool:
    """Tell whether an asset is a text; with another hash, an empty one stands for one to come."""
    return not fields.get("uri") and bool(
        fields.get("text") or fields.get("hash") in {"", _HASH_OF_NOTHING}
    )


def _fields(source: Value) -> Mapping[str, Value]:
    if isinstance(source, Asset | Archive):
        return source.fields
    raise ProviderError("property 'source': expected an asset or an archive")


def _hash(source: Value) -> Value:
    return _fields(source).get("hash") or ""

"""Writing files on another machine, over SFTP.

    source  | path is a folder    | path does not exist | path is a file
    folder  | path/folder         | path/folder         | error
    folder/ | path/x, x in folder | path/x, x in folder | error
    file    | path/file           | path                | path, overwritten

Source: pulumi-command 1.2.1, remote/copyController.go; the table was measured.
"""

from __future__ import annotations

import posixpath
import stat
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

import asyncssh

from lab.providers.base import ProviderError
from lab.providers.command.errnos import reason_of


class RemoteFiles:
    """The files of the machine at the other end of a connection."""

    def __init__(self, client: asyncssh.SFTPClient) -> None:
        self._client = client

    @classmethod
    @asynccontextmanager
    async def on(cls, connection: asyncssh.SSHClientConnection) -> AsyncIterator[RemoteFiles]:
        """Open SFTP on a connection.

        Raises:
            ProviderError: The server has none.
        """
        with _told("can't start SFTP"):
            client = await connection.start_sftp_client()
        async with client:
            yield cls(client)

    async def write_text(self, text: str, path: str) -> None:
        """Write a text to a file, in folders that are made as needed."""
        if await self._is_folder(path):
            raise ProviderError(
                f"remote path {path} is a directory; when using a text asset, remotePath must be "
                "a file path"
            )
        await self._make_parents(path)
        await self._write(text.encode(), path)

    async def copy_file_or_into(self, source: str, path: str) -> None:
        """Copy a file to a path, or into the folder there."""
        data = _read(source)
        is_folder = await self._is_folder(path)
        if is_folder:
            path = posixpath.join(path, Path(source).name)
        elif is_folder is None:
            await self._make_parents(path)
        await self._write(data, path)

    async def copy_folder(self, source: str, path: str) -> None:
        """Copy a folder into a path, or with `/` at the source's end, what is in it."""
        if await self._is_folder(path) is None:
            with _told(f"failed to create remote directory {path}"):
                await self._client.makedirs(path)
        if not source.endswith("/"):
            path = posixpath.join(path, Path(source).name)
        await self._copy_members(source, path)

    async def _copy_members(self, source: str, path: str) -> None:
        """Copy one folder after the other, each in order of names; links are not followed."""
        await self._ensure_folder(path)
        for member in sorted(Path(source).iterdir()):
            there = posixpath.join(path, member.name)
            if stat.S_ISDIR(member.lstat().st_mode):
                await self._copy_members(str(member), there)
            else:
                await self._write(_read(str(member)), there)

    async def _ensure_folder(self, path: str) -> None:
        is_folder = await self._is_folder(path)
        if is_folder is False:
            raise ProviderError(f"remote path {path} exists but is not a directory")
        if is_folder is None:
            with _told(f"failed to create remote directory {path}"):
                await self._client.mkdir(path)

    async def _is_folder(self, path: str) -> bool | None:
        """Tell what is at the path; None is nothing."""
        with _told(f"failed to stat remote path {path}"):
            try:
                found = await self._client.stat(path)
            except asyncssh.SFTPNoSuchFile:
                return None
        return found.type == asyncssh.FILEXFER_TYPE_DIRECTORY

    async def _make_parents(self, path: str) -> None:
        with _told(f"failed to create parent directories for {path}"):
            await self._client.makedirs(posixpath.dirname(path) or ".", exist_ok=True)

    async def _write(self, data: bytes, path: str) -> None:
        with _told(f"failed to create remote file {path}"):
            async with self._client.open(path, "wb") as file:
                await file.write(data)


def _read(path: str) -> bytes:
    try:
        return Path(path).read_bytes()
    except OSError as error:
        raise ProviderError(f"open {path}: {reason_of(error)}") from error


@contextmanager
def _told(what: str) -> Iterator[None]:
    try:
        yield
    except asyncssh.SFTPNoSuchFile as error:
        raise ProviderError(f"{what}: file does not exist") from error
    except asyncssh.SFTPPermissionDenied as error:
        raise ProviderError(f"{what}: permission denied") from error
    except (asyncssh.Error, OSError) as error:
        raise ProviderError(f"{what}: {error}") from error

"""Files that a local command leaves behind, as assets and as one archive.

Source: pulumi-command 1.2.1, local/commandOutputs.go; pulumi, sdk/go/common/resource/archive (the
hash of an archive is that of a tar file of its members, in order).
"""

from __future__ import annotations

import hashlib
import io
import os
import tarfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

from lab.providers.base import Archive, Asset, Properties, ProviderError
from lab.providers.command.errnos import reason_of
from lab.providers.command.globs import compile_glob

_CHECKSUM: Final = slice(148, 156)
_DEVICES: Final = slice(329, 345)


def collect(
    directory: str, asset_globs: Sequence[str] | None, archive_globs: Sequence[str] | None
) -> Properties:
    """Collect files below a directory.

    Args:
        directory: Where to look; paths in the state begin with it as it was given.
        asset_globs: Which files to give one by one, or None for no output `assets`.
        archive_globs: Which files to give together, or None for no output `archive`.

    Raises:
        ProviderError: A file can't be read, or a glob is wrong.
    """
    outputs: Properties = {}
    if asset_globs is not None:
        outputs["assets"] = {
            name: _asset(directory, name) for name in _matching(directory, asset_globs)
        }
    if archive_globs is not None:
        outputs["archive"] = _archive(directory, _matching(directory, archive_globs))
    return outputs


def _matching(directory: str, globs: Sequence[str]) -> list[str]:
    """List the files that the globs choose; each glob adds, or with `!` removes, in order."""
    rules = [(compile_glob(glob.removeprefix("!")), glob.startswith("!")) for glob in globs]
    chosen = []
    for name in _files(directory):
        verdicts = [not excludes for pattern, excludes in rules if pattern.fullmatch(name)]
        if verdicts and verdicts[-1]:
            chosen.append(name)
    return chosen


def _files(directory: str) -> Iterator[str]:
    """Walk all that is no directory; links are not followed."""

    def stop(error: OSError) -> None:
        raise ProviderError(_open_error(error)) from error

    for folder, folders, files in os.walk(directory, onerror=stop):
        links = [name for name in folders if Path(folder, name).is_symlink()]
        for name in files + links:
            yield os.path.relpath(Path(folder, name), directory)


def _asset(directory: str, name: str) -> Asset:
    path = os.path.join(directory, name)  # noqa: PTH118 - './a' stays './a'
    digest = hashlib.sha256(_read(path)).hexdigest()
    return Asset({"hash": digest, "text": "", "path": os.path.normpath(path), "uri": ""})


def _archive(directory: str, names: Sequence[str]) -> Archive:
    members: Mapping[str, Asset] = {name: _asset(directory, name) for name in names}
    digest = hashlib.sha256(_tar(directory, sorted(names))).hexdigest()
    return Archive({"hash": digest, "path": "", "uri": "", "assets": members})


def _tar(directory: str, names: Sequence[str]) -> bytes:
    """Write the members as Go's tar writer would: no owner, no time, mode 0600."""
    written = bytearray()
    for name in names:
        data = _read(os.path.join(directory, name))  # noqa: PTH118 - as in _asset
        entry = tarfile.TarInfo(name)
        entry.size = len(data)
        entry.mode = 0o600
        written += _header(entry) + data + bytes(-len(data) % tarfile.BLOCKSIZE)
    return bytes(written) + bytes(2 * tarfile.BLOCKSIZE)


def _header(entry: tarfile.TarInfo) -> bytes:
    """Write a header with device numbers, which Go sets to 0 also for what is no device.

    Source: POSIX ustar; the checksum is taken with blanks in its own place.
    """
    try:
        header = bytearray(entry.tobuf(tarfile.USTAR_FORMAT))
    except ValueError:  # the name is too long
        return entry.tobuf(tarfile.PAX_FORMAT)
    header[_DEVICES] = b"0000000\0" * 2
    header[_CHECKSUM] = b" " * 8
    header[_CHECKSUM] = b"%06o\0 " % sum(header)
    return bytes(header)


def _read(path: str) -> bytes:
    try:
        with io.FileIO(path) as file:
            return file.readall()
    except OSError as error:
        raise ProviderError(_open_error(error)) from error


def _open_error(error: OSError) -> str:
    return f"open {error.filename}: {reason_of(error)}"

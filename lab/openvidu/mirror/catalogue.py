"""What the mirror has: the install scripts of each version, and the files that they fetch.

Source: page, "Installing Base Services" step 4 (the addresses); `openvidu-facts`: an upgrade goes
from the previous minor version, or the same one.
"""

from __future__ import annotations

from pathlib import Path

from openvidu.release import BASE, LATEST, MASTER, NODE, VERSIONS, upgrades_from

_BUCKET = "/aws.openvidu.io"
_FOLDERS = {"base-services": BASE, "master": MASTER, "node": NODE}
_FILES = Path(__file__).with_name("files")


class NotFoundError(Exception):
    """The mirror has no such file."""


def content(path: str) -> bytes:
    """The file at `path` of an address.

    Raises:
        NotFoundError: there is none.
    """
    name = path.removeprefix(f"{_BUCKET}/")
    if name == path:
        raise NotFoundError(path)
    for folder, product in _FOLDERS.items():
        for version in (*VERSIONS, LATEST):
            if name == f"{product.script}_{version}.sh":
                return _rendered(_FILES / folder / "install.sh", version)
    version, _, rest = name.partition("/")
    folder, _, file = rest.partition("/")
    source = _FILES / folder / ("dotenv" if file == ".env" else file)
    hidden = file in ("dotenv", "install.sh") or ".." in rest.split("/")
    if version not in VERSIONS or folder not in _FOLDERS or hidden or not source.is_file():
        raise NotFoundError(path)
    return _rendered(source, version)


def _rendered(source: Path, version: str) -> bytes:
    fixed = VERSIONS[-1] if version == LATEST else version
    text = source.read_text()
    return text.replace("@VERSION@", fixed).replace("@PREVIOUS@", upgrades_from(fixed)).encode()

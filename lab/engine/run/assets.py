"""Assets get the hash by which providers tell whether they have changed.

Source: pulumi, sdk/go/common/resource/asset/asset.go (EnsureHash).
"""

from __future__ import annotations

import hashlib
from pathlib import Path

from lab.engine.model.values import (
    ARCHIVE_SIGNATURE,
    ASSET_SIGNATURE,
    SIGNATURE,
    Properties,
    Secret,
    Value,
)
from lab.engine.run.context import RefusedError


def hashed(properties: Properties, root: Path) -> Properties:
    """The properties, with a hash for each asset in them.

    Args:
        properties: a registration's inputs.
        root: the project's folder, to which paths are relative.

    Raises:
        RefusedError: a file can't be read, or it's an asset that this engine can't hash.
    """
    return {key: _hashed(value, root) for key, value in properties.items()}


def _hashed(value: Value, root: Path) -> Value:
    if isinstance(value, Secret):
        return Secret(_hashed(value.element, root))
    if isinstance(value, list):
        return [_hashed(item, root) for item in value]
    if isinstance(value, dict):
        kind = value.get(SIGNATURE)
        if kind in (ASSET_SIGNATURE, ARCHIVE_SIGNATURE) and not value.get("hash"):
            return {**value, "hash": hashlib.sha256(_content(value, root)).hexdigest()}
        return hashed(value, root)
    return value


def _content(asset: Properties, root: Path) -> bytes:
    text, path = asset.get("text"), asset.get("path")
    if asset[SIGNATURE] == ASSET_SIGNATURE and isinstance(path, str) and path:
        try:
            return (root / path).read_bytes()
        except OSError as error:
            raise RefusedError(
                f"failed to open asset file '{path}': {error.strerror}\n"
                f"  expected a file, relative to {root}"
            ) from error
    if asset[SIGNATURE] == ASSET_SIGNATURE and isinstance(text, str) and not asset.get("uri"):
        return text.encode()
    raise RefusedError(
        "an archive, or an asset from a URL, which this engine hasn't\n"
        "  use pulumi.FileAsset, or deploy with the Pulumi CLI: uv run lab --engine pulumi up"
    )

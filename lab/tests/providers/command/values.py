"""Property values on the wire, as JSON."""

from __future__ import annotations

from typing import Any

SIGNATURE = "4dabf18193072939515e22adb298388d"
SECRET = "1b47061264138c4ac30d75fd1eb44270"
OUTPUT = "d0e6a833031e9bbcd3f4e8bde6ca49a4"
ASSET = "c44067f5952c0a294b673a41bacd8c17"
UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"

Properties = dict[str, Any]


def secret(value: Any) -> Properties:
    return {SIGNATURE: SECRET, "value": value}


def text_asset(text: str, digest: str = "1") -> Properties:
    return {SIGNATURE: ASSET, "text": text, "path": "", "uri": "", "hash": digest}


def canonical(value: Any) -> Any:
    """Write the two forms of a value that is secret and unknown in the same way."""
    match value:
        case {"secret": True, **rest} if rest == {SIGNATURE: OUTPUT}:
            return secret(UNKNOWN)
        case dict():
            return {key: canonical(item) for key, item in value.items()}
        case list():
            return [canonical(item) for item in value]
        case _:
            return value

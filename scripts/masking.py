"""Secrets of a stack, taken out of texts. Pure.

Every secret of the stack is known from its configuration and its state: not only those that one
thinks of, as those of OpenVidu's own report.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any
from urllib.parse import quote

from openvidu import api

MASK = "********"
_SHORTEST = 4
"""What is shorter would be found everywhere."""
_SECRET_NAME = re.compile(
    r"secret|password|license|credential|token|private_?key|access_?key|headers|ice_servers",
    re.IGNORECASE,
)
_STDIN = "stdin"
_SWITCHES = (True, False, None, "true", "false")
"""What stands beside secrets in an object, and is none."""


def secrets_of(exported: Mapping[str, Any], configured: Iterable[str]) -> list[str]:
    """The secrets of a stack, the longest first.

    Args:
        exported: its state, with secrets shown: `pulumi stack export --show-secrets`.
        configured: values of its secret configuration keys.
    """
    found = {*_in_state("", exported, marked=False)}
    for text in configured:
        found.update(_parts(text))
    # A key's lines may appear one by one; its first and last are everybody's.
    lines = {line.strip() for text in found for line in text.splitlines()}
    kept = {line for line in lines if len(line) >= _SHORTEST and not line.startswith("-----")}
    return sorted({form for line in kept for form in _forms(line)}, key=len, reverse=True)


def mask(text: str, secrets: Iterable[str]) -> str:
    """A text without these secrets; the longest of them have to come first."""
    for secret in secrets:
        text = text.replace(secret, MASK)
    return text


def _in_state(name: str, value: Any, *, marked: bool) -> Iterator[str]:
    """Texts that are marked as secret, under names of secrets; and those in scripts' input.

    A connection is marked as a whole: user and host in it are no secrets.
    """
    if isinstance(value, dict) and "plaintext" in value:
        yield from _in_state(name, json.loads(value["plaintext"]), marked=True)
    elif isinstance(value, dict):
        for key, inner in value.items():
            yield from _in_state(key, inner, marked=marked)
    elif isinstance(value, list):
        for inner in value:
            yield from _in_state(name, inner, marked=marked)
    elif marked and isinstance(value, str):
        if name == _STDIN:
            yield from _in_lines(value)
        elif _SECRET_NAME.search(name):
            yield value


def _in_lines(text: str) -> Iterator[str]:
    """Values of secret names in `NAME=value` lines."""
    for line in text.splitlines():
        name, _, value = line.partition("=")
        if _SECRET_NAME.search(name):
            yield value


def _parts(text: str) -> Iterator[str]:
    """A configured secret; of a list or an object, all that is in it."""
    try:
        found = json.loads(text)
    except ValueError:
        found = text
    if isinstance(found, dict | list):
        yield from _leaves(found)
    else:
        yield text


def _leaves(value: Any) -> Iterator[str]:
    if isinstance(value, dict | list):
        for inner in value.values() if isinstance(value, dict) else value:
            yield from _leaves(inner)
    elif value not in _SWITCHES:
        yield str(value)


def _forms(secret: str) -> Iterator[str]:
    """A secret as it may stand in a log: as it is, in a URL, and in a header for HTTP Basic."""
    yield secret
    yield quote(secret, safe="")
    yield base64.b64encode(secret.encode()).decode()
    yield base64.b64encode(f"{api.USER}:{secret}".encode()).decode()

"""Values of configuration: what stands in the file, and what a program gets to see.

A value is YAML; `{secure: TEXT}` anywhere in it is an encrypted text.

Source: pulumi, sdk/go/common/resource/config/object.go and value.go.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any, TypeAlias

from lab.engine.errors import UsageError
from lab.engine.model import paths
from lab.engine.store.codec import Decrypts

Raw: TypeAlias = Any
"""bool, int, float, str, list or dict, as YAML has it."""


def is_secure(raw: Raw) -> bool:
    """Whether the value itself is an encrypted text."""
    return isinstance(raw, dict) and raw.keys() == {"secure"} and isinstance(raw["secure"], str)


def has_secure(raw: Raw) -> bool:
    """Whether the value is encrypted, wholly or somewhere inside."""
    if is_secure(raw):
        return True
    if isinstance(raw, dict):
        return any(has_secure(item) for item in raw.values())
    return isinstance(raw, list) and any(has_secure(item) for item in raw)


def opened(raw: Raw, crypter: Decrypts) -> Raw:
    """The value with everything decrypted."""
    if is_secure(raw):
        return crypter.decrypt(raw["secure"])
    if isinstance(raw, dict):
        return {key: opened(item, crypter) for key, item in raw.items()}
    if isinstance(raw, list):
        return [opened(item, crypter) for item in raw]
    return raw


def secure_texts(raw: Raw, crypter: Decrypts) -> list[str]:
    """Every text that is encrypted in the value, decrypted."""
    if is_secure(raw):
        return [crypter.decrypt(raw["secure"])]
    inner = raw.values() if isinstance(raw, dict) else raw if isinstance(raw, list) else ()
    return [text for item in inner for text in secure_texts(item, crypter)]


def blinded(raw: Raw) -> Raw:
    """The value with `[secret]` in place of everything encrypted."""
    if is_secure(raw):
        return "[secret]"
    if isinstance(raw, dict):
        return {key: blinded(item) for key, item in raw.items()}
    if isinstance(raw, list):
        return [blinded(item) for item in raw]
    return raw


def as_text(plain: Raw) -> str:
    """The text that a program gets for a value: itself, or JSON."""
    if isinstance(plain, str):
        return plain
    return json.dumps(plain, separators=(",", ":"), sort_keys=True, ensure_ascii=False)


def typed(text: str, type_: str | None, *, guess: bool) -> Raw:
    """The value that a text of the command line stands for.

    Args:
        text: the text.
        type_: what `--type` says: string, int, bool or float.
        guess: whether true, false and whole numbers are taken for what they look like.

    Raises:
        UsageError: the text isn't of that type.
    """
    if type_ in (None, "string"):
        return _coerced(text) if guess and type_ is None else text
    readers: dict[str | None, Callable[[str], Raw]] = {"int": int, "float": float, "bool": _boolean}
    if type_ not in readers:
        raise UsageError(f"--type {type_}: expected string, int, bool or float")
    try:
        value = readers[type_](text)
    except ValueError:
        raise UsageError(f"--type {type_}: '{text}' is none") from None
    return value if guess else text


def _boolean(text: str) -> bool:
    if text not in ("true", "false"):
        raise ValueError(text)
    return text == "true"


def _coerced(text: str) -> Raw:
    if text in ("true", "false"):
        return text == "true"
    return int(text) if re.fullmatch(r"0|-?[1-9][0-9]*", text) else text


def put(root: Raw, path: paths.Path, value: Raw) -> Raw:
    """The value with another one put at a path into it; missing parents are made.

    Raises:
        UsageError: the path leads through a text or number, or past the end of a list.
    """
    if not path:
        return value
    step, rest = path[0], path[1:]
    if isinstance(step, int):
        if root is None:
            root = []
        if not isinstance(root, list) or step > len(root):
            raise UsageError(f"--path: no place for item [{step}] in {as_text(blinded(root))}")
        inner = root[step] if step < len(root) else None
        return [*root[:step], put(inner, rest, value), *root[step + 1 :]]
    if root is None:
        root = {}
    if not isinstance(root, dict) or is_secure(root):
        raise UsageError(f"--path: no place for key '{step}' in {as_text(blinded(root))}")
    return {**root, step: put(root.get(step), rest, value)}


def get(root: Raw, path: paths.Path) -> Raw:
    """The value at a path; None when there's none."""
    for step in path:
        if isinstance(root, dict) and isinstance(step, str):
            root = root.get(step)
        elif isinstance(root, list) and isinstance(step, int) and step < len(root):
            root = root[step]
        else:
            return None
    return root


def drop(root: Raw, path: paths.Path) -> Raw:
    """The value without what is at the path."""
    step, rest = path[0], path[1:]
    if isinstance(root, dict) and step in root:
        kept = {key: item for key, item in root.items() if key != step or rest}
        return {**kept, step: drop(root[step], rest)} if rest else kept
    if isinstance(root, list) and isinstance(step, int) and step < len(root):
        middle = [drop(root[step], rest)] if rest else []
        return [*root[:step], *middle, *root[step + 1 :]]
    return root

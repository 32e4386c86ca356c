"""Pulumi.STACK.yaml: a stack's configuration, read and edited.

An edit changes the entry it is about and leaves the rest of the text alone, comments included.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from lab.engine.errors import EngineError
from lab.engine.project.project import LOADER
from lab.engine.project.values import Raw
from lab.engine.store.files import write_whole


class StackFile:
    """A stack's configuration file; it needn't exist.

    Args:
        path: the file.
        project: the project's name, namespace of keys that have none.
    """

    def __init__(self, path: Path, project: str) -> None:
        self.path = path
        self._project = project
        self._text = path.read_text() if path.exists() else ""
        raw = _load(self._text, path)
        self.salt: str = raw.get("encryptionsalt") or ""
        self.secrets_provider: str = raw.get("secretsprovider") or ""
        self.config: dict[str, Raw] = {
            self.full_key(key): value for key, value in (raw.get("config") or {}).items()
        }

    def full_key(self, key: str) -> str:
        """A key with its namespace."""
        return key if ":" in key else f"{self._project}:{key}"

    def set(self, key: str, value: Raw) -> None:
        """Set a key, or replace its value."""
        full = self.full_key(key)
        self.config[full] = value
        rendered = _dump({self._written(full): value})
        self._edit("config", self._written(full), rendered)

    def remove(self, key: str) -> None:
        """Remove a key, if it's there."""
        full = self.full_key(key)
        if full in self.config:
            del self.config[full]
            self._edit("config", self._written(full), "")

    def set_salt(self, salt: str) -> None:
        """Keep the salt with which secrets are encrypted."""
        self.salt = salt
        lines = _lines(self._text)
        kept = [line for line in lines if not line.startswith("encryptionsalt:")]
        self._text = "\n".join([f"encryptionsalt: {salt}", *kept]) + "\n"

    def save(self) -> None:
        """Write the file."""
        write_whole(self.path, self._text, mode=0o644)

    def _written(self, full: str) -> str:
        present = _load(self._text, self.path).get("config") or {}
        return next((key for key in present if self.full_key(key) == full), full)

    def _edit(self, section: str, key: str, rendered: str) -> None:
        edited = edit(self._text, section, key, rendered)
        wanted = {self.full_key(k): v for k, v in self.config.items()}
        found = _load(edited, self.path).get(section) or {}
        if {self.full_key(k): v for k, v in found.items()} != wanted:
            # A layout that the line editor doesn't know (`{...}` on one line, say).
            whole = {**_load(self._text, self.path), section: self.config}
            edited = _dump(whole)
        self._text = edited


def edit(text: str, section: str, key: str, rendered: str) -> str:
    """Replace, add or (with nothing rendered) remove one entry of a section of a YAML text."""
    lines = _lines(text)
    start = next((n for n, line in enumerate(lines) if _opens(line, section)), None)
    if start is None:
        lines.append(f"{section}:")
        start = len(lines) - 1
    lines[start] = re.sub(r":\s*\{\s*\}", ":", lines[start])
    end = next((n for n in range(start + 1, len(lines)) if _is_top(lines[n])), len(lines))
    while end > start + 1 and (not lines[end - 1].strip() or lines[end - 1].startswith("#")):
        end -= 1
    body = lines[start + 1 : end]
    entries = [line for line in body if line.strip() and not line.lstrip().startswith("#")]
    indent = len(entries[0]) - len(entries[0].lstrip()) if entries else 2
    at = next((n for n, line in enumerate(body) if _is_entry(line, indent, key)), len(body))
    after = at + 1
    while after < len(body) and _belongs(body[after], indent):
        after += 1
    block = [" " * indent + line if line else "" for line in _lines(rendered)]
    body[at:after] = block
    return "\n".join([*lines[: start + 1], *body, *lines[end:]]) + "\n"


def _lines(text: str) -> list[str]:
    # Not splitlines: for that, more than a newline ends a line.
    return text.rstrip("\n").split("\n") if text.strip("\n") else []


def _opens(line: str, section: str) -> bool:
    return re.match(rf"{section}:\s*(\{{\s*\}})?\s*(#.*)?$", line) is not None


def _is_top(line: str) -> bool:
    return bool(line.strip()) and not line[0].isspace() and not line.startswith("#")


def _is_entry(line: str, indent: int, key: str) -> bool:
    quoted = re.escape(key)
    return re.match(rf"""{" " * indent}(["']?){quoted}\1:(\s|$)""", line) is not None


def _belongs(line: str, indent: int) -> bool:
    depth = len(line) - len(line.lstrip())
    return not line.strip() or depth > indent or line[indent:].startswith("- ")


def _load(text: str, path: Path) -> Mapping[str, Any]:
    try:
        raw = yaml.load(text, Loader=LOADER)  # noqa: S506 - it is a safe loader
    except yaml.YAMLError as error:
        raise EngineError(f"{path}: no YAML: {error}") from error
    if raw is not None and not isinstance(raw, dict):
        raise EngineError(f"{path}: expected a mapping, got {type(raw).__name__}")
    return raw or {}


class _Dumper(yaml.SafeDumper):
    """Long texts as blocks, lists indented under their key."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        del indentless
        super().increase_indent(flow, indentless=False)


def _represent_text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    style = "|" if "\n" in text.rstrip("\n") else None
    if re.search("[\x85\u2028\u2029\ufeff]", text):
        style = '"'  # YAML takes these for the end of a line, unless they are escaped
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Dumper.add_representer(str, _represent_text)


def _dump(raw: Mapping[str, Any]) -> str:
    # Escaped: YAML takes some characters outside ASCII, such as U+0085, for line breaks.
    return yaml.dump(raw, Dumper=_Dumper, sort_keys=False, allow_unicode=False, width=2**20)

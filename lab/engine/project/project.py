"""Pulumi.yaml: the project, its runtime, and the configuration it declares.

Source: pulumi, sdk/go/common/workspace/project.go and pkg/workspace/config.go.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from lab.engine.errors import EngineError, UsageError
from lab.engine.project.values import Raw, has_secure, opened
from lab.engine.store.codec import Decrypts

_NAMES = ("Pulumi.yaml", "Pulumi.yml")


@dataclass(frozen=True, slots=True)
class Declaration:
    """One key of the project's `config`.

    Attributes:
        key: with its namespace.
        type: string, integer, boolean, array or object; None when nothing is said.
        items: what the items of an array are, as `{"type": ..., "items": ...}`.
    """

    key: str
    type: str | None = None
    items: Mapping[str, Any] | None = None
    value: Raw = None
    secret: bool = False


@dataclass(frozen=True, slots=True)
class Project:
    """A project, as its file has it."""

    file: Path
    name: str
    raw: Mapping[str, Any]
    declarations: tuple[Declaration, ...]

    @property
    def folder(self) -> Path:
        """Where the program runs."""
        return self.file.parent

    @property
    def program(self) -> Path:
        """What is run: the folder of a `__main__.py`, or what `main` names."""
        main = self.raw.get("main")
        return self.folder / main if main else self.folder

    @property
    def backend_url(self) -> str | None:
        """The backend that the project asks for, if any."""
        url = (self.raw.get("backend") or {}).get("url")
        return str(url) if url else None

    @property
    def python(self) -> Path:
        """The interpreter of the project's environment; this one when it names none.

        Raises:
            EngineError: the runtime isn't Python.
        """
        return python_of(self.raw, self.file)


def python_of(raw: Mapping[str, Any], file: Path) -> Path:
    """The interpreter of the environment that a project or policy pack names; else this one.

    Args:
        raw: what the file holds.
        file: where the environment is looked for, and what errors name.

    Raises:
        EngineError: the runtime isn't Python.
    """
    runtime = raw.get("runtime")
    name = runtime.get("name") if isinstance(runtime, dict) else runtime
    if name != "python":
        raise EngineError(f"{file}: runtime: expected python, got {name!r}")
    options = (runtime.get("options") or {}) if isinstance(runtime, dict) else {}
    chosen = options.get("virtualenv")
    if not chosen and options.get("toolchain") == "uv":
        chosen = ".venv"
    candidate = file.parent / chosen / "bin" / "python" if chosen else None
    return candidate if candidate and candidate.exists() else Path(sys.executable)


def find(folder: Path) -> Project:
    """The project of a folder, or of the nearest one above it.

    Raises:
        UsageError: there's none.
        EngineError: its file can't be read.
    """
    for place in (folder, *folder.parents):
        for name in _NAMES:
            if (place / name).is_file():
                return read(place / name)
    raise UsageError(
        f"no Pulumi.yaml project file found in {folder} or above\n"
        "  change to the project's folder, or name it with -C"
    )


def read(file: Path) -> Project:
    """Read a project file.

    Raises:
        EngineError: it's no YAML, or has no name.
    """
    try:
        raw = yaml.load(file.read_text(), Loader=LOADER)  # noqa: S506 - it is a safe loader
    except (OSError, yaml.YAMLError) as error:
        raise EngineError(f"{file}: {error}") from error
    if not isinstance(raw, dict) or not isinstance(raw.get("name"), str):
        raise EngineError(f"{file}: expected a mapping with a 'name'")
    name = raw["name"]
    declared = tuple(_declarations(name, raw.get("config") or {}))
    return Project(file, name, raw, declared)


LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def _declarations(project: str, config: Mapping[str, Any]) -> Iterator[Declaration]:
    for name, raw in config.items():
        key = name if ":" in name else f"{project}:{name}"
        if not isinstance(raw, dict):
            yield Declaration(key, value=raw)
            continue
        value = raw.get("default") if raw.get("value") is None else raw["value"]
        type_ = raw.get("type")
        if type_ is None and value is not None and "default" in raw:
            type_ = _type_of(value)
        yield Declaration(key, type_, raw.get("items"), value, bool(raw.get("secret")))


def _type_of(value: Raw) -> str | None:
    kinds = {bool: "boolean", int: "integer", str: "string", dict: "object", list: "array"}
    return kinds.get(type(value))


def apply(
    project: Project, stack: str, config: Mapping[str, Raw], *, complete: bool = True
) -> dict[str, Raw]:
    """The configuration of a stack with the project's values and defaults filled in.

    Args:
        project: the project.
        stack: the stack's name.
        config: what the stack has.
        complete: whether what the project wants must be there.

    Raises:
        EngineError: it must, and it isn't.
    """
    merged = dict(config)
    missing = []
    for one in project.declarations:
        if one.key in merged:
            continue
        if one.value is not None:
            merged[one.key] = one.value
        elif complete and one.key.startswith(f"{project.name}:"):
            missing.append(one.key.removeprefix(f"{project.name}:"))
    if missing:
        names = " and ".join(f"'{key}'" for key in sorted(missing))
        raise EngineError(
            f"validating stack config: Stack '{stack}' is missing configuration "
            f"value{'s' if len(missing) > 1 else ''} {names}"
        )
    return merged


def validate(project: Project, stack: str, config: Mapping[str, Raw], crypter: Decrypts) -> None:
    """Hold a stack's configuration against the types that the project declares.

    Raises:
        EngineError: a value is of another type, or should be secret and isn't.
    """
    for one in project.declarations:
        raw = config.get(one.key)
        if raw is None or one.type is None:
            continue
        key = one.key.removeprefix(f"{project.name}:")
        if one.secret and not has_secure(raw):
            raise EngineError(
                f"validating stack config: Stack '{stack}' with configuration key '{key}' must be "
                f"encrypted as it's secret\n  type: pulumi config set --secret {key}"
            )
        if not _fits(one.type, one.items, opened(raw, crypter)):
            wanted = _full_type(one.type, one.items)
            raise EngineError(
                f"validating stack config: Stack '{stack}' with configuration key '{key}' must be "
                f"of type '{wanted}'"
            )


def _fits(type_: str, items: Mapping[str, Any] | None, value: Raw) -> bool:
    match type_:
        case "string":
            return isinstance(value, str)
        case "integer":
            return _is_whole(value)
        case "boolean":
            return isinstance(value, bool) or value in ("true", "false")
        case "object":
            return isinstance(value, dict)
    if not isinstance(value, list) or items is None:
        return False
    return all(_fits(items["type"], items.get("items"), item) for item in value)


def _is_whole(value: Raw) -> bool:
    if isinstance(value, str):
        return re.fullmatch(r"[+-]?[0-9]+", value) is not None
    if isinstance(value, bool):
        return False
    return isinstance(value, int) or (isinstance(value, float) and value.is_integer())


def _full_type(type_: str, items: Mapping[str, Any] | None) -> str:
    if type_ == "array" and items:
        return f"array<{_full_type(items['type'], items.get('items'))}>"
    return type_

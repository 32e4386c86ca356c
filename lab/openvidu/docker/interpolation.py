"""`${NAME:-default}` in Compose files, and Compose's reading of `.env`.

Source: Compose file reference, "Interpolation", and "Syntax for environment files".
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from lab.openvidu.docker.errors import MissingVariableError

_VARIABLE = re.compile(
    r"\$(?:(?P<escaped>\$)|(?P<bare>[A-Za-z_][A-Za-z0-9_]*)"
    r"|\{(?P<name>[A-Za-z_][A-Za-z0-9_]*)(?:(?P<operator>:?[-?+])(?P<word>[^}]*))?\})"
)
_LINE = re.compile(r"\s*(?:export\s+)?(?P<name>[A-Za-z_][A-Za-z0-9_.-]*)\s*=(?P<rest>.*)")


def interpolate(text: str, values: Mapping[str, str], unset: set[str] | None = None) -> str:
    """Put values in place of variables.

    Args:
        text: with `$NAME`, `${NAME}`, `${NAME:-word}` and the like; `$$` is a dollar sign.
        values: what the variables are.
        unset: gets the names that have no value and no default.

    Raises:
        MissingVariableError: a variable that must have a value has none.
    """

    def replace(match: re.Match[str]) -> str:
        if match["escaped"]:
            return "$"
        name = match["bare"] or match["name"]
        operator, word = match["operator"] or "", match["word"] or ""
        value = values.get(name)
        given = value is not None and not (operator.startswith(":") and value == "")
        if operator.endswith("+"):
            return word if given else ""
        if given:
            return value or ""
        if operator.endswith("?"):
            raise MissingVariableError(f"required variable {name} is missing a value: {word}")
        if not operator and unset is not None:
            unset.add(name)
        return word

    return _VARIABLE.sub(replace, text)


def read_env_file(text: str, values: Mapping[str, str]) -> dict[str, str]:
    """Read an `.env` file as Compose does, which is not quite as `grep` and `cut` do.

    Without quotes a ` #` begins a comment and variables are filled in; within double quotes
    too, variables are filled in; within single quotes all is as it stands.
    """
    found: dict[str, str] = {}
    for line in text.splitlines():
        match = None if line.lstrip().startswith("#") else _LINE.match(line)
        if not match:
            continue
        raw = match["rest"].strip()
        if raw.startswith("'") and raw.find("'", 1) > 0:
            found[match["name"]] = raw[1 : raw.find("'", 1)]
            continue
        if raw.startswith('"') and raw.find('"', 1) > 0:
            raw = raw[1 : raw.find('"', 1)]
        else:
            raw = re.split(r"\s+#", f" {raw}")[0].strip()
        found[match["name"]] = interpolate(raw, {**found, **values})
    return found

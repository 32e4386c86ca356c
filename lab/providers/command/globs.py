"""Globs in the syntax of pulumi-command: that of github.com/gobwas/glob with `/` as separator.

`*` and `?` stop at `/`, `**` does not; `[abc]`, `[a-z]`, `[!abc]` stand for one character, `{a,b}`
for one of several texts; a backslash takes the special meaning off the next character.

Source: pulumi-command 1.2.1, local/base.go (description of `assetPaths`).
"""

from __future__ import annotations

import re

from lab.providers.base import ProviderError


def compile_glob(glob: str) -> re.Pattern[str]:
    r"""Translate a glob into a regular expression for whole paths.

    Raises:
        ProviderError: The glob ends within `[…]`.

    >>> bool(compile_glob("a/**.{js,ts}").fullmatch("a/b/c.ts"))
    True
    >>> bool(compile_glob("*.txt").fullmatch("a/b.txt"))
    False
    """
    parts: list[str] = []
    depth = 0
    at = 0
    while at < len(glob):
        step = 1
        match glob[at]:
            case "*" if glob[at : at + 2] == "**":
                parts.append(".*")
                step = 2
            case "*":
                parts.append("[^/]*")
            case "?":
                parts.append("[^/]")
            case "[":
                characters, step = _characters(glob, at)
                parts.append(characters)
            case "{":
                parts.append("(?:")
                depth += 1
            case "}" if depth:
                parts.append(")")
                depth -= 1
            case "," if depth:
                parts.append("|")
            case "\\" if at + 1 < len(glob):
                parts.append(re.escape(glob[at + 1]))
                step = 2
            case character:
                parts.append(re.escape(character))
        at += step
    return re.compile("".join(parts) + ")" * depth, re.DOTALL)


def _characters(glob: str, start: int) -> tuple[str, int]:
    """Translate `[…]`, which begins at `start`; give also its length."""
    end = glob.find("]", start + 2)
    if end < 0:
        raise ProviderError(f"glob {glob!r}: unexpected end of input, expected ']'")
    inner = glob[start + 1 : end]
    negated = inner.startswith("!")
    inner = inner.removeprefix("!")
    is_range = len(inner) == 3 and inner[1] == "-"
    members = f"{re.escape(inner[0])}-{re.escape(inner[2])}" if is_range else _escaped(inner)
    return f"[{'^' if negated else ''}{members}]", end + 1 - start


def _escaped(characters: str) -> str:
    return "".join(re.escape(character) for character in characters)

"""Keeps known secrets off the screen: whatever is printed passes here.

Source: pulumi, sdk/go/common/util/logging/log.go (AddGlobalSecretFilter).
"""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterable, Mapping
from itertools import chain
from typing import Any, Final

from lab.engine.model.values import Secret, Value, parts

MASK: Final = "[secret]"
# Shorter texts stay: masking every "1" or "on" would hide the output and show the secret.
_SHORTEST: Final = 3
_SHORTEST_LINE: Final = 12


class Masker:
    """Learns secret texts and replaces them."""

    def __init__(self) -> None:
        self._texts: set[str] = set()
        self._lines: set[str] = set()
        self._lock = threading.Lock()

    def learn(self, value: Value | Mapping[str, Value], *, whole: bool = False) -> None:
        """Take in every text inside the secrets of a value.

        Args:
            value: a property or all of them.
            whole: only whole texts, not their lines. For outputs: what a command printed is
                secret in the state, while its lines are progress to be seen.
        """
        found: list[str] = []
        for part in parts(value if not isinstance(value, Mapping) else dict(value)):
            # Not the parts of a secret object: a connection's host is no secret by itself.
            if isinstance(part, Secret) and (text := _text(part.element)):
                found.append(text)
        if found:
            self.learn_texts(found, whole=whole)

    def learn_texts(self, texts: Iterable[str], *, whole: bool = False) -> None:
        """Take in texts that are secret, in their JSON form too, and their lines unless `whole`."""
        forms: set[str] = set()
        lines: set[str] = set()
        for text in texts:
            forms |= {text, text.strip(), json.dumps(text)[1:-1], json.dumps(text.strip())[1:-1]}
            if not whole:
                stripped = map(str.strip, text.splitlines())
                lines |= {line for line in stripped if len(line) > _SHORTEST_LINE}
        with self._lock:
            self._texts |= {form for form in forms if len(form) >= _SHORTEST}
            self._lines |= lines

    def mask(self, text: str, *, whole: bool = False) -> str:
        """The text with every known secret replaced.

        Args:
            text: what is to be seen.
            whole: only whole secrets, not their lines. For inputs and outputs, whose secrets are
                marked: a line that is in a secret script too is none.
        """
        # One pattern of all secrets would be made anew for each that is learnt, and be slow.
        with self._lock:
            known = chain(self._texts, () if whole else self._lines)
            there = [secret for secret in known if secret in text]
        if not there:
            return text
        longest_first = sorted(there, key=len, reverse=True)
        return re.sub("|".join(map(re.escape, longest_first)), MASK, text)


def _text(part: Any) -> str:
    if isinstance(part, str):
        return part
    if isinstance(part, int | float) and not isinstance(part, bool):
        return str(part)
    return ""

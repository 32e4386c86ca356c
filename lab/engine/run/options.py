"""What the user asked of a deployment."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, field
from typing import Final

# Beyond this, threads cost more than they bring; it's what `--parallel` without a limit means.
MOST_PARALLEL: Final = 1024


def default_parallel() -> int:
    """Steps at once when nothing is said, as in Pulumi: four for each processor."""
    return 4 * (os.cpu_count() or 1)


class Targets:
    """Resources named on the command line: URNs, where `*` stands for a part and `**` for any.

    Source: pulumi, pkg/resource/deploy/target.go.
    """

    def __init__(self, patterns: tuple[str, ...] = ()) -> None:
        self.literals = [one for one in patterns if "*" not in one]
        globs = [one for one in patterns if "*" in one]
        self._patterns = [re.compile(_regex(one)) for one in globs]
        self._urns = set(self.literals)
        self.given = bool(patterns)

    def __contains__(self, urn: str) -> bool:
        return urn in self._urns or any(one.fullmatch(urn) for one in self._patterns)

    def add(self, urn: str) -> None:
        """Count one more resource among them."""
        self._urns.add(urn)

    def copy(self) -> Targets:
        """Targets of its own."""
        twin = Targets()
        twin.literals, twin.given = self.literals, self.given
        twin._patterns, twin._urns = self._patterns, set(self._urns)
        return twin


def _regex(pattern: str) -> str:
    parts = re.split(r"(\*\*|\*)", pattern)
    return "".join({"**": ".*", "*": "[^:]*"}.get(one, re.escape(one)) for one in parts)


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """How to deploy.

    Attributes:
        preview: whether to tell only, and touch nothing.
        parallel: how many steps at once.
        targets: the resources to change; all when none is given.
        target_dependents: whether what depends on targets is one too.
        replace: resources to replace, whatever the diff says.
        continue_on_error: whether a failure lets other work go on.
        refresh: whether to look at all resources first.
        clear_pending_creates: whether a refresh forgets interrupted creations.
    """

    preview: bool = False
    parallel: int = field(default_factory=default_parallel)
    targets: Targets = field(default_factory=Targets)
    target_dependents: bool = False
    replace: Targets = field(default_factory=Targets)
    continue_on_error: bool = False
    refresh: bool = False
    clear_pending_creates: bool = False

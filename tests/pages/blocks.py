"""The blocks of lines to type that the pages have, in their order."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

from lab.directory import PROJECT

PAGES = (
    "README.md",
    "docs/lab.md",
    "docs/scaling.md",
    "docs/status.md",
    "docs/existing.md",
    "docs/runbook.md",
    "docs/upgrading.md",
    "docs/configuration.md",
    "docs/baked-images.md",
    "docs/monitoring.md",
    "docs/autoscale.md",
    "docs/adopting.md",
    "docs/aws.md",
    "docs/data.md",
    "docs/security.md",
    "docs/single-master.md",
    "docs/ha-managed.md",
    "docs/ci.md",
)
"""Those of the first hour, and of what comes after."""
_BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_OPERATORS = ("pulumi ", "uv run openvidu-enterprise ")


def is_operators(command: str) -> bool:
    """Whether it's typed where the operator works: in a lab, in the shell that `lab run` starts."""
    return command.startswith(_OPERATORS)


@dataclass(frozen=True)
class Block:
    """A block of a page: the line that it begins on there, and its text."""

    page: str
    line: int
    text: str

    def __str__(self) -> str:
        """As an editor opens it."""
        return f"{self.page}:{self.line}"

    @property
    def commands(self) -> Sequence[str]:
        """The commands, in their order and without remarks.

        What `&&` joins is one, but for commands that are typed in different places.
        """
        lines = self.text.replace("\\\n", "").splitlines()
        typed = (re.sub(r" {2,}", " ", re.split(r" +# ", line)[0].strip()) for line in lines)
        return [
            " && ".join(together)
            for line in typed
            for _, together in groupby(line.split(" && "), key=is_operators)
        ]


def blocks(page: str) -> Sequence[Block]:
    """The blocks of a page; one with a language is a file, or shows one."""
    text = (PROJECT / page).read_text()
    return [
        Block(page, text.count("\n", 0, found.start()) + 2, found[2])
        for found in _BLOCK.finditer(text)
        if not found[1]
    ]

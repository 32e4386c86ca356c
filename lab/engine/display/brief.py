"""Progress in short: a line a resource once it's done, and waits only when they last.

What goes wrong is told at once, and whole at the end, as in the long form.
"""

from __future__ import annotations

import time
from typing import Final

from lab.engine.display import summary
from lab.engine.display.console import Console, Running
from lab.engine.display.facts import Message
from lab.engine.display.words import WORDS
from lab.engine.model.step import Step

LASTS_SECONDS: Final = 20.0
"""What takes no longer isn't a wait worth a line."""
AGAIN_SECONDS: Final = 60.0
"""How often a wait that lasts is told again."""


class Brief(Console):
    """Prints a line for each resource that is done; its arguments are those of `Console`."""

    def _show_begun(self, step: Step) -> None:
        if self._facts.preview:
            super()._show_begun(step)

    def _is_told(self, message: Message) -> bool:
        return message.severity != "info"

    def _show_working(self, working: list[Running]) -> None:
        self._tell_lasting(working, AGAIN_SECONDS)

    def _tell_lasting(self, working: list[Running], again: float) -> None:
        now = time.monotonic()
        for one in working:
            due = one.since + LASTS_SECONDS if one.told is None else one.told + again
            if one.step.resource.custom and now >= due:
                one.told = now
                self._tell_wait(one)

    def _tell_wait(self, one: Running) -> None:
        """Say what it has said since: the first time that is also what can be typed meanwhile."""
        name, doing = one.step.resource.name, WORDS[one.step.op].doing
        said = list(one.said) or one.info.splitlines()[:1]
        one.said.clear()
        told = f"@  {name} {doing} for {summary.duration(one.seconds)}"
        if len(said) == 1:
            self._print(f"{told}: {said[0]}")
            return
        self._print_lines([told, *(f"     {line}" for line in said)])

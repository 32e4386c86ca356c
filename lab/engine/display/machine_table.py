"""Progress in a terminal: a table that is drawn again, with a row for each machine.

A row says where the machine is, and what it waits for, in the words of the command that runs. What
goes wrong is printed above it, and whole at the end; so is, once, what a wait that lasts has said.
"""

from __future__ import annotations

import atexit
import math
import re
import sys
from dataclasses import dataclass
from typing import Final, TextIO

from rich.console import Console as Screen
from rich.live import Live
from rich.table import Table
from rich.text import Text

from lab.engine.display import summary
from lab.engine.display.brief import Brief
from lab.engine.display.console import Running, Style
from lab.engine.display.facts import Facts
from lab.engine.display.masking import Masker
from lab.engine.display.words import WORDS
from lab.engine.model.step import Step

OTHERS: Final = "all else"
"""The row of networks, addresses and the like."""
_MACHINE: Final = re.compile(r"(base|master|bastion|(?:media-)?node-([0-9]+))(?:-|$)")


@dataclass(slots=True)
class _Row:
    """A machine: how many of its resources are done, and what became of the last one."""

    order: tuple[int, int]
    done: int = 0
    last: str = ""


def machine_of(resource: str) -> str:
    """The machine that a resource belongs to, by its name; `OTHERS` for what belongs to none.

    >>> machine_of("node-12-membership"), machine_of("base"), machine_of("vpc")
    ('node-12', 'base', 'all else')
    """
    found = _MACHINE.match(resource)
    return found[1] if found else OTHERS


class MachineTable(Brief):
    """Draws the table; its arguments are those of `Console`."""

    def __init__(
        self,
        title: str,
        stack_urn: str,
        facts: Facts,
        masker: Masker,
        style: Style,
        out: TextIO = sys.stdout,
    ) -> None:
        self._rows: dict[str, _Row] = {}
        self._live: Live | None = None
        super().__init__(title, stack_urn, facts, masker, style, out)
        screen = Screen(file=out, highlight=False)
        self._live = Live(console=screen, get_renderable=self._table, auto_refresh=False)
        self._live.start()
        # Whatever ends this, the terminal gets its cursor back.
        atexit.register(self._live.stop)

    def end(self, step: Step, error: str | None) -> None:
        """A step has ended; with an error if it failed."""
        with self._lock:
            super().end(step, error)
            if not self._is_silent(step):
                row, words = self._row_of(step), WORDS[step.op]
                row.done += error is None
                row.last = f"{step.resource.name} {words.done if error is None else 'failed'}"
            self._draw_again()

    def finish(self, *, failed: bool) -> None:
        """All is over: leave the table as it is, and print the summary below it."""
        with self._lock:
            if self._live:
                self._draw_again()
                self._live.stop()
                self._live = None
        super().finish(failed=failed)

    def _show_begun(self, step: Step) -> None:
        self._row_of(step)
        self._draw_again()

    def _show_done(self, step: Step, seconds: float) -> None:
        pass

    def _show_working(self, working: list[Running]) -> None:
        # Once, above the table: what can be typed meanwhile. The rest is in its row.
        self._tell_lasting(working, math.inf)
        self._draw_again()

    def _draw_again(self) -> None:
        if self._live:
            self._live.refresh()

    def _write(self, line: str) -> None:
        if self._live:
            self._live.console.print(Text.from_ansi(line), soft_wrap=True)
        else:
            super()._write(line)

    def _row_of(self, step: Step) -> _Row:
        name = machine_of(step.resource.name)
        number = re.search(r"[0-9]+$", name)
        order = (0 if name == OTHERS else 2 if number else 1, int(number[0]) if number else 0)
        return self._rows.setdefault(name, _Row(order))

    def _table(self) -> Table:
        table = Table(box=None, pad_edge=False, expand=True)
        for heading, ratio in (("machine", None), ("done", None), ("where it is", 1)):
            table.add_column(heading, no_wrap=True, ratio=ratio)
        table.add_column("what it waits for", no_wrap=True, ratio=2)
        with self._lock:
            for name, row in sorted(self._rows.items(), key=lambda one: one[1].order):
                table.add_row(name, str(row.done), *self._now(name, row))
        return table

    def _now(self, name: str, row: _Row) -> tuple[Text, Text]:
        working = [
            one
            for one in self._running.values()
            if machine_of(one.step.resource.name) == name
            and one.step.resource.custom
            and not self._is_silent(one.step)
        ]
        if not working:
            return Text(row.last), Text("")
        # Who has something to say is what the others wait for.
        shown = min(working, key=lambda one: (not one.info, one.since))
        more = f" (and {len(working) - 1} more)" if len(working) > 1 else ""
        doing = WORDS[shown.step.op].doing
        where = f"{shown.step.resource.name} {doing}, {summary.duration(shown.seconds)}{more}"
        return Text(where), Text(self._masker.mask(shown.info.partition("\n")[0]))

"""Progress as lines, then a summary: what `preview`, `up`, `refresh` and `destroy` print.

All that happens, as the Pulumi CLI prints it: asked for by `VERBOSE_VARIABLE`, and the base of
shorter forms. To a terminal the lines are coloured, and a last one tells what is going on; to a
file or a pipe they are plain, and a line every half minute tells that long steps still run.

Source of the form: pulumi, pkg/backend/display/progress.go and rows.go.
"""

from __future__ import annotations

import shutil
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Final, TextIO

from lab.engine.display import summary
from lab.engine.display.differences import step_lines
from lab.engine.display.facts import Facts, Message, difference_text, is_hidden
from lab.engine.display.masking import Masker
from lab.engine.display.words import BOLD, RED, RESET, WORDS, YELLOW
from lab.engine.model import urn as urns
from lab.engine.model.state import ResourceState
from lab.engine.model.step import Op, Step

VERBOSE_VARIABLE: Final = "OPENVIDU_LAB_VERBOSE"
"""Set to anything but the empty text, it has every line printed."""
_HEARTBEAT_SECONDS: Final = 30.0
_TICK_SECONDS: Final = 1.0
_KEPT_LINES: Final = 5


@dataclass(frozen=True, slots=True)
class Style:
    """How to print.

    Attributes:
        colour: whether to use colours.
        terminal: whether a line may be overwritten.
        diff: whether to show property differences in place of progress.
    """

    colour: bool = False
    terminal: bool = False
    diff: bool = False


@dataclass(slots=True)
class Running:
    """A step that has begun.

    Attributes:
        step: what is done.
        since: when it began, by `time.monotonic`.
        info: what was said of it last.
        told: when a wait for it was told last, likewise; None where it never was.
        said: the last lines that were said of it since then.
    """

    step: Step
    since: float
    info: str = ""
    told: float | None = None
    said: deque[str] = field(default_factory=lambda: deque(maxlen=_KEPT_LINES))

    @property
    def seconds(self) -> float:
        """How long it has run."""
        return time.monotonic() - self.since


class Console:
    """Prints a deployment's progress and its summary.

    Args:
        title: `Updating (dev)`, say.
        stack_urn: the stack's URN, to which general messages belong.
        facts: collects what the summary needs.
        masker: hides secrets.
        style: colours and the like.
        out: where to print.
    """

    def __init__(
        self,
        title: str,
        stack_urn: str,
        facts: Facts,
        masker: Masker,
        style: Style,
        out: TextIO = sys.stdout,
    ) -> None:
        self._facts = facts
        self._stack_urn = stack_urn
        self._masker = masker
        self._style = style
        self._out = out
        self._verb = title.split(" ", 1)[0].lower()
        self._running: dict[str, Running] = {}
        self._last: dict[str, Step] = {}
        self._lock = threading.RLock()
        self._started = self._printed = time.monotonic()
        self._over = threading.Event()
        self._status = ""
        self._print(f"{title}:", BOLD)
        if not style.diff:
            self._print("")
        threading.Thread(target=self._tick, name="heartbeat", daemon=True).start()

    def begin(self, step: Step) -> None:
        """A step begins."""
        with self._lock:
            self._last[step.urn] = step
            self._running[step.urn] = Running(step, time.monotonic())
            if not self._is_silent(step):
                self._show_begun(step)

    def _show_begun(self, step: Step) -> None:
        words = WORDS[step.op]
        self._row(step, words.plan if self._facts.preview else f"{words.doing} (0s)")

    def end(self, step: Step, error: str | None) -> None:
        """A step has ended; with an error if it failed."""
        with self._lock:
            self._facts.ended(step, error)
            running = self._running.pop(step.urn, None)
            if error is not None:
                self._facts.said(Message("error", error, step.urn))
                info = f"error: {error.splitlines()[0]}" if error else ""
                self._row(step, f"**{WORDS[step.op].doing} failed**", RED, info=info)
            elif self._style.diff:
                self._print_lines(step_lines(step, self._stack_urn))
            elif step.result is not None:
                self._refreshed(step)
            elif not self._facts.preview and not self._is_silent(step):
                self._show_done(step, running.seconds if running else 0.0)

    def _show_done(self, step: Step, seconds: float) -> None:
        self._row(step, f"{WORDS[step.op].done} ({seconds:.2f}s)")

    def _refreshed(self, step: Step) -> None:
        if step.result is not Op.SAME and step.result is not None:
            words = WORDS[step.result]
            self._row(step, words.plan if self._facts.preview else words.done, sign=words.sign)

    def outputs(self, old: ResourceState | None, new: ResourceState) -> None:
        """A component, or the stack, has told its outputs."""
        if new.type == urns.STACK_TYPE:
            self._facts.new_outputs = new.outputs
            self._facts.old_outputs = old.outputs if old else {}

    def log(self, message: Message) -> None:
        """Somebody has said something; what providers print while they end is no news."""
        if message.severity == "debug":
            return
        with self._lock:
            if self._over.is_set():
                return
            self._facts.said(message)
            urn = message.urn or self._stack_urn
            running = self._running.get(urn)
            prefix = "" if message.severity == "info" else f"{message.severity}: "
            text = f"{prefix}{message.text.strip()}"
            if running:
                running.info = text
                running.said.extend(text.splitlines())
            if self._is_told(message):
                self._show_said(message, urn, running, text)

    def _is_told(self, message: Message) -> bool:
        return not (self._style.diff and message.ephemeral)

    def _show_said(self, message: Message, urn: str, running: Running | None, text: str) -> None:
        colour = {"error": RED, "warning": YELLOW}.get(message.severity, "")
        first = text.splitlines()[0] if text else ""
        step = self._last.get(urn)
        if step is None or urn == self._stack_urn:
            self._print(f"    {urns.type_of(urn)} {urns.name_of(urn)}  {first}", colour)
        else:
            self._row(step, self._state_of(running, step), colour, info=first)

    def _state_of(self, running: Running | None, step: Step) -> str:
        words = WORDS[step.op]
        if self._facts.preview or running is None:
            return words.plan if self._facts.preview else words.done
        return f"{words.doing} ({summary.duration(running.seconds)})"

    def finish(self, *, failed: bool) -> None:
        """All is over: print the summary."""
        with self._lock:
            self._over.set()
            self._clear_status()
            facts = self._facts
            if self._style.diff:
                self._print("")
            self._print_lines(summary.diagnostics(facts, self._stack_urn))
            if not (facts.preview and failed):
                self._print_lines(summary.outputs(facts))
            self._print_lines(summary.counts(facts))
            if not facts.preview:
                seconds = time.monotonic() - self._started
                self._print(f"Duration: {summary.duration(seconds)}\n")

    def _is_silent(self, step: Step) -> bool:
        same = step.op is Op.SAME or step.result is Op.SAME
        return self._style.diff or same or step.skipped or is_hidden(step.resource)

    def _row(
        self, step: Step, text: str, colour: str = "", *, sign: str | None = None, info: str = ""
    ) -> None:
        words = WORDS[step.op]
        mark = f" {words.sign if sign is None else sign:<2} "
        details = "; ".join(one for one in (difference_text(step.diff), info) if one)
        resource = step.resource
        line = f"{mark}{resource.type} {resource.name} {text} {details}".rstrip()
        self._print(line, colour or words.colour)

    def _print_lines(self, texts: Iterable[str]) -> None:
        for text in texts:
            self._print(text)

    def _print(self, text: str, colour: str = "") -> None:
        with self._lock:
            self._clear_status()
            text = self._masker.mask(text)
            if self._style.colour and colour:
                text = f"{colour}{text}{RESET}"
            self._write(text)
            self._printed = time.monotonic()

    def _write(self, line: str) -> None:
        self._out.write(f"{line}\n")
        self._out.flush()

    def _clear_status(self) -> None:
        if self._status:
            self._out.write("\r\033[K")
            self._status = ""

    def _tick(self) -> None:
        while not self._over.wait(_TICK_SECONDS):
            with self._lock:
                working = [one for one in self._running.values() if not self._is_silent(one.step)]
                if working and not self._over.is_set():
                    self._show_working(working)

    def _show_working(self, working: list[Running]) -> None:
        """Called each second while something is going on."""
        if self._style.terminal:
            self._draw(working)
        elif time.monotonic() - self._printed >= _HEARTBEAT_SECONDS:
            self._print(f"@ {self._describe(working)}")

    def _draw(self, working: list[Running]) -> None:
        self._clear_status()
        self._status = self._masker.mask(f"@ {self._describe(working)}")[
            : shutil.get_terminal_size().columns - 1
        ]
        self._out.write(self._status)
        self._out.flush()

    def _describe(self, working: list[Running]) -> str:
        oldest = min(working, key=lambda one: one.since)
        since = summary.duration(oldest.seconds)
        info = f": {oldest.info.splitlines()[0]}" if oldest.info else ""
        return (
            f"{self._verb}: {len(working)} in progress, {oldest.step.resource.name} "
            f"for {since}{info}"
        )


def say(masker: Masker) -> Callable[[str], None]:
    """A function that prints a line to standard error, without the secrets in it."""

    def run(text: str) -> None:
        # What that is now: while a table is drawn, lines go above it.
        sys.stderr.write(f"{masker.mask(text)}\n")
        sys.stderr.flush()

    return run

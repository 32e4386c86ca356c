"""Who types in a terminal answers what is asked, and ends what goes on."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.pages.terminal import COLUMNS, ROWS, Answer, type_in_terminal


def typed(script: str, *answers: Answer, limit: float = 20) -> tuple[int, str]:
    environment = {"PATH": os.environ["PATH"], "TERM": "xterm"}
    done = type_in_terminal(["bash", "-c", script], Path("/"), environment, answers, limit)
    return done.status, done.screen.replace("\r\n", "\n")


def test_a_command_has_a_terminal_and_its_status_is_told() -> None:
    assert typed("[ -t 0 ] && [ -t 1 ] && stty size; exit 3") == (3, f"{ROWS} {COLUMNS}\n")


def test_who_closes_the_terminal_first_is_waited_for() -> None:
    assert typed("echo on; exec <&- >&- 2>&-; sleep 0.5; exit 3") == (3, "on\n")


@pytest.mark.parametrize("asked", ["value: ", "Do it? [y/N]: "])
def test_what_is_asked_is_answered(asked: str) -> None:
    script = f"printf %s '{asked}'; read -s said; echo; echo got $said"
    answers = [Answer(r"value: ?", "one\n"), Answer(r"\[y/N\]: ?", "y\n")]
    said = "one" if asked == "value: " else "y"
    assert typed(script, *answers) == (0, f"{asked}\ngot {said}\n")


def test_what_goes_on_is_ended_by_ctrl_c() -> None:
    status, screen = typed("echo on; echo two; exec sleep 60", Answer("on.*two", "\x03"))
    assert (status, screen.startswith("on\n")) == (130, True)


def test_what_hangs_is_ended() -> None:
    status, screen = typed("echo on; exec sleep 60", limit=1)
    assert status == 124
    assert screen.startswith("on")

"""How commands of the lab speak, and that they say what they are."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from lab.calls.account import Account
from lab.calls.report import Call, Report, Result
from lab.cli import app, calls, faults, words
from lab.errors import LabError
from lab.openvidu.faults import OPTIONS

LONG = "nginx: [emerg] bind() failed [/opt/openvidu] " + "and more of it " * 10


def test_a_demo_says_first_that_it_is_a_lab(tmp_path: Path) -> None:
    wrong = str(tmp_path / "[emerg]" / ("x" * 90))
    done = subprocess.run(
        [sys.executable, "-m", "lab.cli", "demo", "--output", wrong],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    banner, error, *rest = done.stderr.splitlines()
    assert "A lab for rehearsal" in banner
    # In one line, with its brackets.
    assert error.startswith(f"lab: --output {wrong}: expected")
    assert rest == []


@pytest.mark.parametrize("text", [LONG, "[/bold]", "[red]"], ids=["long", "closing", "style"])
def test_an_error_is_told_as_it_is(
    text: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fails() -> None:
        raise LabError(text)

    monkeypatch.setattr(app, "app", fails)
    with pytest.raises(SystemExit):
        app.main()
    assert capsys.readouterr().err == f"lab: {text}\n"


def test_commands_in_a_message_are_for_the_lab_that_was_asked(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(words, "lab", "two")
    words.tell_error("First: uv run lab up. Or: uv run lab --name x up --example x")
    said = "First: uv run lab --name two up. Or: uv run lab --name x up --example x"
    assert capsys.readouterr().err == f"lab: {said}\n"


def test_each_fault_is_told_with_what_it_takes(capsys: pytest.CaptureFixture[str]) -> None:
    faults.kinds()
    told = capsys.readouterr().out
    for kind in ("throttle", "lose-host", *OPTIONS):
        assert re.search(rf"^(\| `)?{kind}\b", told, re.MULTILINE), kind


def test_a_line_about_a_call_stays_one_line_with_its_brackets(
    capsys: pytest.CaptureFixture[str],
) -> None:
    call = Call("1-1-1", 0.0, Result.REFUSED, reason=LONG + LONG)
    calls.show(Account(Report((call,)), []))
    (line,) = [line for line in capsys.readouterr().out.splitlines() if "1-1-1" in line]
    assert (LONG + LONG).strip() in line

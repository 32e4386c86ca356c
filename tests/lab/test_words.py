"""How commands of the lab speak, and that they say what they are."""

from __future__ import annotations

import os
import pty
import re
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
from typer.testing import CliRunner

from lab.calls.account import Account
from lab.calls.report import Call, Report, Result
from lab.cli import app, calls, demo, faults, words
from lab.cli.fault_table import AWS, SECTIONS, Row
from lab.cloud.faults import KNOWN, FaultError, Faults
from lab.directory import PROJECT
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
    assert error.startswith("lab: --output must be ")
    assert error.endswith(f", got {wrong}")
    assert rest == []


def test_a_demo_draws_where_git_doesnt_look_unless_told_to() -> None:
    ignored = ["git", "check-ignore", "--quiet", str(demo.REPORTS / "demo.svg")]
    assert subprocess.run(ignored, cwd=PROJECT, check=False).returncode == 0


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


ROWS = [row for _, rows in SECTIONS for row in rows]


def test_every_fault_is_in_the_table_once_with_all_that_it_takes() -> None:
    assert sorted(row.kind for row in ROWS) == sorted([*KNOWN, *OPTIONS])
    takes = {**KNOWN, **OPTIONS}
    for row in ROWS:
        assert set(re.findall(r"([a-z-]+)=", f"{row.needs}, {row.may}")) == {*takes[row.kind]}


@pytest.mark.parametrize("row", AWS, ids=lambda row: row.kind)
def test_a_fault_of_aws_needs_what_the_table_says_and_nothing_else(row: Row) -> None:
    made = Faults(lambda host, how: None)
    try:
        made.add(row.kind, dict(one.split("=") for one in row.needs.split(", ") if one))
        assert not row.needs or refuses(made, row.kind)
    finally:
        made.clear()


def refuses(made: Faults, kind: str) -> bool:
    with pytest.raises(FaultError):
        made.add(kind, {})
    return True


def test_the_documentation_has_the_table() -> None:
    text = Path("docs/lab.md").read_text()
    assert [row.kind for row in ROWS if row.markdown not in text] == []


def test_the_help_says_what_each_fault_needs() -> None:
    shown = CliRunner().invoke(app.app, ["fault", "set", "--help"], env={"COLUMNS": "200"}).output
    assert "late-answer seconds=180 (may have:" in shown
    assert "retire-host host=node-1:" in shown


@pytest.mark.parametrize("kind", ["boot-delay", "lose-host", "retire-host"])
def test_a_fault_that_aws_has_with_a_machine_is_asked_for_with_on(kind: str) -> None:
    asked: list[tuple[str, dict[str, str]]] = []

    def fault(kind: str, **options: str) -> None:
        asked.append((kind, options))

    control = SimpleNamespace(fault=fault)
    stack = SimpleNamespace(supervisor=SimpleNamespace(control=control))
    context = SimpleNamespace(obj=SimpleNamespace(open=lambda: stack))
    faults.set_fault(context, kind, [], "node-2")  # type: ignore[arg-type]
    assert asked == [(kind, {"host": "node-2"})]


@pytest.mark.parametrize(
    ("key", "value", "said"),
    [
        ("nodeCount", "3", "nodeCount is 3"),
        ("hosts[0].publicIp", "198.51.100.4", "hosts[0].publicIp is 198.51.100.4"),
        ("ownCertificate", "-----BEGIN\nCERTIFICATE-----", "ownCertificate is set"),
        # Set without --secret, by mistake.
        ("openviduSecret", "hush", "openviduSecret is set"),
    ],
)
def test_what_was_set_is_told_unless_it_may_not_be_seen(key: str, value: str, said: str) -> None:
    assert app._what_was_set(key, value, secret=False) == said


SETS_A_KEY = """\
import os, sys, types
os.close(os.open(os.ttyname(0), os.O_RDWR))
from lab.cli import app
stack = types.SimpleNamespace(
    set_config=lambda key, value, **how: open("stored", "w").write(f"{key} {value} {how}")
)
app._Choice.open = lambda _: stack
app.app(["config", "set", *sys.argv[1:]])
"""


def in_a_terminal(folder: Path, *words: str, typed: str) -> str:
    """What a terminal shows while somebody sets a key there and types its value."""
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        [sys.executable, "-c", SETS_A_KEY, *words],
        cwd=folder,
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        env={**os.environ, "PYTHONPATH": str(Path.cwd())},
        start_new_session=True,
    ) as setting:
        os.close(theirs)
        shown = ""
        while "value: " not in shown:
            shown += os.read(ours, 1024).decode()
        os.write(ours, f"{typed}\n".encode())
        try:
            while more := os.read(ours, 1024):
                shown += more.decode()
        except OSError:
            # The terminal's other end is closed.
            pass
        os.close(ours)
        assert setting.wait(10) == 0, shown
    return shown


def test_a_secret_is_typed_unseen_and_another_key_is_seen(tmp_path: Path) -> None:
    shown = in_a_terminal(tmp_path, "--secret", "redisPassword", typed="hush")
    assert "hush" not in shown
    assert "redisPassword is set, and stored encrypted" in shown
    assert (tmp_path / "stored").read_text().startswith("redisPassword hush {'secret': True")
    assert "nodeCount is 3" in in_a_terminal(tmp_path, "nodeCount", typed="3")

"""An update ends by itself, or in order when it's asked to."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from scripts.autoscaling.updates import BUSY, PROJECT, Update

PULUMI = """#!/bin/bash
case "$*" in
*version*) echo v3.300.0 ;;
*" up "*) {up} ;;
*select*) echo selected >>{done} ;;
*output*) echo '{{}}' ;;
*history*)
  echo '[{{"kind":"update","startTime":"2026-01-01T00:00:00.000Z","message":"",'
  echo '"environment":{{}},"config":{{}},"result":"succeeded"}}]'
  ;;
esac
"""


@pytest.fixture
def done(tmp_path: Path) -> Path:
    return tmp_path / "done"


def pulumi(tmp_path: Path, up: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A `pulumi` whose `up` is a shell script; what it does is noted in `done`."""
    program = tmp_path / "pulumi"
    program.write_text(PULUMI.format(up=up, done=tmp_path / "done"))
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")


def test_an_update_is_run_without_selecting_the_stack(
    tmp_path: Path, done: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pulumi(tmp_path, f'echo "$*" >>{done}', monkeypatch)
    assert Update("acme/prod").wait() == 0
    ran = done.read_text()
    assert "--yes" in ran
    assert "--stack acme/prod" in ran
    assert "selected" not in ran


def test_an_update_that_is_interrupted_ends_in_order(
    tmp_path: Path, done: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # What runs in the background of a script ignores the signal.
    stop = f"trap 'echo cancelled >>{done}; kill %1; exit 1' INT"
    script = f"{stop}; sleep 99 & echo began >>{done}; wait"
    pulumi(tmp_path, script, monkeypatch)
    update = Update("prod")
    while not done.exists():
        assert update.wait(0.05) is None
    update.interrupt()
    assert done.read_text() == "began\ncancelled\n"
    assert update.wait() == 130
    update.interrupt()


def test_an_update_whose_autoscaler_is_killed_goes_on_to_its_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    began, ended = tmp_path / "began", tmp_path / "ended"
    for pipe in (began, ended):
        # Opening one waits for the other end.
        os.mkfifo(pipe)
    pulumi(tmp_path, f"echo yes >{began}; echo yes >{ended}", monkeypatch)
    start = "from scripts.autoscaling.updates import Update; Update('prod').wait()"
    autoscaler = subprocess.Popen([sys.executable, "-c", start], cwd=PROJECT)
    assert began.read_text() == "yes\n"
    autoscaler.kill()
    assert autoscaler.wait() == -signal.SIGKILL
    assert ended.read_text() == "yes\n"


@pytest.mark.parametrize(
    ("said", "status"),
    [("error: the stack is currently locked by 1 lock(s)", BUSY), ("error: update failed", 1)],
)
def test_a_stack_that_is_held_is_told_from_a_failure(
    said: str,
    status: int,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    pulumi(tmp_path, f"echo '{said}' >&2; exit 255", monkeypatch)
    assert Update("prod").wait() == status
    told = capfd.readouterr().err
    assert "Traceback" not in told
    assert said in told
    assert ("another update" in told) is (status == BUSY)


def test_what_an_update_says_is_told_without_its_signs_of_life(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    said = "' +  node-3 creating (0s)' '@ updating....' ' +  node-3 created (2s)'"
    pulumi(tmp_path, f"printf '%s\\n' {said}", monkeypatch)
    assert Update("prod").wait() == 0
    told = capfd.readouterr().out
    assert told.index("node-3 creating") < told.index("node-3 created")
    assert "@ updating" not in told

"""What a repair is told of a node: the table's conclusion, and who says what."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any, cast

import pytest

from membership.answers import Answers, Unreachable
from membership.join import Found
from membership.main import _show_conclusion, _Task
from membership.witnesses import Word
from tests.membership.worlds import BUSY, NODE, OTHER, Scene, scene


def concluded(made: Scene, capsys: pytest.CaptureFixture[str]) -> Any:
    words = argparse.Namespace(
        name=NODE.name,
        ip=NODE.ip,
        identity=NODE.identity,
        generation=1,
        run="test",
        asks=True,
        host="",
        host_key="",
        instance="",
        ssh_way="",
    )
    task = _Task(words, made.context, cast("Any", None), cast("Any", None))
    status = _show_conclusion(task)
    return json.loads(capsys.readouterr().out) if status is None else status


def test_one_that_answers_serves(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    told = concluded(scene(tmp_path, [([BUSY, OTHER], Answers(200))]), capsys)
    assert told["conclusion"] == "serving"


def test_others_are_asked_before_nobody_knows(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    made = scene(tmp_path, [([BUSY, OTHER], Unreachable("timed out"))])
    assert concluded(made, capsys) is Found.DOUBT
    made.says(machine=(Word.UNKNOWN, "SSH to it from here: no route"))
    told = concluded(made, capsys)
    assert told["conclusion"] == "unknown"
    assert "SSH to it from here: no route" in told["told"]

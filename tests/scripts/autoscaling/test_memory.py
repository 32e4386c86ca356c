"""What is remembered outlives the run, and a broken file is no past at all."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from scripts.autoscaling.decision import Past, Sample
from scripts.autoscaling.memory import Memory, OtherRunError, default_file, with_look
from scripts.autoscaling.scaling_policy import Measure, Policy

PAST = Past((Sample(10.5, {Measure.CALLS: 3}), Sample(70.5, {Measure.CALLS: 4.0})), changed=12.0)
POLICY = Policy(maximum=4, targets={Measure.CALLS: 5})


def test_a_past_is_read_as_it_was_written(tmp_path: Path) -> None:
    memory = Memory(tmp_path / "state/autoscale.json")
    with memory.alone():
        assert memory.read() == Past()
        memory.write(PAST)
        assert memory.read() == PAST
    assert stat.S_IMODE((tmp_path / "state/autoscale.json").stat().st_mode) == 0o600
    assert {file.name for file in (tmp_path / "state").iterdir()} == {
        "autoscale.json",
        "autoscale.lock",
    }


@pytest.mark.parametrize("text", ["", "[]", '{"samples": [{}]}', '{"samples": 3, "changed": 1}'])
def test_a_broken_file_is_an_empty_past(tmp_path: Path, text: str) -> None:
    file = tmp_path / "autoscale.json"
    file.write_text(text)
    assert Memory(file).read() == Past()


def test_a_second_run_of_the_same_stack_is_kept_out(tmp_path: Path) -> None:
    memory = Memory(tmp_path / "autoscale.json")
    with memory.alone(), pytest.raises(OtherRunError, match="another autoscaler"), memory.alone():
        pass
    with memory.alone():
        pass


def test_looks_that_no_decision_asks_for_are_dropped() -> None:
    past = Past()
    for minute in range(100):
        past = with_look(past, minute * 60, {Measure.CALLS: minute}, POLICY)
    times = [one.at for one in past.samples]
    assert times == [minute * 60 for minute in range(69, 100)]


def test_each_stack_has_a_file_of_its_own(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    assert default_file("acme/prod") == tmp_path / "openvidu-enterprise/autoscale-acme-prod.json"

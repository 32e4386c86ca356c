from __future__ import annotations

from pathlib import Path

import pytest

from lab.openvidu import faults
from lab.openvidu.faults import Fault, FaultError


def test_a_fault_reads_back_as_it_was_written(tmp_path: Path) -> None:
    fault = Fault("drain", {"answer": "401"}, times=3)
    faults.write(fault, tmp_path)
    assert faults.look("drain", tmp_path) == fault


def test_a_fault_with_times_ends_by_itself(tmp_path: Path) -> None:
    faults.write(Fault("drain", times=2), tmp_path)
    struck = [faults.strike("drain", tmp_path) is not None for _ in range(3)]
    assert struck == [True, True, False]


def test_a_fault_without_times_stays_until_it_is_cleared(tmp_path: Path) -> None:
    faults.write(Fault("reload"), tmp_path)
    assert all(faults.strike("reload", tmp_path) for _ in range(3))
    faults.clear("reload", tmp_path)
    assert faults.strike("reload", tmp_path) is None


def test_an_empty_file_is_a_fault(tmp_path: Path) -> None:
    (tmp_path / "api").touch()
    assert faults.look("api", tmp_path) == Fault("api")


@pytest.mark.parametrize(
    ("kind", "text", "named"),
    [
        ("dragon", "", "dragon"),
        ("drain", "status=405", "status"),
        ("drain", "times=0", "times"),
        ("drain", "times=x", "times"),
        ("drain", "405", "405"),
        ("drain", "answer=slow", "slow"),
        ("slow-upload", "seconds=soon", "soon"),
    ],
)
def test_a_wrong_fault_is_refused_by_name(kind: str, text: str, named: str) -> None:
    with pytest.raises(FaultError, match=named):
        faults.parse(kind, text)


def test_the_command_sets_lists_and_clears(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert faults.main(["set", "api", "answer=500", "times=2"], tmp_path) == 0
    assert faults.main(["list"], tmp_path) == 0
    assert capsys.readouterr().out == "api answer=500 times=2\n"
    assert faults.main(["clear"], tmp_path) == 0
    assert faults.active(tmp_path) == []


def test_the_command_refuses_what_it_does_not_know(tmp_path: Path) -> None:
    assert faults.main(["set", "dragon"], tmp_path) == 2
    assert faults.main(["strike"], tmp_path) == 2

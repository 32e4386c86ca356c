"""The hosts file of a lab."""

from __future__ import annotations

from pathlib import Path

import pytest

from lab.cloud.facts import MIRROR_ADDRESS, MIRROR_NAMES
from lab.cloud.names import Names


def lookup(file: Path, name: str) -> str | None:
    for line in file.read_text().splitlines():
        address, *names = line.split() or [""]
        if name in names:
            return address
    return None


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "etc" / "hosts"


def test_the_mirror_is_known_from_the_start(file: Path) -> None:
    Names(file)
    assert lookup(file, MIRROR_NAMES[0]) == MIRROR_ADDRESS


def test_base_follows_the_machine_that_is_base(file: Path) -> None:
    names = Names(file)
    names.set("openvidu.example.io", "base")
    assert lookup(file, "openvidu.example.io") is None
    names.sync({}, "203.0.113.7", {})
    assert lookup(file, "openvidu.example.io") == "203.0.113.7"
    names.sync({}, None, {})
    assert lookup(file, "openvidu.example.io") is None


def test_what_is_set_goes_before_route_53(file: Path) -> None:
    names = Names(file)
    names.sync({}, None, {"call.example.io": "203.0.113.9"})
    assert lookup(file, "call.example.io") == "203.0.113.9"
    names.set("call.example.io", "203.0.113.1")
    assert lookup(file, "call.example.io") == "203.0.113.1"
    names.set("call.example.io", None)
    assert lookup(file, "call.example.io") == "203.0.113.9"


def test_the_file_stays_the_same_file(file: Path) -> None:
    names = Names(file)
    before = file.stat().st_ino
    names.set("a-long-name.example.io", "203.0.113.1")
    names.set("a-long-name.example.io", None)
    assert file.stat().st_ino == before
    assert "203.0.113.1" not in file.read_text()


@pytest.mark.parametrize(
    ("name", "address"),
    [("two words", "203.0.113.1"), ("line\nbreak", "base"), ("ok.example", "300.1.1.1")],
)
def test_what_would_break_the_file_is_refused(file: Path, name: str, address: str) -> None:
    before = Names(file), file.read_text()
    with pytest.raises(ValueError, match="takes"):
        before[0].set(name, address)
    assert file.read_text() == before[1]

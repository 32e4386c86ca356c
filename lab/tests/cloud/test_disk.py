"""A host's disk: what it has of this machine, and what it hasn't."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from lab.cloud.disk import ABSENT, APART, Disk


@pytest.fixture
def computer(tmp_path: Path) -> Path:
    """The computer that the lab runs on: another lab's OpenVidu in /opt, and so on."""
    for name in (*APART, *ABSENT, "etc/ssh", "usr/bin"):
        (tmp_path / "computer" / name).mkdir(parents=True)
        (tmp_path / "computer" / name / "its").write_text("the computer's")
    (tmp_path / "computer/etc/ssh/ssh_host_rsa_key").touch()
    return tmp_path / "computer"


@pytest.fixture
def root(tmp_path: Path, computer: Path) -> Iterator[Path]:
    """The root of a machine's disk."""
    if os.geteuid() != 0:
        pytest.skip("a disk takes root to be mounted")
    disk = Disk(tmp_path / "machine", lower=computer)
    disk.create()
    disk.mount()
    yield disk.root
    disk.destroy()


def test_a_machine_begins_without_what_the_computer_keeps(root: Path) -> None:
    assert not [one for name in APART for one in (root / name).iterdir()]
    assert not [name for name in ABSENT if (root / name).exists()]
    assert (root / "usr/bin/its").read_text() == "the computer's"
    assert (root / "etc/ssh/its").read_text() == "the computer's"
    assert not (root / "etc/ssh/ssh_host_rsa_key").exists()


@pytest.mark.parametrize("name", [*APART, *ABSENT, "etc"])
def test_what_happens_on_the_computer_stays_there(root: Path, computer: Path, name: str) -> None:
    (root / name).mkdir(exist_ok=True)
    (root / name / "ours").write_text("the machine's")
    (computer / name / "ours").mkdir()
    (computer / name / "later").touch()
    assert (root / name / "ours").read_text() == "the machine's"
    assert not (root / name / "later").exists()


def test_a_machine_may_remove_its_folders(root: Path, computer: Path) -> None:
    (root / "opt/openvidu").mkdir()
    (root / "opt/openvidu").rmdir()
    (root / "var/lib/openvidu-membership").mkdir()
    (root / "var/lib/openvidu-membership").rmdir()
    assert (computer / "var/lib/openvidu-membership/its").exists()
    assert not (root / "var/lib/openvidu-membership").exists()

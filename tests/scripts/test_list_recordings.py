"""What is recorded and not in the bucket yet is seen wherever it is, and holds a drain."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from components.remote import script, text_of
from tests.scripts.conftest import Base

PLACES = ("recordings", "mncontroller/recordings", "elsewhere")
"""The server's own, the media node controller's, and what OPENVIDU_RECORDING_PATH says."""


@pytest.fixture
def node(tmp_path: Path) -> Path:
    """OpenVidu's folder on a node that has recorded nothing."""
    folder = tmp_path / "node"
    for place in PLACES:
        (folder / place).mkdir(parents=True)
    (folder / ".env").write_text(f"A=1\nOPENVIDU_RECORDING_PATH={folder}/elsewhere\n")
    return folder


def record(node: Path, place: str, text: str = "video") -> Path:
    file = node / place / "ses_1" / "ses_1.mp4"
    file.parent.mkdir()
    file.write_text(text)
    return file


def listed(node: Path) -> list[str]:
    done = subprocess.run(
        ["bash", "-c", text_of("list-recordings.sh").replace("/opt/openvidu", str(node))],
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.splitlines()


@pytest.mark.parametrize("place", PLACES)
def test_a_recording_is_listed_wherever_it_is(node: Path, place: str) -> None:
    file = record(node, place)
    assert listed(node) == [f"{file} 5"]


def test_all_are_listed_once_and_no_notes(node: Path) -> None:
    files = [record(node, place) for place in PLACES]
    (node / "recordings" / "ses_1" / ".recording.ses_1").write_text("{}")
    assert listed(node) == sorted(f"{file} 5" for file in files)
    (node / ".env").write_text(f"OPENVIDU_RECORDING_PATH={node}/recordings\n")
    assert listed(node) == sorted(f"{file} 5" for file in files[:2])


def test_a_node_without_any_of_the_folders_has_no_recordings(tmp_path: Path) -> None:
    assert listed(tmp_path / "nothing") == []


LOOKS = """
[[ $did == bash ]] || exit 0
"${@:2}"
status=$?
# It's uploaded after the second look.
[[ $(grep -c bash did) != 2 ]] || rm -r node/*/ses_1 node/*/*/ses_1 2>/dev/null
exit $status
"""


@pytest.mark.parametrize("place", PLACES)
def test_a_drain_waits_for_what_is_recorded_there(base: Base, node: Path, place: str) -> None:
    record(node, place)
    base.does(LOOKS)
    look = script("list-recordings.sh").replace("/opt/openvidu", str(node))
    done = base.follow("drain", LIST_RECORDINGS=look, RECORDING_SECONDS="30")
    assert done.returncode == 0, done.stderr
    assert base.did == ["drain", "bash", "bash", "bash", "remove"]
    assert done.stdout == "node-3: waiting for recordings to reach the bucket: 1 file\n"


@pytest.mark.parametrize("place", PLACES)
def test_what_stays_there_keeps_the_machine(base: Base, node: Path, place: str) -> None:
    file = record(node, place)
    base.does('[[ $did == bash ]] && exec "${@:2}"; exit 0')
    look = script("list-recordings.sh").replace("/opt/openvidu", str(node))
    done = base.follow("drain", LIST_RECORDINGS=look)
    assert done.returncode == 1
    assert f"\n  {file} 5\n" in done.stderr
    assert "remove" not in base.did

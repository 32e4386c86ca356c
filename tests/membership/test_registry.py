"""Records of nodes outlive whatever fails."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from membership.clock import Elapsed
from membership.registry import Phase, Record, Registry, RegistryError
from membership.witnesses import Statement, Witness, Word
from tests.membership.worlds import NODE, VirtualClock
from tests.small_disk import fill, small_disk

SAID = {Witness.AWS: Statement(Word.STOPPED, "AWS says: i-2 is terminated")}
RECORD = Record("node-1", "10.5.0.6", "i-1", Phase.SERVING, 0)


def test_a_full_disk_leaves_the_record_whole(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk") as disk:
        registry = Registry(disk)
        registry.change(RECORD.ip, lambda _: RECORD)
        fill(disk)
        with pytest.raises(OSError, match=rf"No space left on device: '{disk}/10\.5\.0\.6\.json'"):
            registry.change(RECORD.ip, lambda _: replace(RECORD, phase=Phase.DRAINING))
        assert registry.get(RECORD.ip) == RECORD
        assert sorted(file.name for file in disk.iterdir()) == ["10.5.0.6.json", "ballast", "lock"]


def test_what_others_say_is_noted_or_the_run_ends(tmp_path: Path) -> None:
    """Else the base would be in doubt, and others asked, for ever."""
    with small_disk(tmp_path / "disk") as disk:
        registry = Registry(disk)
        registry.testify(NODE, SAID, Elapsed.begin(VirtualClock()))
        fill(disk)
        with pytest.raises(OSError, match="No space left on device"):
            registry.testify(NODE, SAID, Elapsed.begin(VirtualClock()))
        with pytest.raises(OSError, match="No space left on device"):
            registry.declare_dead(NODE, "who", VirtualClock())


@pytest.mark.parametrize("text", ["", "{", "[]", '{"name": "node-1"}', "null"])
def test_a_record_that_cannot_be_read_is_no_record_of_nothing(tmp_path: Path, text: str) -> None:
    registry = Registry(tmp_path)
    (tmp_path / f"{RECORD.ip}.json").write_text(text)
    for read in (lambda: registry.get(RECORD.ip), registry.all):
        with pytest.raises(RegistryError, match=rf"{RECORD.ip}\.json can't be read"):
            read()
    with pytest.raises(RegistryError):
        registry.change(RECORD.ip, lambda _: None)
    assert (tmp_path / f"{RECORD.ip}.json").read_text() == text


def test_a_file_in_place_of_the_folder_is_not_taken_for_no_nodes(tmp_path: Path) -> None:
    (tmp_path / "registry").write_text("")
    with pytest.raises(RegistryError, match=r"registry can't be read: .*Not a directory"):
        Registry(tmp_path / "registry").all()


def test_where_nothing_was_noted_yet_there_are_no_nodes(tmp_path: Path) -> None:
    assert Registry(tmp_path / "none").all() == []

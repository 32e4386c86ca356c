"""Volumes follow what the fake AWS holds, with what is on them."""

from __future__ import annotations

from pathlib import Path

from lab.cloud.volumes import Volumes

DEVICE = "nvme-Amazon_Elastic_Block_Store_vol0a"


def test_a_volume_keeps_its_content_from_instance_to_instance(tmp_path: Path) -> None:
    volumes = Volumes(tmp_path)
    volumes.sync({"vol-0a": None})
    volumes.sync({"vol-0a": "i-1"})
    (volumes.of("i-1") / DEVICE / "file").write_text("kept")
    volumes.sync({"vol-0a": None})
    assert not list(volumes.of("i-1").iterdir())
    volumes.sync({"vol-0a": "i-2", "vol-0b": "i-2"})
    assert (volumes.of("i-2") / DEVICE / "file").read_text() == "kept"
    volumes.sync({"vol-0b": "i-2"})
    assert [one.name for one in volumes.of("i-2").iterdir()] == [DEVICE[:-1] + "b"]


def test_a_snapshot_is_of_its_moment_and_outlives_the_volume(tmp_path: Path) -> None:
    volumes = Volumes(tmp_path)
    volumes.sync({"vol-0a": "i-1"})
    content = volumes.of("i-1") / DEVICE / "file"
    content.write_text("then")
    volumes.sync({"vol-0a": "i-1"}, {"snap-1": "vol-0a"})
    content.write_text("later")
    volumes.sync({"vol-0a": "i-1"}, {"snap-1": "vol-0a"})
    volumes.sync({}, {"snap-1": "vol-0a"})
    volumes.sync({"vol-0b": None}, {"snap-1": "vol-0a"}, {"vol-0b": "snap-1"})
    volumes.sync({"vol-0b": "i-2"}, {"snap-1": "vol-0a"}, {"vol-0b": "snap-1"})
    restored = volumes.of("i-2") / f"{DEVICE[:-1]}b"
    assert {one.name: one.read_text() for one in restored.iterdir()} == {"file": "then"}

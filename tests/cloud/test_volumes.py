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

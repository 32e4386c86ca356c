"""Records of nodes outlive whatever fails."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from membership.registry import Phase, Record, Registry
from tests.small_disk import fill, small_disk

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

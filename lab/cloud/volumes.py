"""EBS volumes: folders that are moved to the instance they are attached to, and outlive it.

In a host a volume is a folder where its device would be. So what is attached to a running host is
there at once, and what was mounted from it goes on. A snapshot is a copy of it.
"""

from __future__ import annotations

import shutil
import subprocess
import threading
from collections.abc import Mapping
from pathlib import Path


class Volumes:
    """The volumes of a lab."""

    def __init__(self, directory: Path) -> None:
        """Begin without volumes.

        Args:
            directory: the lab's directory.
        """
        self._free = directory / "volumes"
        self._attached = directory / "attached"
        self._snapshots = directory / "snapshots"
        self._lock = threading.Lock()
        self._known: Mapping[str, str | None] = {}

    def of(self, instance_id: str) -> Path:
        """The folder with the volumes of an instance; made when it's missing."""
        folder = self._attached / instance_id
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    def sync(
        self,
        wanted: Mapping[str, str | None],
        snapshots: Mapping[str, str] | None = None,
        origins: Mapping[str, str] | None = None,
    ) -> None:
        """Take over what the fake AWS holds.

        Args:
            wanted: the volumes by id, each with its instance, or None.
            snapshots: the volumes that snapshots are of, by the snapshots' ids.
            origins: the snapshots that volumes begin with, by the volumes' ids.
        """
        with self._lock:
            for snapshot, volume in (snapshots or {}).items():
                copy = self._snapshots / snapshot
                if volume in self._known and not copy.exists():
                    _copy(self._place(volume, self._known[volume]), copy)
            for volume in self._known.keys() - wanted.keys():
                shutil.rmtree(self._place(volume, self._known[volume]), ignore_errors=True)
            for volume, instance_id in wanted.items():
                place = self._place(volume, instance_id)
                if volume not in self._known:
                    origin = (origins or {}).get(volume)
                    place.parent.mkdir(parents=True, exist_ok=True)
                    if origin:
                        _copy(self._snapshots / origin, place)
                    else:
                        place.mkdir()
                elif self._known[volume] != instance_id:
                    place.parent.mkdir(parents=True, exist_ok=True)
                    self._place(volume, self._known[volume]).rename(place)
            self._known = dict(wanted)

    def _place(self, volume: str, instance_id: str | None) -> Path:
        if instance_id is None:
            return self._free / volume
        # As on Nitro instances. Source: EC2 guide, "Map NVMe block devices".
        return self.of(instance_id) / f"nvme-Amazon_Elastic_Block_Store_{volume.replace('-', '')}"


def _copy(source: Path, target: Path) -> None:
    """A copy with owners and times; files that go meanwhile are left out, sockets too."""
    target.parent.mkdir(parents=True, exist_ok=True)
    subprocess.run(
        ["cp", "--archive", str(source), str(target)], stderr=subprocess.DEVNULL, check=False
    )

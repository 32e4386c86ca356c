"""The data is on its volume, and nothing starts without it."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from components.remote import text_of

VALUES = "VOLUME=vol-1\nFOLDER={}/opt/openvidu\nFOLDERS=minio-s3 elasticsearch\n"
DEVICE = "dev/disk/by-id/nvme-Amazon_Elastic_Block_Store_vol1"
STAND_INS = {
    "mountpoint": 'grep -qxF "$2" "$W/mounted"',
    "mount": 'echo "$1" >>"$W/mounted"',
    "blkid": "true",
    "systemctl": 'echo "$*" >>"$W/systemctl"',
}


@pytest.fixture
def machine(tmp_path: Path) -> Path:
    for folder in ("etc", "bin", "opt/openvidu/minio-s3", Path(DEVICE).parent):
        (tmp_path / folder).mkdir(parents=True)
    for file in (DEVICE, "mounted", "opt/openvidu/minio-s3/kept"):
        (tmp_path / file).touch()
    for name, script in STAND_INS.items():
        program = tmp_path / "bin" / name
        program.write_text(f"#!/bin/bash\n{script}\n")
        program.chmod(0o755)
    return tmp_path


def mount_data(machine: Path, values: str = VALUES) -> None:
    script = text_of("mount-data.sh")
    for place in ("/dev/disk", "/etc/", "/var/lib"):
        script = script.replace(place, f"{machine}{place}")
    subprocess.run(
        ["bash", "-c", script],
        input=values.format(machine),
        env={"PATH": f"{machine}/bin:{os.environ['PATH']}", "W": str(machine)},
        stderr=subprocess.PIPE,
        text=True,
        check=True,
    )


def test_docker_waits_for_the_volume_and_each_folder_on_it(machine: Path) -> None:
    mount_data(machine)
    places = (machine / "mounted").read_text().split()
    unit = machine / "etc/systemd/system/docker.service.d/openvidu-data.conf"
    assert unit.read_text() == f"[Unit]\nRequiresMountsFor={' '.join(places)}\n"
    assert len(places) == 3
    assert (machine / "systemctl").read_text() == "daemon-reload\n"


def test_a_second_run_changes_nothing(machine: Path) -> None:
    mount_data(machine)
    before = [(machine / file).read_text() for file in ("etc/fstab", "mounted")]
    mount_data(machine)
    assert [(machine / file).read_text() for file in ("etc/fstab", "mounted")] == before
    assert (machine / "var/lib/openvidu-data/minio-s3/kept").exists()


def test_a_machine_does_not_go_on_with_the_volume_it_had_in_the_place_of_another(
    machine: Path,
) -> None:
    mount_data(machine)
    before = (machine / "etc/fstab").read_text()
    (machine / f"{DEVICE}2").touch()
    with pytest.raises(subprocess.CalledProcessError) as failed:
        mount_data(machine, VALUES.replace("vol-1", "vol-12"))
    assert "keeps its data on another volume than vol-12" in failed.value.stderr
    assert (machine / "etc/fstab").read_text() == before

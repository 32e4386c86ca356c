"""What is seen on a host before anything is changed there."""

from __future__ import annotations

from pathlib import Path

import pytest

from components.existing import suitability
from components.existing.suitability import Facts
from tests.scripts.existing_host import ExistingHost, existing_host

FIELDS = {"ADDRESS": "10.5.0.6", "FOLDER": "/opt/openvidu", "PORTS": "", "PEERS": ""}


@pytest.fixture
def host(tmp_path: Path) -> ExistingHost:
    made = existing_host(tmp_path)
    made.program("free", "echo 'Mem: 15900 1 2'")
    made.program("python3", "exit 0")
    return made


def inspect(host: ExistingHost, **changes: str) -> Facts:
    done = host.run("inspect-host.sh", **{**FIELDS, **changes})
    assert done.returncode == 0, done.stderr
    found = suitability.parse(done.stdout, asked=0.0)
    assert isinstance(found, Facts), found
    return found


def test_a_host_that_speaks_german_is_understood(host: ExistingHost) -> None:
    host.program("free", "[[ $LC_ALL == C ]] && memory=Mem || memory=Speicher\necho $memory: 15900")
    assert inspect(host).memory_mib == 15_900


def test_what_is_in_the_users_home_is_not_run_by_root(host: ExistingHost) -> None:
    host.program("python3", "[[ $1 == -I ]] || touch $W/not-isolated")
    assert inspect(host).has_python
    assert not (host.world / "not-isolated").exists()


def test_a_folder_of_the_owners_is_seen(host: ExistingHost) -> None:
    assert not inspect(host).installed
    host.path("/opt/openvidu").mkdir()
    assert inspect(host).foreign == ("/opt/openvidu",)

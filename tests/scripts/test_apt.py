"""Packages come once nobody else holds a lock of apt; those that are new are noted."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from components.remote import text_of
from tests.scripts.existing_host import FOUND, ExistingHost, existing_host


@pytest.fixture
def host(tmp_path: Path) -> ExistingHost:
    made = existing_host(tmp_path)
    made.knows("sources", "curl 8.5", "tini 0.19")
    return made


def install(host: ExistingHost, **variables: str) -> subprocess.CompletedProcess[str]:
    return host.shell(text_of("apt.sh") + "apt_install curl tini=0.19", **variables)


@pytest.mark.parametrize(
    "lock", ["/var/lib/apt/lists/lock", "/var/cache/apt/archives/lock", "/var/lib/dpkg/lock"]
)
def test_a_lock_is_waited_for(host: ExistingHost, lock: str) -> None:
    host.knows("locked", "twice", "so long")
    done = install(host, LOCK=f"{lock}. It is held by process 7 (apt-get)")
    assert done.returncode == 0, done.stderr
    waits = f"s of 600 s: Could not get lock {lock}. It is held by process 7 (apt-get)\n"
    assert done.stdout.startswith("Waiting for apt, ")
    assert waits in done.stdout
    assert host.known("installed") == ["curl 8.5", "tini 0.19"]


def test_a_clock_that_is_set_ends_no_wait_for_a_lock(host: ExistingHost) -> None:
    host.knows("locked", "twice", "so long")
    text = text_of("apt.sh").replace("sleep 2", "SECONDS=$((SECONDS + 3600)); sleep 2")
    done = host.shell(f"{text}apt_install curl tini=0.19", LOCK="L")
    assert done.returncode == 0, done.stderr


def test_a_lock_that_is_never_freed_ends_the_wait_with_its_holder(host: ExistingHost) -> None:
    host.knows("locked", "for ever")
    done = install(host, LOCK="L, held by process 7", APT_LIMIT_SECONDS="0")
    assert done.returncode == 100
    assert "E: Could not get lock L, held by process 7\nAnother program has held" in done.stderr
    assert not host.known("did")


def test_another_failure_is_not_waited_for(host: ExistingHost) -> None:
    host.knows("sources")
    done = install(host)
    assert done.returncode == 100
    assert "Unable to locate package curl" in done.stderr
    assert "Waiting" not in done.stdout


def test_what_was_not_installed_before_is_noted(host: ExistingHost) -> None:
    host.path(FOUND).mkdir()
    host.knows("installed", "curl 8.4")
    assert install(host).returncode == 0
    assert host.path(f"{FOUND}/packages").read_text() == "tini\n"


def test_nothing_is_removed_for_a_package(host: ExistingHost) -> None:
    host.knows("sources", "docker.io 28")
    host.knows("installed", "docker-ce 28")
    done = host.shell(text_of("apt.sh") + "apt_install docker.io")
    assert done.returncode == 100
    assert "Packages need to be removed" in done.stderr
    assert host.known("installed") == ["docker-ce 28"]

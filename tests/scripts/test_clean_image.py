"""What must not be in an image of a machine is taken away, and what can't be is told."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import pytest

from components.remote import text_of

FORBIDDEN = {
    ".env": "opt/openvidu/.env",
    "a cut install's .env": "opt/openvidu.incomplete-1/.env",
    "SSH host keys": "etc/ssh/ssh_host_ed25519_key",
    "their public halves": "etc/ssh/ssh_host_ed25519_key.pub",
    "who may log in": "home/ubuntu/.ssh/authorized_keys",
    "who may as root": "root/.ssh/authorized_keys",
    "cloud-init's state": "var/lib/cloud/instance/user-data.txt",
    "its network": "etc/netplan/50-cloud-init.yaml",
    "its leases": "var/lib/dhcp/dhclient.leases",
    "its name": "etc/hostname",
    "its id, once more": "var/lib/dbus/machine-id",
    "its seed": "var/lib/systemd/random-seed",
    "a user's history": "home/ubuntu/.bash_history",
    "root's": "root/.python_history",
    "credentials": "home/ubuntu/.aws/credentials",
    "a registry's login": "root/.docker/config.json",
    "the program's login": "var/lib/openvidu-way-out/docker/config.json",
    "Docker's key": "etc/docker/key.json",
    "Docker's id": "var/lib/docker/engine-id",
    "containers": "var/lib/docker/containers/1a2b/config.v2.json",
    "whose the host is": "var/lib/openvidu-host-as-found/stack",
    "the cluster's nodes": "var/lib/openvidu-membership/nodes",
    "the drain's program": "opt/openvidu-membership/membership.pyz",
}
KEPT = ("etc/ssh/sshd_config", "var/lib/docker/overlay2/layer", "usr/bin/docker")
DOCKER = """\
case "$*" in
"ps --quiet") cat "$W/running" ;;
"ps --all --quiet" | "volume ls --quiet") cat "$W/there" ;;
"rm "*) echo "$*" >>"$W/asked" ;;
"volume rm "*) echo "$*" >>"$W/asked" ;;
esac
"""
UPDATING = """\
[[ ! -e $W/updating ]] || { rm "$W/updating"; echo 'dpkg frontend lock was locked' >&2; exit 2; }
echo "$*" >>"$W/dpkg"
"""
"""As while unattended-upgrades runs, for once."""
_PLACES = re.compile(r"(?<![\w.])/(etc|var|root|home|opt|srv)\b")


def made(root: Path) -> Path:
    """A machine with all that no image may have."""
    programs = {
        "docker": DOCKER,
        "systemctl": 'echo "$*" >>"$W/systemctl"',
        "sync": "true",
        "dpkg": UPDATING,
        "sleep": "true",
    }
    for name, text in programs.items():
        program = root / "bin" / name
        program.parent.mkdir(exist_ok=True)
        program.write_text(f"#!/bin/bash\n{text}\n")
        program.chmod(0o755)
    logs = ("var/log/auth.log", "var/log/journal/1a2b/system.journal")
    for name in (*FORBIDDEN.values(), *KEPT, *logs, "etc/machine-id", "running", "there"):
        file = root / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("" if name in ("running", "there") else "1a2b\n")
    (root / "srv").mkdir()
    return root


@pytest.fixture
def machine(tmp_path: Path) -> Path:
    return made(tmp_path)


def clean(machine: Path, *inside: str) -> subprocess.CompletedProcess[str]:
    """What came of it; run by other programs, where they are named."""
    script = _PLACES.sub(lambda place: f"{machine}{place[0]}", text_of("clean-image.sh"))
    return subprocess.run(
        [*inside, "bash", "-c", script],
        input=f"FOLDER={machine}/opt/openvidu\n\n",
        env={"PATH": f"{machine}/bin:{os.environ['PATH']}", "W": str(machine)},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture(scope="module")
def cleaned(tmp_path_factory: pytest.TempPathFactory) -> Path:
    machine = made(tmp_path_factory.mktemp("machine"))
    done = clean(machine)
    assert done.returncode == 0, done.stderr
    assert done.stdout.endswith("it can be an image.\n")
    return machine


@pytest.mark.parametrize("file", FORBIDDEN.values(), ids=FORBIDDEN)
def test_it_is_gone(cleaned: Path, file: str) -> None:
    assert not (cleaned / file).exists()


def test_docker_with_its_images_stays_and_a_machine_gives_itself_an_id(cleaned: Path) -> None:
    assert [name for name in KEPT if not (cleaned / name).exists()] == []
    assert (cleaned / "etc/machine-id").read_text() == ""
    assert (cleaned / "var/log/auth.log").read_text() == ""
    assert not (cleaned / "var/log/journal/1a2b").exists()
    assert "stop docker.service" in (cleaned / "systemctl").read_text()


def test_it_may_run_twice(cleaned: Path) -> None:
    assert clean(cleaned).returncode == 0


@pytest.mark.skipif(os.geteuid() != 0, reason="makes a file another user's")
def test_a_log_that_is_another_users_is_emptied_where_users_share_a_folder(machine: Path) -> None:
    folder = machine / "var/log/postgresql"
    folder.mkdir()
    # In such a folder Linux lets nobody open another's file as if to make it: fs.protected_regular.
    folder.chmod(0o1777)
    log = folder / "main.log"
    log.write_text("1a2b\n")
    os.chown(log, 1, 1)
    done = clean(machine)
    assert done.returncode == 0, done.stderr
    assert log.read_text() == ""


@pytest.mark.skipif(os.geteuid() != 0, reason="mounts a file system")
@pytest.mark.parametrize(("place", "status"), [("var/tmp/build/mounted", 0), ("opt/openvidu", 1)])
def test_what_is_mounted_on_the_machine_is_left_as_it_is(
    machine: Path, tmp_path_factory: pytest.TempPathFactory, place: str, status: int
) -> None:
    others = tmp_path_factory.mktemp("others") / "work"
    others.touch()
    (machine / place).mkdir(parents=True, exist_ok=True)
    mount = f'mount --bind {others.parent} {machine / place} && exec "$@"'
    done = clean(machine, "unshare", "--mount", "sh", "-c", mount, "sh")
    assert others.exists()
    assert done.returncode == status, done.stderr
    assert (f"still there:\n{machine / place}" in done.stderr) is bool(status)


def test_what_updates_the_machine_is_waited_for(machine: Path) -> None:
    (machine / "updating").touch()
    done = clean(machine)
    assert done.returncode == 0, done.stderr
    assert "Waiting for apt" in done.stdout
    assert (machine / "dpkg").read_text() == "--configure -a\n"
    assert "stop apt-daily-upgrade.timer" in (machine / "systemctl").read_text()


def test_containers_that_have_ended_go_with_their_volumes(machine: Path) -> None:
    (machine / "there").write_text("1a2b\n")
    assert clean(machine).returncode == 0
    assert (machine / "asked").read_text() == "rm --force 1a2b\nvolume rm 1a2b\n"


def test_where_containers_run_nothing_is_touched(machine: Path) -> None:
    (machine / "running").write_text("1a2b\n")
    done = clean(machine)
    assert done.returncode == 1
    assert "Containers run on this machine" in done.stderr
    assert (machine / "opt/openvidu/.env").exists()
    assert (machine / "etc/machine-id").read_text() == "1a2b\n"


def test_what_cannot_be_taken_away_is_told(machine: Path) -> None:
    program = machine / "bin/rm"
    program.write_text("#!/bin/bash\n")
    program.chmod(0o755)
    done = clean(machine)
    assert done.returncode == 1
    assert "can't be in an image" in done.stderr
    told = [Path(one) for one in done.stderr.splitlines()[-1].split(", ")]
    for file in FORBIDDEN.values():
        assert any((machine / file).is_relative_to(one) for one in told), file


def test_an_env_is_found_wherever_somebody_put_it(machine: Path) -> None:
    elsewhere = machine / "srv/copy/.env"
    elsewhere.parent.mkdir()
    elsewhere.write_text("OPENVIDU_SECRET=1\n")
    done = clean(machine)
    assert done.returncode == 1
    assert str(elsewhere) in done.stderr

"""The mirror's install script, run with stand-ins for what it downloads and pulls with."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from lab.openvidu.mirror.catalogue import content
from openvidu.deployment import deployment
from openvidu.release import VERSIONS
from openvidu.roles import BASE, MASTER, NODE, Role

DOCKER = """\
#!/bin/bash
echo "$*" >>"$CALLS"
case $* in *version*) echo 27.5.1 ;; esac
"""
CURL = """\
#!/bin/bash
cp "$SERVED${2#https://raw.githubusercontent.com}" "$4"
"""
ROLES = [BASE, MASTER, NODE]


@pytest.fixture
def machine(tmp_path: Path) -> Path:
    """A folder to install in, beside what the scripts find in place of programs and internet."""
    for name, text in (("docker", DOCKER), ("curl", CURL), ("chown", "#!/bin/sh\n")):
        (tmp_path / "bin").mkdir(exist_ok=True)
        (tmp_path / "bin" / name).write_text(text)
        (tmp_path / "bin" / name).chmod(0o755)
    (tmp_path / "opt").mkdir()
    return tmp_path


def run(
    machine: Path, role: Role, version: str, *arguments: str
) -> subprocess.CompletedProcess[str]:
    script = content(urlsplit(role.product.url(version)).path).decode()
    folder = f"/OpenVidu/openvidu/v{version}/{deployment(role.name, version).folder}"
    (listed,) = (line for line in script.splitlines() if line.startswith("DOWNLOADED="))
    for name in listed.removeprefix("DOWNLOADED=(").removesuffix(")").split():
        served = machine / "served" / f".{folder}" / name
        served.parent.mkdir(parents=True, exist_ok=True)
        served.write_bytes(content(f"{folder}/{name}"))
    environment = {
        "PATH": f"{machine}/bin:{os.environ['PATH']}",
        "SERVED": f"{machine}/served",
        "CALLS": f"{machine}/calls",
    }
    where = machine / "opt" / (Path(role.product.folder).name if arguments else "")
    return subprocess.run(
        ["bash", "-s", *arguments],
        input=script,
        cwd=where,
        env=environment,
        text=True,
        capture_output=True,
        check=False,
    )


def installed(machine: Path, role: Role) -> Path:
    assert run(machine, role, "2.31.0").returncode == 0
    return machine / "opt" / Path(role.product.folder).name


@pytest.mark.parametrize("role", ROLES, ids=lambda role: role.name)
def test_an_install_has_all_files_and_a_command_that_runs(machine: Path, role: Role) -> None:
    folder = installed(machine, role)
    assert {".env", "docker-compose.yml", role.product.command} <= {
        p.name for p in folder.iterdir()
    }
    assert os.access(folder / role.product.command, os.X_OK)
    assert (folder / "cluster/aws").is_dir() is (role is MASTER)
    pulls = (machine / "calls").read_text().count("pull ")
    assert bool(pulls) is (role is not MASTER)


@pytest.mark.parametrize("role", ROLES, ids=lambda role: role.name)
def test_an_upgrade_puts_the_old_files_aside(machine: Path, role: Role) -> None:
    folder = installed(machine, role)
    # What Docker makes where a service mounts it.
    for made in ("coturn", "cluster"):
        (folder / made).mkdir(exist_ok=True)
    done = run(machine, role, "2.32.0", "upgrade")
    assert done.returncode == 0, done.stdout + done.stderr
    old, new = (
        path.read_text()
        for path in (folder / ".old-2.31.0/docker-compose.yml", folder / "docker-compose.yml")
    )
    assert ("Openvidu Version: 2.31.0" in old, "Openvidu Version: 2.32.0" in new) == (True, True)
    assert (folder / ".old-2.31.0/coturn").exists() is (role is not BASE)
    assert (folder / ".old-2.31.0/aws").exists() is (role is MASTER)
    assert (folder / ".env-v2.32.0").exists()
    assert not (folder / "tmp").exists()
    assert os.access(folder / role.product.command, os.X_OK)


@pytest.mark.parametrize("role", ROLES, ids=lambda role: role.name)
@pytest.mark.parametrize("version", VERSIONS)
def test_an_upgrade_goes_where_openvidus_goes(machine: Path, role: Role, version: str) -> None:
    folder = installed(machine, role)
    done = run(machine, role, version, "upgrade")
    assert (done.returncode == 0) is (version in ("2.31.0", "2.32.0")), done.stdout
    assert ("You can't update from version 2.31.0" in done.stdout) is (done.returncode != 0)
    assert (folder / "docker-compose.yml").exists()


@pytest.mark.parametrize("role", [MASTER, NODE], ids=lambda role: role.name)
def test_another_edition_is_not_upgraded(machine: Path, role: Role) -> None:
    file = installed(machine, role) / "docker-compose.yml"
    file.write_text(file.read_text().replace("openvidu-server-pro:", "openvidu-server:"))
    assert "Installed version is OpenVidu CE" in run(machine, role, "2.32.0", "upgrade").stdout
    file.write_text(file.read_text().replace("replication-manager-on-prem:", "other:"))
    file.write_text(file.read_text().replace("openvidu-server:", "openvidu-server-pro:"))
    done = run(machine, role, "2.32.0", "upgrade")
    assert ("Installed version is OpenVidu PRO" in done.stdout) is (role is NODE)


@pytest.mark.parametrize("text", [None, "services: {app: {image: mine}}\n"])
@pytest.mark.parametrize("role", [BASE, MASTER], ids=lambda role: role.name)
def test_an_upgrade_leaves_another_application_of_a_masters_alone(
    machine: Path, role: Role, text: str | None
) -> None:
    folder = installed(machine, role)
    override = folder / "docker-compose.override.yml"
    override.unlink() if text is None else override.write_text(text)
    done = run(machine, role, "2.32.0", "upgrade")
    assert (folder / "docker-compose.override.yml-v2.32.0").exists() is (role is MASTER)
    if role is MASTER:
        assert done.returncode == 0, done.stdout
        assert (override.read_text() if override.exists() else None) == text
    else:
        failed = "Error while moving previous 'docker-compose.override.yml'" in done.stdout
        assert failed is (text is None)
        assert text is None or override.read_text() != text


def test_an_upgrade_of_a_master_that_was_cut_does_not_go_on_by_itself(machine: Path) -> None:
    folder = installed(machine, MASTER)
    (folder / "cluster/aws").rename(folder / "aws")
    assert (
        "Error while moving previous 'cluster/aws'"
        in run(machine, MASTER, "2.32.0", "upgrade").stdout
    )

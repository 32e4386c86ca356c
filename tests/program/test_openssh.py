"""OpenSSH is looked for before anything is registered."""

from __future__ import annotations

import gc
import runpy
import shutil
import subprocess
from pathlib import Path

import pulumi
import pytest

from components import over_ssh

PROGRAM = Path(__file__).parents[2] / "__main__.py"


def test_a_computer_without_openssh_registers_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ssh = shutil.which("ssh")
    assert ssh
    (tmp_path / "ssh").symlink_to(ssh)
    monkeypatch.setenv("PATH", str(tmp_path))
    told: list[str] = []
    monkeypatch.setattr(pulumi.log, "error", told.append)
    with pytest.raises(SystemExit) as ended:
        runpy.run_path(str(PROGRAM))
    gc.enable()
    assert ended.value.code == 32
    assert "\n".join(told).splitlines() == [
        "Not found on the PATH of this computer: ssh-add, ssh-agent, ssh-keygen and ssh-keyscan.",
        "Machines are reached with OpenSSH, so nothing was changed.",
        "Install it: apt-get install openssh-client (Fedora: dnf install openssh-clients; "
        "Alpine: apk add openssh-client)",
    ]
    with pytest.raises(OSError, match="openssh-client"):
        over_ssh.run("usage", {}, None)


def test_what_starts_on_an_operators_computer_is_plain_sh() -> None:
    """The bash of macOS is 3.2; what no later shell was needed for runs there."""
    for action in ("join", "drain"):
        done = subprocess.run(
            ["shellcheck", "--shell", "sh", "--severity", "style", "-"],
            input=over_ssh.command(action),
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout


def test_without_the_program_it_is_told_as_well(tmp_path: Path) -> None:
    """As in a `pulumi destroy`, which runs commands of the state only."""
    (tmp_path / "bash").symlink_to("/bin/bash")
    done = subprocess.run(
        [*over_ssh.SHELL, over_ssh.command("drain")],
        env={**over_ssh.environment(over_ssh.MEMBERSHIP), "SSH_USER": "u", "PATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert done.stderr == (
        "ssh isn't on the PATH of this computer; machines are reached with OpenSSH.\n"
        "Nothing was changed. Install it, on Debian: apt-get install openssh-client\n"
    )

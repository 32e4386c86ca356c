"""The command of docs/security.md that updates Docker on the base does that, as it's typed."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import pytest

from lab.directory import PROJECT

HELD = "containerd\ncurl\ndocker-compose-v2\ndocker.io\nrunc\n"
DOCKERS = "containerd docker-compose-v2 docker.io runc"
SUDO = '#!/bin/sh\nexec "$@"\n'
MARK = f'#!/bin/sh\n[ "$1" = showhold ] && printf "{HELD}" || echo "apt-mark $*" >>"$DID"\n'
GET = '#!/bin/sh\necho "apt-get $*" >>"$DID"\n[ "$1" != "$FAILS" ]\n'


def typed() -> str:
    text = (PROJECT / "docs" / "security.md").read_text()
    blocks = [block for block in re.findall(r"```\n(.*?)```", text, re.DOTALL) if "apt" in block]
    (command,) = blocks
    return command


@pytest.mark.parametrize("fails", ["", "update", "upgrade"])
def test_docker_is_updated_and_held_again(tmp_path: Path, fails: str) -> None:
    """Also where an update fails; what an owner holds isn't touched."""
    for name, text in (("sudo", SUDO), ("apt-mark", MARK), ("apt-get", GET)):
        (tmp_path / name).write_text(text)
        (tmp_path / name).chmod(0o755)
    did = tmp_path / "did"
    subprocess.run(
        ["sh", "-c", typed()],
        env={"PATH": f"{tmp_path}:{os.environ['PATH']}", "DID": str(did), "FAILS": fails},
        check=True,
    )
    updated = ["apt-get update", *([] if fails == "update" else ["apt-get upgrade"])]
    assert did.read_text().splitlines() == [
        f"apt-mark unhold {DOCKERS}",
        *updated,
        f"apt-mark hold {DOCKERS}",
    ]


def test_what_is_held_is_what_the_command_finds() -> None:
    """Names of packages that `machine/install-docker.sh` holds."""
    script = (PROJECT / "machine" / "install-docker.sh").read_text()
    (names,) = re.findall(r"installed (docker\.io [^|]*)\|", script)
    (pattern,) = re.findall(r'grep -E "([^"]*)"', typed())
    held = names.replace("\\", "").split()
    assert len(held) == 10
    assert [name for name in held if not re.match(pattern, name)] == []

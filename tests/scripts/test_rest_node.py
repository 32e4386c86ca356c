"""Before a standby stops, nothing of OpenVidu runs there, and .env holds no secret."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from components.remote import text_of

ENV = """\
# OPENVIDU_SECRET=as documented
DOMAIN_OR_PUBLIC_IP=openvidu.example.io
OPENVIDU_SECRET=hidden
OPENVIDU_PRO_LICENSE=hidden
S3_ACCESS_KEY=hidden
S3_SECRET_KEY=hidden
REDIS_PASSWORD="hidden too"
OPENVIDU_WEBHOOK_HEADERS=["hidden"]
OPENVIDU_ENTERPRISE_MEDIA_SERVER=mediasoup
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    found = tmp_path / "openvidu"
    found.mkdir()
    (found / ".env").write_text(ENV)
    (found / ".env.Xa31").write_text(ENV)
    (found / ".started-with").write_text("digest")
    return found


def rest(folder: Path, docker: str) -> subprocess.CompletedProcess[str]:
    """Run the script where Docker answers so; `down` in the folder says what was taken down."""
    program = folder.parent / "docker"
    program.write_text(f"#!/bin/bash\n{docker}\n")
    program.chmod(0o755)
    return subprocess.run(
        ["bash", "-c", text_of("rest-node.sh")],
        input=f"FOLDER={folder}\n\n",
        env={"PATH": f"{folder.parent}:/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=False,
    )


def containers(*shown: str) -> str:
    lines = "\n".join(shown)
    return f"""\
case "$*" in
"ps --all --quiet") [[ -e down ]] || printf '%s\\n' a1 a2 ;;
inspect*) cat <<'SHOWN'
{lines}
SHOWN
;;
"compose down --volumes") touch down ;;
*) exit 1 ;;
esac"""


@pytest.mark.parametrize("docker", ["", containers("coturn|running", "openvidu-server|exited")])
def test_what_is_left_runs_no_more_and_secrets_go(folder: Path, docker: str) -> None:
    done = rest(folder, docker)
    assert done.returncode == 0, done.stderr
    assert (folder / "down").exists() is bool(docker)
    for name in (".env", ".env.Xa31"):
        text = (folder / name).read_text()
        assert "hidden" not in text
        assert "OPENVIDU_SECRET=\n" in text
        assert "DOMAIN_OR_PUBLIC_IP=openvidu.example.io" in text
        assert "MEDIA_SERVER=mediasoup" in text
    assert not (folder / ".started-with").exists()


def test_where_openvidu_runs_nothing_is_changed(folder: Path) -> None:
    done = rest(folder, containers("coturn|running", "openvidu-server|running"))
    assert done.returncode == 1
    assert "this machine may carry calls" in done.stderr
    assert (folder / ".env").read_text() == ENV
    assert not (folder / "down").exists()


def test_a_docker_that_does_not_answer_says_nothing(folder: Path) -> None:
    assert rest(folder, "exit 1").returncode != 0
    assert (folder / ".env").read_text() == ENV

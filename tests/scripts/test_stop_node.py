"""A node that the API doesn't drain is stopped only while it carries no call."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from components.remote import text_of

CONTAINERS = """\
case "$*" in
"ps --all --quiet") echo aaaaaaaaaaaa ;;
"ps --all") echo "aaaaaaaaaaaa docker.elastic.co/beats/filebeat:8 logs" ;;
inspect*) echo "aaaaaaaaaaaa|/logs|docker.elastic.co/beats/filebeat:8|site|/srv/site" ;;
esac
"""


def stop(folder: Path, sessions: str | None, docker: str = "") -> tuple[int, bool, str]:
    """Stop a node whose server answers so; exit status, whether it was stopped, what curl got."""
    node = folder / "openvidu"
    node.mkdir()
    (node / ".env").write_text("OPENVIDU_SECRET=hidden\n")
    answer = "exit 7" if sessions is None else f"echo '{sessions}'"
    programs = {
        folder / "curl": f'echo "$*" >{folder}/asked\ncat >{folder}/login\n{answer}',
        folder / "docker": docker,
        node / "openvidu": f'echo "$1" >{folder}/stopped',
    }
    for path, text in programs.items():
        path.write_text(f"#!/bin/bash\n{text}\n")
        path.chmod(0o755)
    script = text_of("stop-node.sh").replace("/opt/openvidu", str(node))
    done = subprocess.run(
        ["bash", "-c", script],
        input="ADDRESS=10.5.0.8\n\n",
        text=True,
        check=False,
        capture_output=True,
        env={**os.environ, "PATH": f"{folder}:{os.environ['PATH']}"},
    )
    return done.returncode, (folder / "stopped").exists(), (folder / "asked").read_text()


def test_a_node_beside_an_owners_container_that_would_go_is_not_stopped(tmp_path: Path) -> None:
    status, stopped, _ = stop(tmp_path, '{"numberOfElements": 0, "content": []}', CONTAINERS)
    assert (status, stopped) == (1, False)


@pytest.mark.parametrize(
    ("sessions", "status", "stopped"),
    [
        ('{"numberOfElements": 0, "content": [ ]}', 0, True),
        ('{"numberOfElements": 1, "content": [{"id": "ses_1"}]}', 3, False),
        ("<html>502</html>", 3, False),
        (None, 1, False),
    ],
)
def test_only_a_node_without_calls_is_stopped(
    tmp_path: Path, sessions: str | None, status: int, stopped: bool
) -> None:
    found, was_stopped, asked = stop(tmp_path, sessions)
    assert (found, was_stopped) == (status, stopped)
    assert "http://10.5.0.8:5443/openvidu/api/sessions" in asked
    assert "hidden" not in asked
    assert "OPENVIDUAPP:hidden" in (tmp_path / "login").read_text()

"""A node that the API doesn't drain is stopped only while it carries no call."""

from __future__ import annotations

import os
import subprocess
from functools import partial
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


LEFT = """\
[[ -e "${0%/*}/stopped" || $1 == rm ]] || exit 0
case "$*" in
"ps --quiet --no-trunc") printf '%s\\n' a1 a2 a3 ;;
"inspect --format {{.Id}}|"*)
  echo "a1|/kms|registry.example.io/media/kms:7.1||"
  echo "a2|/before|registry.example.io/media/kms:7.1|/srv/site|web"
  echo "a3|/agent|registry.example.io/agent:3||"
  ;;
rm*) echo "$*" >>"${0%/*}/removed" ;;
esac
"""
EMPTY_SESSION = (
    '{"numberOfElements": 1, "content": '
    '[{"sessionId": "ses_1", "connections": {"numberOfElements": 0, "content": []}}]}'
)
NO_CALL = '{"numberOfElements": 0, "content": []}'


def stop(
    folder: Path,
    answer: str,
    *,
    docker: str = "",
    stops: str = "",
    own: str = "10.5.0.8",
    address: str = "10.5.0.8",
    option: str = "",
    runner: str = 'exec bash -c "$0"',
) -> subprocess.CompletedProcess[str]:
    """Stop a node whose server answers so.

    Args:
        folder: where `asked`, `login` and `stopped` tell what was done.
        answer: what curl does.
        docker: what Docker does.
        stops: what else OpenVidu's own stop does.
        own: the machine's own address.
        address: the node's.
        option: another line of .env.
        runner: what runs the script, which is `$0`.
    """
    node = folder / "openvidu"
    node.mkdir(exist_ok=True)
    (node / ".env").write_text(
        f"OPENVIDU_ENTERPRISE_HA_NODE_PRIVATE_IP={own}\nOPENVIDU_SECRET=hidden\n{option}\n"
    )
    programs = {
        folder / "curl": f'echo "$*" >{folder}/asked\ncat >{folder}/login\n{answer}',
        folder / "docker": docker,
        node / "openvidu": f'echo "$1" >{folder}/stopped\n{stops}',
    }
    for path, text in programs.items():
        path.write_text(f"#!/bin/bash\n{text}\n")
        path.chmod(0o755)
    script = text_of("stop-node.sh").replace("/opt/openvidu", str(node))
    return subprocess.run(
        ["bash", "-c", runner, script],
        input=f"ADDRESS={address}\n\n",
        text=True,
        check=False,
        capture_output=True,
        env={**os.environ, "PATH": f"{folder}:{os.environ['PATH']}"},
    )


def test_a_node_beside_an_owners_container_that_would_go_is_not_stopped(tmp_path: Path) -> None:
    assert stop(tmp_path, f"echo '{NO_CALL}'", docker=CONTAINERS).returncode == 1
    assert not (tmp_path / "stopped").exists()


@pytest.mark.parametrize("own", ["10.5.0.7", ""])
def test_another_machine_than_the_nodes_is_not_stopped(tmp_path: Path, own: str) -> None:
    """Though the node that was meant says that it carries no call."""
    refused = stop(tmp_path, f"echo '{NO_CALL}'", own=own)
    assert refused.returncode == 1
    assert f"this machine is {own or 'no node'}; nothing was stopped" in refused.stderr
    assert not (tmp_path / "stopped").exists()


@pytest.mark.parametrize(
    ("answer", "status", "said"),
    [
        ('echo \'{"numberOfElements": 0, "content": [ ]}\'', 0, "No call on 10.5.0.8"),
        ('echo \'{"content": [{"sessionId": "ses_1"}]}\'', 3, "A call has begun"),
        (f"echo '{EMPTY_SESSION}'", 3, "A call has begun"),
        ('echo \'{"error": {"content": []}}\'', 3, "doesn't say which calls it carries"),
        ("echo '<html>502</html>'", 3, "doesn't say which calls it carries, but <html>502</html>"),
        ("exit 7", 1, "doesn't say which calls it carries"),
    ],
)
def test_only_a_node_without_calls_is_stopped(
    tmp_path: Path, answer: str, status: int, said: str
) -> None:
    done = stop(tmp_path, answer)
    assert (done.returncode, (tmp_path / "stopped").exists()) == (status, status == 0)
    assert said in done.stdout + done.stderr
    asked = (tmp_path / "asked").read_text()
    assert "http://10.5.0.8:5443/openvidu/api/sessions" in asked
    assert "hidden" not in asked
    assert "OPENVIDUAPP:hidden" in (tmp_path / "login").read_text()


def test_a_session_that_begins_as_it_stops_is_named(tmp_path: Path) -> None:
    stopped, told = tmp_path / "stopped", tmp_path / "told"
    session = '{"content": [{"sessionId": "ses_1", "connections": [{"sessionId": "ses_1"}]}]}'
    began = f"[[ -e {stopped} ]] && {{ echo '{session}'; touch {told}; }} || echo '{NO_CALL}'"
    done = stop(tmp_path, began, stops=f"until [[ -e {told} ]]; do sleep 0.05; done")
    assert done.returncode == 0
    assert done.stdout.endswith("as OpenVidu was stopped, and was lost with it: ses_1\n")


def test_a_stop_goes_on_without_its_connection_and_may_be_begun_again(tmp_path: Path) -> None:
    """Whoever connects anew runs it again, and its server doesn't answer any more."""
    ended = tmp_path / "ended"
    answer = f"[[ -e {tmp_path}/stopped ]] && exit 7 || echo '{NO_CALL}'"
    stops = partial(
        stop,
        tmp_path,
        answer,
        stops=f"sleep 0.5; echo it stops; echo it stops; touch {ended}",
        own="127.0.0.1",
        address="127.0.0.1",
    )
    stops(runner='bash -c "$0" | head --lines 1')
    assert ended.exists()
    ended.unlink()
    done = stops()
    assert done.returncode == 0, done.stderr
    assert ended.exists()


def test_a_stop_that_fails_is_no_stop(tmp_path: Path) -> None:
    done = stop(tmp_path, f"echo '{NO_CALL}'", stops="exit 4")
    assert done.returncode == 4
    assert "lost" not in done.stdout


def test_media_that_openvidus_stop_leaves_behind_go_with_it(tmp_path: Path) -> None:
    """It goes by the names of OpenVidu's own images; what may be an owner's stays."""
    option = "KMS_IMAGE=registry.example.io/media/kms:7.1"
    done = stop(tmp_path, f"echo '{NO_CALL}'", docker=LEFT, option=option)
    assert done.returncode == 0, done.stderr
    assert "Removing kms (registry.example.io/media/kms:7.1)" in done.stdout
    assert (tmp_path / "removed").read_text() == "rm --force a1\n"

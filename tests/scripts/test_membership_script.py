"""Following base and node over SSH: in order, over lost connections, and only where it may."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from threading import Thread

import pytest

from scripts.init_stack import make_ssh_key
from tests.scripts.conftest import Base


def wait_for(condition: Callable[[], bool]) -> None:
    while not condition():
        time.sleep(0.05)


def test_a_join_waits_for_the_node_and_starts_nothing_that_runs(base: Base) -> None:
    base.does('echo "$did is done"')
    done = base.follow("join")
    assert done.returncode == 0, done.stderr
    assert base.did == ["prepare", "join"]
    assert done.stdout == "prepare is done\njoin is done\n"


def test_a_node_that_is_down_is_started_before_it_joins(base: Base) -> None:
    base.does("[[ $did == prepare ]] && exit 10; exit 0")
    assert base.follow("join").returncode == 0
    assert base.did == ["prepare", "start-node", "join"]


@pytest.mark.parametrize("failing", ["prepare", "start-node"])
def test_a_node_that_cannot_be_started_does_not_join(base: Base, failing: str) -> None:
    base.does(f"[[ $did == {failing} ]] && exit 1; [[ $did == prepare ]] && exit 10; exit 0")
    assert base.follow("join").returncode == 1
    assert "join" not in base.did


def test_a_drain_waits_for_recordings_before_the_address_leaves(base: Base) -> None:
    recordings = base.folder / "recordings"
    recordings.mkdir()
    (recordings / ".recording.ses_1").touch()
    (recordings / "ses_1.mp4").write_text("video")
    base.does("[[ $did == remove ]] && ls recordings; exit 0")
    looks = base.folder / "did"
    uploads = Thread(
        target=lambda: (
            wait_for(lambda: looks.exists() and base.did.count("find") > 1),
            (recordings / "ses_1.mp4").unlink(),
        )
    )
    uploads.start()
    done = base.follow("drain", RECORDING_SECONDS="30")
    uploads.join()
    assert done.returncode == 0, done.stderr
    assert base.did[0] == "drain"
    assert set(base.did[1:-1]) == {"find"}
    assert base.did[-1] == "remove"
    assert "node-3: waiting for recordings to reach the bucket: 1 file\n" in done.stdout
    assert "ses_1.mp4" not in done.stdout


def test_recordings_that_stay_keep_the_machine(base: Base) -> None:
    (base.folder / "recordings").mkdir()
    (base.folder / "recordings" / "ses_1.mp4").write_text("video")
    base.does("exit 0")
    done = base.follow("drain")
    assert done.returncode == 1
    assert f"  {base.folder}/recordings/ses_1.mp4 5" in done.stderr
    assert "The machine stays" in done.stderr
    assert "remove" not in base.did


def test_a_node_that_cannot_be_asked_for_recordings_keeps_its_machine(base: Base) -> None:
    base.does("exit 0")
    done = base.follow("drain", NODE_HOST="127.0.0.2", RECONNECT_SECONDS="0")
    assert done.returncode == 1
    assert "remove" not in base.did


def test_a_drain_that_fails_removes_nothing(base: Base) -> None:
    base.does('echo "node-3: still waiting for 4 calls" >&2; exit 1')
    done = base.follow("drain")
    assert done.returncode == 1
    assert done.stderr == "node-3: still waiting for 4 calls\n"
    assert base.did == ["drain"]


def test_a_machine_that_is_gone_is_not_asked_for_recordings(base: Base) -> None:
    base.does("[[ $did == drain ]] && exit 10; exit 0")
    assert base.follow("drain", NODE_HOST="192.0.2.1").returncode == 0
    assert base.did == ["drain", "remove"]


def test_a_lost_connection_is_made_again(base: Base) -> None:
    base.does(
        "if [[ ! -e again ]]; then touch again; sleep 1; kill -9 $PPID; sleep 5; fi; "
        """grep -o -- '--waited [0-9]*' <<<"$*" >&2"""
    )
    done = base.follow("leave")
    assert done.returncode == 0, done.stderr
    assert base.did == ["leave", "leave"]
    assert "node-3: no connection to the base, 127.0.0.1; trying again" in done.stderr
    assert re.search("--waited [1-9]", done.stderr)


def test_what_runs_on_the_base_ends_with_the_script(base: Base) -> None:
    base.does("cat >/dev/null; echo ended >>did")
    script = base.start("drain")
    wait_for((base.folder / "did").exists)
    script.kill()
    wait_for(lambda: base.did == ["drain", "ended"])
    script.communicate()


def test_another_host_key_is_refused_with_both_fingerprints(base: Base) -> None:
    base.does("echo never")
    other = make_ssh_key()[0].rsplit(" ", 1)[0]
    done = base.follow("drain", BASE_HOST_KEY=f"{other}\n[127.0.0.1]:{base.port} {other}")
    assert done.returncode == 1
    assert "never" not in done.stdout
    assert "shows another SSH host key than" in done.stderr


def test_another_private_key_is_refused(base: Base) -> None:
    base.does("echo never")
    (base.folder / "authorized_keys").write_text(make_ssh_key()[0])
    done = base.follow("drain")
    assert done.returncode == 1
    assert "doesn't take sshPrivateKey" in done.stderr


def test_the_key_is_in_no_file_and_no_argument(base: Base) -> None:
    base.does("ps -ef; cat /tmp/*/known_hosts 2>/dev/null; true")
    done = base.follow("join")
    assert done.returncode == 0
    assert "PRIVATE KEY" not in done.stdout


FOR_A_VERSION = {"CARRIED_OUT_FOR": "OPENVIDU_VERSION UPGRADE_ATTEMPT", "UPGRADE_ATTEMPT": "2"}


def follow_upgrade(base: Base, action: str, version: str) -> int:
    """Follow an action that is for a version; returns its exit status."""
    notes = {**FOR_A_VERSION, "OPENVIDU_VERSION": version, "NOTES": str(base.folder / "notes")}
    return base.follow(action, **notes).returncode


def does_upgrades(base: Base, script: str = "exit 0") -> None:
    base.does(f'case $did in cat|install|tee) exec "${{@:2}}" ;; esac\n{script}')


def upgrades(base: Base) -> int:
    """How often one was carried out."""
    return base.did.count("upgrade")


def test_another_key_or_text_is_no_reason_to_drain_nodes(base: Base) -> None:
    does_upgrades(base)
    assert follow_upgrade(base, "upgrade", "2.30.0") == 0
    assert follow_upgrade(base, "upgrade", "2.30.0") == 0
    assert upgrades(base) == 1
    assert follow_upgrade(base, "upgrade", "2.31.0") == 0
    assert upgrades(base) == 2


def test_what_was_noted_needs_no_action(base: Base) -> None:
    does_upgrades(base)
    assert follow_upgrade(base, "note", "2.30.0") == 0
    assert follow_upgrade(base, "upgrade", "2.30.0") == 0
    assert upgrades(base) == 0


def test_an_action_that_failed_is_carried_out_again(base: Base) -> None:
    does_upgrades(base, "exit 1")
    assert follow_upgrade(base, "upgrade", "2.30.0") == 1
    does_upgrades(base)
    assert follow_upgrade(base, "upgrade", "2.30.0") == 0
    assert upgrades(base) == 2


def test_a_base_that_cannot_be_asked_is_no_base_on_which_it_was_done(base: Base) -> None:
    does_upgrades(base, "exit 0")
    (base.folder / "authorized_keys").write_text(make_ssh_key()[0])
    assert follow_upgrade(base, "upgrade", "2.30.0") == 1

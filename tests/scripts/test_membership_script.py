"""Following base and node over SSH: in order, over lost connections, and only where it may."""

from __future__ import annotations

import json
import re
import shutil
import sys
import time
from collections.abc import Callable
from pathlib import Path
from threading import Thread

import pytest

from membership.context import ABORT
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


@pytest.mark.parametrize("status", [10, 40])
def test_a_node_that_is_down_or_partly_so_is_started_before_it_joins(
    base: Base, status: int
) -> None:
    base.does(f"[[ $did == prepare ]] && exit {status}; exit 0")
    assert base.follow("join").returncode == 0
    assert base.did == ["prepare", "start-node", "join"]


def test_machines_speak_english_and_run_python_isolated(base: Base) -> None:
    base.does('echo "$LC_ALL ${@:2:4}"')
    assert base.follow("leave").stdout == "C env LC_ALL=C python3 -I\n"


def test_who_aborts_a_drain_is_known_by_its_run(base: Base) -> None:
    base.does('echo "$*"')
    assert f"--run {ABORT} by " in base.follow("abort").stdout


@pytest.mark.parametrize("failing", ["prepare", "start-node"])
def test_a_node_that_cannot_be_started_does_not_join(base: Base, failing: str) -> None:
    base.does(f"[[ $did == {failing} ]] && exit 1; [[ $did == prepare ]] && exit 10; exit 0")
    assert base.follow("join").returncode == 1
    assert "join" not in base.did


LISTED = "[[ $did == list-recordings ]] && cat left 2>/dev/null; exit 0"


def test_a_drain_waits_for_recordings_before_the_address_leaves(base: Base) -> None:
    (base.folder / "left").write_text("/opt/openvidu/recordings/ses_1.mp4 5\n")
    base.does(LISTED)
    looks = base.folder / "did"
    uploads = Thread(
        target=lambda: (
            wait_for(lambda: looks.exists() and base.did.count("list-recordings") > 1),
            (base.folder / "left").unlink(),
        )
    )
    uploads.start()
    done = base.follow("drain", RECORDING_SECONDS="30")
    uploads.join()
    assert done.returncode == 0, done.stderr
    assert base.did[0] == "drain"
    assert set(base.did[1:-1]) == {"list-recordings"}
    assert base.did[-1] == "remove"
    assert done.stdout == "node-3: waiting for recordings to reach the bucket: 1 file\n"


def test_recordings_that_stay_keep_the_machine(base: Base) -> None:
    (base.folder / "left").write_text("/opt/openvidu/recordings/ses_1.mp4 5\n")
    base.does(LISTED)
    done = base.follow("drain")
    assert done.returncode == 1
    assert "  /opt/openvidu/recordings/ses_1.mp4 5" in done.stderr
    assert "The machine stays" in done.stderr
    assert "remove" not in base.did


def test_recordings_that_cannot_be_listed_keep_the_machine(base: Base) -> None:
    base.does("[[ $did == list-recordings ]] && exit 1; exit 0")
    assert base.follow("drain").returncode == 1
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


def test_a_base_that_was_made_anew_and_has_no_program_yet_is_told(base: Base) -> None:
    missing = "python3: can't open file '/opt/openvidu-membership/membership.pyz'"
    base.does(f'echo "{missing}" >&2; exit 2')
    done = base.follow("leave")
    assert done.returncode == 2
    assert f"{missing}\nnode-3: the base has no program of this stack, or one" in done.stderr
    assert "Next: pulumi up, and then the same again" in done.stderr


def test_a_machine_that_is_gone_is_not_asked_for_recordings(base: Base) -> None:
    base.does("[[ $did == drain ]] && exit 10; exit 0")
    assert base.follow("drain", NODE_HOST="192.0.2.1").returncode == 0
    assert base.did == ["drain", "remove"]


NODE = {"name": "node-3", "ip": "10.5.0.8", "identity": "i-3", "host": "", "hostKey": ""}
DOUBT = """
case $did in
drain) [[ -e testimony ]] && exit 0; exit 20 ;;
doubts) cat doubts ;;
testify) echo "$*" >testimony ;;
witness-node) cat >/dev/null; echo stopped no container runs ;;
list-recordings) exit 0 ;;
esac
"""


def doubts(base: Base, **node: str) -> None:
    peer = {**NODE, "name": "node-1", "ip": "10.5.0.6", "host": "localhost", "instance": ""}
    peer["hostKey"] = base.host_key.replace("127.0.0.1", "localhost")
    own = {**NODE, "instance": "", **node}
    told = {"port": 4443, "nodes": [own], "peers": [peer], "stops": [own]}
    (base.folder / "doubts").write_text(json.dumps(told))


def what_was_said(base: Base) -> dict[str, list[str]]:
    text = (base.folder / "testimony").read_text()
    found = re.search(r"--testimony (\{.*\})", text)
    assert found
    said: dict[str, list[str]] = json.loads(found[1])
    return said


def test_a_node_that_the_base_cannot_see_is_asked_from_here(base: Base) -> None:
    base.does(DOUBT)
    doubts(base)
    done = base.follow("drain")
    assert done.returncode == 0, done.stderr
    assert base.did[:5] == ["drain", "doubts", "witness-node", "testify", "drain"]
    assert what_was_said(base) == {
        "machine": ["stopped", "its machine says: no container runs"],
        "peers": ["runs", "node-1 says of its port: ok"],
    }


def test_what_is_said_of_several_nodes_is_noted_of_each(base: Base) -> None:
    base.does(DOUBT.replace('echo "$*" >testimony', 'echo "$*" >>testimony'))
    doubts(base)
    told = json.loads((base.folder / "doubts").read_text())
    told["nodes"].append({**told["nodes"][0], "name": "node-4", "ip": "10.5.0.9"})
    (base.folder / "doubts").write_text(json.dumps(told))
    done = base.follow("drain")
    assert done.returncode == 0, done.stderr
    noted = (base.folder / "testimony").read_text()
    said = r"--name (\S+) --ip (\S+) --identity i-3 --testimony"
    assert re.findall(said, noted) == [("node-3", "10.5.0.8"), ("node-4", "10.5.0.9")]


def test_witnesses_that_give_no_answer_have_said_nothing(base: Base) -> None:
    base.does(DOUBT.replace("exit 0; exit 20", "exit 1; exit 20"))
    doubts(base, host="127.0.0.2", hostKey=base.host_key.splitlines()[0], instance="no-arn")
    assert base.follow("drain", REACH="sleep 60", CONNECT_SECONDS="1").returncode == 1
    said = what_was_said(base)
    assert {word for word, _ in said.values()} == {"unknown"}
    assert "Connection refused" in said["machine"][1]
    assert "expected arn:aws:ec2" in said["aws"][1]
    assert "remove" not in base.did


def test_a_machine_that_aws_has_stopped_is_not_waited_for(base: Base) -> None:
    base.does(DOUBT.replace("exit 0; exit 20", "exit 1; exit 20"))
    doubts(base, host="localhost", hostKey=base.host_key.replace("127.0.0.1", "localhost"))
    project = project_that_knows(base, "echo stopped i-3 is terminated", "scripts.instance_state")
    silent = {"WITNESS_NODE": "sleep 60", "NODE_INSTANCE": "arn:aws:ec2:eu-west-1:1:instance/i-3"}
    assert base.follow("drain", project=project, **silent).returncode == 1
    said = what_was_said(base)
    assert said["machine"] == ["unknown", "SSH to it from here: no answer yet"]
    assert said["aws"] == ["stopped", "AWS says: i-3 is terminated"]


STOPS = """
case $did in
drain | pause-all) [[ -e stopped ]] && exit 0; exit 30 ;;
doubts) cat doubts ;;
stop-node) [[ -e asked ]] && touch stopped; touch asked; [[ -e stopped ]] || exit %d ;;
esac
"""


def test_a_node_that_the_api_does_not_stop_is_stopped_and_drained_on(base: Base) -> None:
    base.does(STOPS % 3)
    doubts(base)
    assert base.follow("drain").returncode == 0
    # The first time a call had begun.
    stops = ["drain", "doubts", "list-recordings", "stop-node"]
    assert base.did == [*stops, *stops, "drain", "list-recordings", "remove"]


def test_a_node_is_stopped_once_its_recordings_are_in_the_bucket(base: Base) -> None:
    """Its server uploads them after a call has ended; one that is stopped doesn't."""
    (base.folder / "left").write_text("/opt/openvidu/recordings/ses_1.mp4 5\n")
    uploads = (
        "[[ $did != list-recordings ]] || { [[ ! -e looked ]] || rm left; cat left; touch looked; }"
    )
    base.does(f"{uploads}\n{STOPS % 3}")
    doubts(base)
    done = base.follow("drain", RECORDING_SECONDS="30")
    assert done.returncode == 0, done.stderr
    assert base.did[:5] == ["drain", "doubts", "list-recordings", "list-recordings", "stop-node"]


def test_before_an_upgrade_nodes_are_stopped_at_their_own_machines(base: Base) -> None:
    base.does(STOPS % 3)
    doubts(base, host="localhost", hostKey=base.host_key.replace("127.0.0.1", "localhost"))
    assert base.follow("pause-all", NODE_HOST="192.0.2.1").returncode == 0
    stops = ["pause-all", "doubts", "stop-node"]
    assert base.did == [*stops, *stops, "pause-all"]


def test_the_base_is_told_the_nodes_that_the_stack_knows(base: Base) -> None:
    """An earlier release's program doesn't know that option: where there are none it's not sent."""
    base.does('echo "$*" >said')
    for nodes, is_sent in (("[]", True), ("", False)):
        assert base.follow("pause-all", NODES=nodes).returncode == 0
        assert ("--nodes []" in (base.folder / "said").read_text()) is is_sent


def test_nothing_is_stopped_where_the_base_names_no_node(base: Base) -> None:
    base.does(STOPS % 3)
    (base.folder / "doubts").write_text('{"nodes": [], "peers": [], "stops": []}')
    done = base.follow("drain")
    assert done.returncode == 1
    assert "which nodes are to be stopped isn't known" in done.stderr
    assert "stop-node" not in base.did


def test_a_node_whose_machine_nobody_knows_is_not_stopped_on_another(base: Base) -> None:
    """The update is about node-3, and the base's list names node-2, whose record has no way."""
    base.does(STOPS % 3)
    other = {**NODE, "name": "node-2", "ip": "10.5.0.7", "identity": "i-2", "host": ""}
    said = {"port": 4443, "nodes": [], "peers": [], "stops": [other]}
    (base.folder / "doubts").write_text(json.dumps(said))
    done = base.follow("drain")
    assert done.returncode == 1
    assert "stop-node" not in base.did
    assert "to be stopped: node-2; the base doesn't know how that machine" in done.stderr
    assert "uv run openvidu-enterprise repair node-2, then: pulumi up" in done.stderr


def test_a_node_that_cannot_be_stopped_keeps_its_machine(base: Base) -> None:
    base.does(STOPS % 1)
    doubts(base)
    assert base.follow("drain").returncode == 1
    assert "remove" not in base.did


CUT = (
    "up=$PPID; until [[ $(ps -o comm= $up) == sshd ]]; do up=$(ps -o ppid= $up); done; kill -9 $up"
)


def test_a_lost_connection_is_made_again(base: Base) -> None:
    base.does(f"if [[ ! -e again ]]; then touch again; {CUT}; sleep 5; fi")
    done = base.follow("leave")
    assert done.returncode == 0, done.stderr
    assert base.did == ["leave", "leave"]
    assert "node-3: no connection to the base, 127.0.0.1; trying again" in done.stderr


def test_a_client_that_is_killed_is_no_answer(base: Base) -> None:
    (base.folder / "client" / "ssh").write_text(
        f"#!/bin/bash\n[[ -e killed ]] || {{ cd {base.folder}; [[ -e killed ]] || "
        f'{{ touch killed; kill -9 $$; }}; }}\nexec {shutil.which("ssh")} -p {base.port} "$@"\n'
    )
    base.does("exit 0")
    done = base.follow("leave")
    assert done.returncode == 0, done.stderr
    assert "trying again" in done.stderr


@pytest.mark.parametrize(("status", "name"), [(137, "SIGKILL"), (139, "SIGSEGV")])
def test_a_program_that_is_killed_on_its_machine_is_run_again(
    base: Base, status: int, name: str
) -> None:
    base.does(f"[[ -e again ]] && exit 0; touch again; kill -{status - 128} $$")
    done = base.follow("leave")
    assert done.returncode == 0, done.stderr
    assert base.did == ["leave", "leave"]
    assert f"leave was killed on the base, 127.0.0.1 ({name}); trying again" in done.stderr


def test_a_program_that_is_killed_each_time_says_what_to_look_at(base: Base) -> None:
    base.does("kill -9 $$")
    done = base.follow("leave")
    assert done.returncode == 1
    assert base.did == ["leave"] * 4
    happened = "node-3: leave was killed on the base, 127.0.0.1 (SIGKILL), 4 times: its memory may"
    assert happened in done.stderr
    assert (
        "Next: look what takes it: uv run openvidu-enterprise ssh base -- 'free -m;" in done.stderr
    )


NOISE = ["Welcome to this machine", "\\033]0;a title\\007", "no line break at its end"]


@pytest.mark.parametrize("noise", NOISE)
def test_what_a_login_prints_is_no_answer(base: Base, noise: str) -> None:
    base.logs_in(f"printf '{noise}'; exec bash -c \"$SSH_ORIGINAL_COMMAND\"")
    base.does("[[ $did == overview ]] && echo '{}'; exit 0")
    done = base.follow("overview")
    assert (done.returncode, done.stdout) == (0, "{}\n"), done.stderr
    base.does("exit 0")
    assert base.follow("drain").returncode == 0


@pytest.mark.parametrize("status", [0, 1])
def test_a_login_that_runs_nothing_is_refused_by_name(base: Base, status: int) -> None:
    base.logs_in(f"echo 'This account is currently not available.'; exit {status}")
    base.does("exit 0")
    done = base.follow("drain")
    assert done.returncode == 1
    assert f"ends with status {status} before it runs a command" in done.stderr
    assert "This account is currently not available." in done.stderr
    assert "chsh -s /bin/bash" in done.stderr
    assert not (base.folder / "did").exists()


@pytest.mark.parametrize("shell", ["fish", "tcsh", "zsh", "dash"])
def test_any_login_shell_will_do(base: Base, shell: str) -> None:
    program = shutil.which(shell)
    if program is None:
        pytest.skip(f"{shell} isn't on this computer")
    base.logs_in(f'exec {program} -c "$SSH_ORIGINAL_COMMAND"')
    base.does("[[ $did == drain ]] && exit 10; exit 0")
    assert base.follow("drain").returncode == 0
    assert base.did == ["drain", "remove"]


def test_all_commands_to_a_machine_share_a_connection(base: Base) -> None:
    base.does("exit 0")
    assert base.follow("drain", NODE_HOST="127.0.0.1", NODE_HOST_KEY=base.host_key).returncode == 0
    assert base.did == ["drain", "list-recordings", "remove"]
    assert (base.folder / "log").read_text().count("Accepted publickey") == 1


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


def project_that_knows(base: Base, present: str, program: str = "scripts.present_machine") -> Path:
    """A project's folder whose `scripts.present_machine` prints this."""
    python = base.folder / ".venv" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.write_text(
        f'#!/bin/bash\n[[ $* == "-m {program}" ]] && exec {present}\nexec {sys.executable} "$@"\n'
    )
    python.chmod(0o755)
    return base.folder


def test_a_base_that_aws_has_no_more_is_not_waited_for(base: Base) -> None:
    base.does("echo never")
    project = project_that_knows(base, "echo gone")
    done = base.follow("drain", project=project, BASE_HOST="127.0.0.9", PRESENT="aws - calls dev")
    assert done.returncode == 1
    assert "the base, 127.0.0.9, is gone: AWS has the stack's other machines" in done.stderr
    assert "Next: pulumi up --refresh" in done.stderr


@pytest.mark.parametrize("present", ["false", "echo 127.0.0.9 ssh-ed25519 AAAA"])
def test_a_base_of_which_nothing_is_known_is_waited_for(base: Base, present: str) -> None:
    project = project_that_knows(base, present)
    limits = {"BASE_HOST": "127.0.0.9", "PRESENT": "aws - calls dev", "RECONNECT_SECONDS": "4"}
    done = base.follow("drain", project=project, **limits)
    assert "127.0.0.9, can't be reached for 4 s" in done.stderr


def knows_only_the_configured_key(base: Base, *, configured: str | None = None) -> None:
    """The machine was made anew, while another key was configured."""
    public, private = make_ssh_key()
    (base.folder / "authorized_keys").write_text(public)
    (base.folder / "configured").write_text(private if configured is None else configured)
    pulumi = base.folder / "client" / "pulumi"
    pulumi.write_text(
        f'#!/bin/bash\n[[ $* == "config get sshPrivateKey --stack dev "* ]] && '
        f"exec cat {base.folder}/configured\necho what: $* >&2; exit 1\n"
    )
    pulumi.chmod(0o755)


def test_a_machine_that_knows_the_configured_key_only_is_reached_with_that(base: Base) -> None:
    base.does("ps -ef; cat /tmp/ov-*/* 2>/dev/null; true")
    knows_only_the_configured_key(base)
    done = base.follow("join", PRESENT="aws eu-west-1 calls dev")
    assert done.returncode == 0, done.stderr
    assert base.did == ["prepare", "join"]
    assert "PRIVATE KEY" not in done.stdout + done.stderr


@pytest.mark.parametrize("configured", ["no key", make_ssh_key()[1]], ids=["none", "another"])
def test_a_configured_key_that_is_of_no_use_changes_nothing(base: Base, configured: str) -> None:
    base.does("echo never")
    knows_only_the_configured_key(base, configured=configured)
    done = base.follow("drain", PRESENT="existing calls dev")
    assert done.returncode == 1
    assert "never" not in done.stdout
    assert "doesn't take sshPrivateKey" in done.stderr


def test_a_configuration_that_cannot_be_read_is_said_so(base: Base) -> None:
    knows_only_the_configured_key(base)
    done = base.follow("drain", PRESENT="existing calls another")
    assert "whether sshPrivateKey is another one by now can't be asked:" in done.stderr
    assert "what: config get sshPrivateKey --stack another" in done.stderr


def test_the_key_is_in_no_file_and_no_argument(base: Base) -> None:
    base.does("ps -ef; cat /tmp/ov-*/* 2>/dev/null; true")
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


def test_on_a_new_machine_it_counts_as_carried_out(base: Base) -> None:
    does_upgrades(base)
    assert follow_upgrade(base, "at-first-upgrade", "2.30.0") == 0
    assert follow_upgrade(base, "upgrade", "2.30.0") == 0
    assert upgrades(base) == 0


def test_on_a_machine_older_than_the_state_it_is_carried_out_for_something_else(
    base: Base,
) -> None:
    does_upgrades(base)
    assert follow_upgrade(base, "upgrade", "2.30.0") == 0
    assert follow_upgrade(base, "at-first-upgrade", "2.30.0") == 0
    assert upgrades(base) == 1
    does_upgrades(base, "exit 1")
    assert follow_upgrade(base, "at-first-upgrade", "2.31.0") == 1
    does_upgrades(base)
    # That failed, and no state knows of it.
    assert follow_upgrade(base, "at-first-upgrade", "2.31.0") == 0
    assert upgrades(base) == 3


def test_in_which_update_it_was_carried_out_is_nothing_that_a_machine_runs_with(
    base: Base,
) -> None:
    does_upgrades(base)
    folder = base.folder / "notes"
    folder.mkdir()
    names = {"CARRIED_OUT_FOR": "CONFIGURATION UPDATE", "NOTES": str(folder)}
    (folder / "node-3").write_text("CONFIGURATION=a UPDATE=b \n")
    assert base.follow("at-first-upgrade", CONFIGURATION="a", **names).returncode == 0
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


def test_peers_look_several_times(base: Base) -> None:
    base.does(DOUBT.replace("echo stopped no container runs", "exit 1"))
    doubts(base)
    looks = base.folder / "looks"
    refused = "echo 10.5.0.8:4443=connection refused"
    then = f"echo look >>{looks}; if (($(wc -l <{looks}) < 3)); then {refused}; else echo x=ok; fi"
    base.follow("drain", REACH=then)
    assert what_was_said(base)["peers"] == ["runs", "node-1 says of its port: ok"]
    looks.unlink()
    (base.folder / "testimony").unlink()
    base.follow("drain", REACH=f"echo look >>{looks}; {refused}")
    assert what_was_said(base)["peers"][0] == "stopped"
    assert looks.read_text().count("look") == 3


def test_a_base_that_can_note_nothing_ends_the_update(base: Base) -> None:
    base.does(DOUBT.replace('echo "$*" >testimony', "echo no space >&2; exit 1"))
    doubts(base)
    done = base.follow("drain")
    assert done.returncode == 1
    assert "no space" in done.stderr
    assert "remove" not in base.did


def test_what_the_stack_knows_of_a_node_is_told_to_the_base(base: Base) -> None:
    base.does('echo "$*"')
    said = base.follow("join", NODE_INSTANCE="arn:aws:ec2:eu-west-1:1:instance/i-3").stdout
    assert "--instance arn:aws:ec2:eu-west-1:1:instance/i-3" in said
    assert "--host-key" in said
    # A preview asks the program of the release before, which may know none of these.
    told = {"NODE_HOST": "", "NODE_HOST_KEY": "", "NODE_IP": "", "NODE_IDENTITY": ""}
    asked = base.follow("overview", **told).stdout
    assert not {"--host", "--host-key", "--ssh-way", "--instance"} & set(asked.split())


def test_an_instance_that_the_base_does_not_know_is_asked_for_all_the_same(base: Base) -> None:
    base.does(DOUBT)
    doubts(base)
    base.follow("drain", NODE_INSTANCE="no-arn")
    assert "expected arn:aws:ec2" in what_was_said(base)["aws"][1]


def test_a_base_with_another_address_is_found(base: Base) -> None:
    base.does("exit 0")
    present = base.folder / "present"
    present.write_text(f"127.0.0.1 {base.host_key}\n")
    project = project_that_knows(base, f"cat {present}")
    given = {"BASE_HOST": "127.0.0.9", "PRESENT": "existing calls dev", "RECONNECT_SECONDS": "60"}
    done = base.follow("leave", project=project, **given)
    assert done.returncode == 0, done.stderr
    assert "the base has another address by now, 127.0.0.1" in done.stderr


def test_a_machine_goes_at_once_where_nobody_is_led_there(base: Base) -> None:
    base.does("exit 0")
    assert base.follow("release").returncode == 0
    assert base.did == ["release"]


def test_a_machine_that_joined_before_the_state_knew_is_drained_before_it_goes(base: Base) -> None:
    base.does("[[ $did == release ]] && exit 50; exit 0")
    assert base.follow("release").returncode == 0
    assert base.did == ["release", "leave", "drain", "list-recordings", "remove"]


@pytest.mark.parametrize("failing", ["leave", "drain"])
def test_a_machine_that_joined_and_is_not_drained_stays(base: Base, failing: str) -> None:
    base.does(f"[[ $did == release ]] && exit 50; [[ $did == {failing} ]] && exit 1; exit 0")
    assert base.follow("release").returncode == 1
    assert "remove" not in base.did


def test_a_machine_is_made_ready_to_stop_once_the_base_says_that_it_may_go(base: Base) -> None:
    base.does("exit 0")
    assert base.follow("rest").returncode == 0
    assert base.did == ["release", "rest-node"]


@pytest.mark.parametrize(("status", "told"), [(50, "in service; it isn't stopped"), (1, "")])
def test_a_machine_to_which_somebody_may_be_led_stays_as_it_is(
    base: Base, status: int, told: str
) -> None:
    base.does(f"[[ $did == release ]] && exit {status}; exit 0")
    done = base.follow("rest")
    assert done.returncode == status
    assert told in done.stderr
    assert base.did == ["release"]

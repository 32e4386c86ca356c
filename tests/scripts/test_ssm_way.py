"""SSH by Session Manager: what AWS is asked, what the plugin is told, what is said if it fails."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
import urllib.parse
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from components import over_ssh
from components.aws.provider import VARIABLE
from components.aws.session_manager import PLUGIN
from components.ssh_way import SshWay, from_text, ssh_command
from lab.openvidu.web.messages import Request, Response
from remote import session
from scripts import ssm_way
from scripts.init_stack import make_ssh_key
from tests.scripts.conftest import Base, by_ssm
from tests.serving import serving

ROOT = Path(__file__).parents[2]
WAY = SshWay(ssm="- calls dev base")
BEGUN = {"SessionId": "me-1", "TokenValue": "token", "StreamUrl": "wss://stream"}
REFUSALS = {
    "TargetNotConnected": "the agent of node-1 isn't registered there yet",
    "AccessDeniedException": "uv run openvidu-enterprise permissions --ssm",
    "ThrottlingException": "An error occurred (ThrottlingException)",
}


def by_way(base: Base, way: SshWay = WAY) -> dict[str, str]:
    """Variables that lead to a machine by Session Manager, with OpenSSH's client as it is."""
    known = {"PATH": os.environ["PATH"], "BASE_HOST_KEY": base.host_key.splitlines()[0]}
    # Nobody is at that address.
    return known | {"BASE_HOST": "192.0.2.1", "BASE_SSH_WAY": way.as_text()}


def test_a_machine_is_reached_that_has_no_open_port(base: Base) -> None:
    base.does("echo done")
    done = base.follow("overview", project=by_ssm(base), **by_way(base))
    assert (done.returncode, done.stdout) == (0, "done\n"), done.stderr
    told = (base.folder / "by-ssm").read_text().split()
    assert told == ["-", "calls", "dev", "base", "22"]


def test_its_host_key_is_checked_as_elsewhere(base: Base) -> None:
    base.does("echo never")
    other = make_ssh_key()[0].rsplit(" ", 1)[0]
    given = {**by_way(base), "BASE_HOST_KEY": other}
    done = base.follow("overview", project=by_ssm(base), **given)
    assert done.returncode == 1
    assert "192.0.2.1 shows another SSH host key than" in done.stderr
    assert "(ED25519)" in done.stderr.partition("Seen: ")[2]
    assert not (base.folder / "did").exists()


def test_an_agent_that_is_not_registered_yet_is_waited_for_in_words(base: Base) -> None:
    base.does("echo done")
    project = by_ssm(
        base, "[ -e ready ] || { touch ready; echo isn\\'t registered yet >&2; exit 1; }"
    )
    done = base.follow("overview", project=project, **by_way(base))
    assert (done.returncode, done.stdout) == (0, "done\n"), done.stderr
    assert "no connection to the base, 192.0.2.1; trying again" in done.stderr
    (project / "ready").unlink()
    late = base.follow("overview", project=project, **by_way(base), RECONNECT_SECONDS="0")
    assert late.returncode == 1
    assert "can't be reached for 0 s: Session Manager: isn't registered yet" in late.stderr


def test_what_will_not_pass_ends_at_once(base: Base) -> None:
    project = by_ssm(base, "echo refused: you may not >&2; exit 1")
    done = base.follow("overview", project=project, **by_way(base), RECONNECT_SECONDS="600")
    assert done.returncode == 1
    assert "Session Manager doesn't lead to the base: you may not\n" in done.stderr


def test_without_the_projects_folder_it_is_said(base: Base, tmp_path: Path) -> None:
    done = base.follow("overview", project=tmp_path / "client", **by_way(base))
    assert done.returncode == 1
    assert "the base is reached by Session Manager, and this project's folder" in done.stderr


def test_a_script_that_is_run_again_waits_for_the_one_before(base: Base) -> None:
    """Where the connection was lost it may still run there."""
    base.does('shift; exec "$@"')
    lock, log = f"test-{os.getpid()}-{base.port}", base.folder / "log-of-scripts"
    given = {
        **over_ssh.environment(over_ssh.MACHINES),
        "NODE_NAME": "base",
        "NODE_HOST": "127.0.0.1",
        "NODE_HOST_KEY": base.host_key,
        "SCRIPT": "put-env.sh",
        "LOCK": lock,
    }

    def begin(text: str) -> subprocess.Popen[str]:
        stdin = f"{base.private_key}{over_ssh.TEXT}cd {base.folder}; {text}\n"
        return replace(base, private_key=stdin).start("script", **given)

    try:
        first = begin(
            f"echo first >>{log}; until [ -e go ]; do sleep 0.1; done; echo first ends >>{log}"
        )
        wait_until(log.exists)
        second = begin(f"echo second >>{log}")
        wait_until(lambda: len(base.did) == 2)
        (base.folder / "go").touch()
        for one in (first, second):
            _, said = one.communicate()
            assert one.returncode == 0, said
    finally:
        Path(f"/run/openvidu-{lock}.lock").unlink(missing_ok=True)
    assert log.read_text().splitlines() == ["first", "first ends", "second"]


def wait_until(condition: Callable[[], bool]) -> None:
    while not condition():
        time.sleep(0.05)


def test_both_ends_agree_on_what_stands_where() -> None:
    assert session.TEXT == over_ssh.TEXT
    assert session._WONT == ssm_way._WONT
    assert from_text(WAY.as_text()) == WAY
    # Ways that an earlier text says are the same.
    assert SshWay(2222).as_text() == '{"port": 2222, "jump": null}'
    typed = ssh_command("ubuntu", "203.0.113.5", WAY)
    assert f"{typed} uptime" == "uv run openvidu-enterprise ssh base -- uptime"


def test_scripts_of_operators_ask_aws_as_they_are_logged_in(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("AWS_PROFILE", "calls")
    monkeypatch.setenv("OTHER", "kept out")
    by_it = over_ssh.shell_environment({"NODE_SSH_WAY": WAY.as_text()})
    assert by_it["AWS_PROFILE"] == "calls"
    assert {"HOME", "PATH"} <= by_it.keys()
    straight = over_ssh.shell_environment({"NODE_SSH_WAY": SshWay(2222).as_text()})
    assert straight.keys() == {"PATH", "NODE_SSH_WAY"}
    assert "OTHER" not in by_it


class Aws:
    """Has so many machines, and starts sessions to them, or says why not."""

    def __init__(self) -> None:
        self.url = ""
        self.machines = 1
        self.refuses = ""
        self.asked: dict[str, Any] = {}

    async def answer(self, request: Request) -> Response:
        login = re.search(r"Credential=([^/]+)/", request.headers["authorization"])
        assert login
        self.asked["login"] = login[1]
        if target := request.headers.get("x-amz-target"):
            self.asked[target.rpartition(".")[2]] = json.loads(request.body)
            if self.refuses:
                error = {"__type": self.refuses, "message": "no"}
                return Response(400, body=json.dumps(error).encode())
            return Response(200, body=json.dumps(BEGUN).encode())
        self.asked["ec2"] = dict(urllib.parse.parse_qsl(request.body.decode()))
        items = "".join(
            f"<item><instanceId>i-{n}</instanceId></item>" for n in range(self.machines)
        )
        text = (
            "<DescribeInstancesResponse><reservationSet><item><instancesSet>"
            f"{items}</instancesSet></item></reservationSet></DescribeInstancesResponse>"
        )
        return Response(200, body=text.encode())


@pytest.fixture
def aws() -> Iterator[Aws]:
    made = Aws()
    with serving(made.answer) as made.url:
        yield made


PLUGIN_TEXT = """#!/bin/bash
printf '%s\\n' "$@" >told
printf '%s\\n' "$AWS_SSM_START_SESSION_RESPONSE" "$AWS_ACCESS_KEY_ID" "$AWS_SESSION_TOKEN" >had
"""


def connect(aws: Aws, folder: Path, plugin: str | None = PLUGIN_TEXT) -> Any:
    """Run it to node-1 of the stack dev, with this plugin on the PATH."""
    (folder / "config").write_text("[profile calls]\n")
    (folder / "credentials").write_text(
        "[calls]\naws_access_key_id = of-profile\naws_secret_access_key = x\n"
    )
    if plugin is not None:
        (folder / PLUGIN).write_text(plugin)
        (folder / PLUGIN).chmod(0o755)
    provider = {"profile": "calls", "endpoints": [{"ec2": aws.url, "ssm": aws.url}]}
    return subprocess.run(
        [sys.executable, "-m", "scripts.ssm_way", "eu-west-1", "calls", "dev", "node-1", "22"],
        env={
            "PATH": f"{folder}:/usr/bin:/bin",
            "PYTHONPATH": str(ROOT),
            VARIABLE: json.dumps(provider),
            "AWS_CONFIG_FILE": str(folder / "config"),
            "AWS_SHARED_CREDENTIALS_FILE": str(folder / "credentials"),
            "AWS_SESSION_TOKEN": "of-another",
            "AWS_MAX_ATTEMPTS": "1",
        },
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_plugin_gets_a_session_to_the_machine_of_that_name(aws: Aws, tmp_path: Path) -> None:
    done = connect(aws, tmp_path)
    assert done.returncode == 0, done.stderr
    wanted = {"tag:project": "calls", "tag:stack": "dev", "tag:Name": "calls-dev-node-1"}
    asked = {
        aws.asked["ec2"][f"Filter.{n}.Name"]: aws.asked["ec2"][f"Filter.{n}.Value.1"]
        for n in range(1, 5)
    }
    assert asked == {**wanted, "instance-state-name": "running"}
    session_to = {
        "Target": "i-0",
        "DocumentName": "AWS-StartSSHSession",
        "Parameters": {"portNumber": ["22"]},
    }
    assert aws.asked["StartSession"] == session_to
    assert aws.asked["login"] == "of-profile"
    variable, *words, parameters, endpoint = (tmp_path / "told").read_text().splitlines()
    assert [variable, *words] == ["AWS_SSM_START_SESSION_RESPONSE", "eu-west-1", "StartSession", ""]
    assert (json.loads(parameters), endpoint) == (session_to, aws.url)
    had = (tmp_path / "had").read_text().split("\n")
    assert json.loads(had[0]) == BEGUN
    # What resumes a session is who has begun it.
    assert had[1:3] == ["of-profile", ""]
    # Who has the token has the session; arguments are in the process list.
    assert "token" not in (tmp_path / "told").read_text()


@pytest.mark.parametrize("refusal", REFUSALS)
def test_why_there_is_no_session_is_said(refusal: str, aws: Aws, tmp_path: Path) -> None:
    aws.refuses = refusal
    done = connect(aws, tmp_path)
    assert done.returncode == 1
    assert REFUSALS[refusal] in done.stderr
    assert done.stderr.startswith("refused: ") == (refusal == "AccessDeniedException")


@pytest.mark.parametrize("count", [0, 2])
def test_a_machine_that_is_not_there_or_not_one_is_not_connected_to(
    count: int, aws: Aws, tmp_path: Path
) -> None:
    aws.machines = count
    done = connect(aws, tmp_path)
    assert done.stderr == f"AWS knows {count} machines that run as calls-dev-node-1\n"
    assert "StartSession" not in aws.asked


def test_without_the_plugin_no_session_is_begun(aws: Aws, tmp_path: Path) -> None:
    done = connect(aws, tmp_path, None)
    assert done.stderr.startswith(f"refused: {PLUGIN} isn't on the PATH of this computer; install")
    assert aws.asked == {}


def test_a_session_that_the_plugin_does_not_take_is_ended(aws: Aws, tmp_path: Path) -> None:
    done = connect(aws, tmp_path, "#!/nowhere\n")
    assert done.stderr.startswith(f"refused: {PLUGIN} doesn't start: ")
    assert aws.asked["TerminateSession"] == {"SessionId": "me-1"}

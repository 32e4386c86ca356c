"""`checkCall`: a call on each node is the last step of an update, and there is none without it."""

from __future__ import annotations

import asyncio
import io
import json
import os
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pulumi
import pytest
from pulumi.runtime import set_mocks
from pulumi_command import local

from components import call_check
from components.machine import Machine
from components.over_ssh import SHELL, TEXT
from components.settings.mistakes import ConfigurationError
from components.settings.read import read
from components.settings.table import Settings
from lab.tests.openvidu.alone import SECRET as ALONES_SECRET
from lab.tests.openvidu.alone import Alone, openvidu_alone
from openvidu import api
from scripts import check_call, check_call_after_update
from scripts.calls.deployed import Deployed
from scripts.calls.outcomes import Heard, NodeCall, Silent, Tried
from scripts.calls.rest import MediaNode
from scripts.calls.ways import Way
from tests.program.conftest import SECRETS
from tests.program.test_cluster import SECRET_MARK, Recorder, deploy
from tests.scripts.calls.test_trial import sessions

SECRET = "secret-of-openvidu"
NODE = "10.5.0.6"
GIVEN = {
    "URL": "https://openvidu.example.io/inspector/",
    "NODES": json.dumps([{"name": "node-1", "privateIp": NODE, "publicIp": "203.0.113.11"}]),
    "MAIN": "base",
    "BASE_HOST": "203.0.113.10",
    "BASE_HOST_KEY": "ssh-ed25519 AAAA",
    "SSH_USER": "ubuntu",
    "CERTIFICATE_TYPE": "owncert",
    "TURN_SERVER": "",
}


def plain(value: Any) -> str:
    return str(value["value"] if isinstance(value, dict) and SECRET_MARK in value else value)


def check_of(recorder: Recorder) -> Mapping[str, Any]:
    (found,) = [one.inputs for one in recorder.registered if one.name == "check-call"]
    return found


@pytest.mark.parametrize(("shape", "nodes"), [("ha", ["node-1", "node-2"]), ("single-master", [])])
def test_what_is_called_is_told_and_no_secret(
    shape: str, nodes: list[str], config: dict[str, str]
) -> None:
    inputs = check_of(deploy({**config, "shape": shape, "checkCall": "true"}))
    variables = inputs["environment"]
    assert urlsplit(variables["URL"]).netloc == "openvidu.example.io"
    assert [one["name"] for one in json.loads(variables["NODES"])] == nodes
    assert SECRET not in json.dumps(variables)
    assert plain(inputs["stdin"]).endswith(TEXT + SECRET)
    assert "delete" not in inputs


def test_without_the_key_there_is_no_call(config: dict[str, str]) -> None:
    assert "check-call" not in deploy({**config, "shape": "single-master"}).names


class Anew(Recorder):
    """Gives other ids to some resources, as if they had been made anew."""

    def __init__(self, *anew: str) -> None:
        super().__init__()
        self.anew = anew

    def new_resource(self, args: Any) -> tuple[str, dict[str, Any]]:
        made, outputs = super().new_resource(args)
        return (f"{made}-2" if args.name in self.anew else made), outputs


def changed(settings: Settings, recorder: Recorder, generation: str = "1") -> str:
    """What the call goes by, with a node whose membership and a rule it depends on."""
    asyncio.set_event_loop(asyncio.new_event_loop())
    set_mocks(recorder, project="openvidu-enterprise", stack="dev")

    @pulumi.runtime.test
    def run() -> None:
        rule, start, membership, parent = (
            local.Command(name, environment={"NODE_GENERATION": generation})
            for name in ("rule", "base-start", "node-1-membership", "parent")
        )
        told = pulumi.Output.from_input("ssh-ed25519 AAAA")
        main = Machine("base", "10.5.0.5", told, told, told, [])
        node = Machine("node-1", "10.5.0.6", told, told, told, [], let_in=[rule])
        call_check.call_check(settings, main, "https://x", [node], [start, membership], parent)

    run()
    return str(check_of(recorder)["environment"]["CHANGED"])


def test_there_is_a_call_when_what_it_depends_on_has_changed(config: dict[str, str]) -> None:
    settings = read({**config, "checkCall": "true"}, SECRETS)
    before = changed(settings, Recorder())
    assert changed(settings, Anew("parent")) == before
    others = [Anew("rule"), Anew("base-start"), Anew("node-1-membership")]
    assert len({before, *(changed(settings, one) for one in others)}) == 4
    assert changed(settings, Recorder(), generation="2") != before


def test_what_is_missing_is_refused_with_the_command_that_installs_it(
    config: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = read({**config, "checkCall": "true"}, SECRETS)
    call_check.require_calls(settings)
    monkeypatch.setattr(call_check, "find_spec", lambda name: None if name == "aiortc" else name)
    with pytest.raises(ConfigurationError, match=r"checkCall: .*aiortc(.|\n)*uv sync --extra call"):
        call_check.require_calls(settings)
    call_check.require_calls(read(config, SECRETS))


def test_a_call_that_can_not_be_heard_is_refused(config: dict[str, str]) -> None:
    config |= {"checkCall": "true", "mediaServer": "kurento"}
    with pytest.raises(ConfigurationError, match="checkCall: hears no call with mediaServer kure"):
        read(config, SECRETS)


def run_of(server: Alone) -> subprocess.Popen[str]:
    """The command as the provider runs it, for a cluster without nodes of the stack's own."""
    given = {**GIVEN, "URL": f"{server.url}/inspector/", "NODES": "[]"}
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    running = subprocess.Popen(
        [*SHELL, call_check._RUN],
        env={"PATH": path, "SSL_CERT_FILE": str(server.authority), **given},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert running.stdin
    running.stdin.write(f"KEY{TEXT}{ALONES_SECRET}")
    running.stdin.close()
    running.stdin = None
    return running


def test_who_is_killed_with_the_update_leaves_no_session(tmp_path: Path) -> None:
    with openvidu_alone(tmp_path) as server, run_of(server) as running:
        deadline = time.monotonic() + 60
        while not sessions(server):
            assert running.poll() is None
            assert time.monotonic() < deadline
        running.kill()
        # Until all that it has begun has ended.
        running.communicate()
        assert sessions(server) == []


def test_a_call_that_fails_ends_the_command_with_the_reason(tmp_path: Path) -> None:
    with openvidu_alone(tmp_path, {api.SESSIONS: 403}) as server, run_of(server) as running:
        out, err = running.communicate()
    assert (running.returncode, out) == (1, "")
    assert "REST API: failed: POST /openvidu/api/sessions: 403" in err
    assert "apiCidrs" in err
    assert ALONES_SECRET not in err


def ended(
    outcome: Heard | Silent, monkeypatch: pytest.MonkeyPatch
) -> subprocess.CompletedProcess[str]:
    """What is told, and the status, where this came of the call on a node."""
    call = NodeCall(1, "mediasoup", {Way.STRAIGHT: outcome})
    tried = Tried([MediaNode("media_1", NODE, "running")], [NODE], {NODE: call}, [NODE])
    only: list[Any] = []

    def have(_: Deployed, __: object, ___: object, nodes: Any) -> Tried:
        only.extend(nodes)
        return tried

    monkeypatch.setattr(check_call, "have_calls", have)
    for name, value in GIVEN.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(sys, "stdout", io.StringIO())
    monkeypatch.setattr(sys, "stderr", io.StringIO())
    with pytest.raises(SystemExit) as end:
        check_call_after_update._have_calls(f"KEY{TEXT}{SECRET}")
    assert only == [NODE]
    streams = [stream.getvalue() for stream in (sys.stdout, sys.stderr)]  # type: ignore[attr-defined]
    return subprocess.CompletedProcess([], int(end.value.code or 0), *streams)


def test_an_update_whose_call_works_tells_so(monkeypatch: pytest.MonkeyPatch) -> None:
    done = ended(Heard(2), monkeypatch)
    assert (done.returncode, done.stderr) == (0, "")
    assert "node-1: straight: ok: heard: 2 of 2 streams" in done.stdout


def test_an_update_whose_call_fails_tells_why_and_what_to_type(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    done = ended(Silent(0, 2, frozenset({"203.0.113.11"})), monkeypatch)
    assert (done.returncode, done.stdout) == (1, "")
    assert "media of node-1 don't arrive by UDP 40000-65535" in done.stderr
    assert "let in UDP 40000-65535 of 203.0.113.11" in done.stderr
    assert done.stderr.rstrip().endswith("pulumi config set checkCall false")

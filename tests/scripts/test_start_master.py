"""A single master restarts as a whole only once its own server says that it carries no call."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.scripts.containers import ENV, Machine
from tests.scripts.test_start_services import CURL, QUICK

RUNNING = (
    "s1|openvidu-server|False|running|0|always|0|",
    "n1|nginx|False|running|0|always|0|",
    "e1|elasticsearch|False|running|0|always|0|",
)
SERVER = "http://127.0.0.1:5443/openvidu/api/health 200\nhttps://127.0.0.1:443/ 200\n"
SEARCH = "http://127.0.0.1:9200/ 200\n"
SESSIONS = "http://127.0.0.1:5443/openvidu/api/sessions "
NO_CALL = SESSIONS + '{"numberOfElements": 0, "content": []}\n'
CALLS = SESSIONS + '{"numberOfElements": 2, "content": [{"sessionId": "a"}, {"sessionId": "b"}]}\n'
NOBODY = '"connections": {"numberOfElements": 0, "content": []}'
ABANDONED = f'{SESSIONS}{{"numberOfElements": 1, "content": [{{"sessionId": "a", {NOBODY}}}]}}\n'
OTHER = ENV + "KMS_IMAGE=registry.example.io/kms:7\n"
REFUSED = "[[ ${@: -1} != */sessions ]] || exit 7\n"


@pytest.fixture
def master(tmp_path: Path) -> Machine:
    """A master that was started as it's configured, and carries calls."""
    machine = Machine(tmp_path, "openvidu").prepare()
    machine.puts("bin/curl", CURL)
    machine.puts("bin/getent", "#!/bin/sh\necho 203.0.113.5\n")
    machine.puts("answers", SERVER + SEARCH)
    machine.starts(*RUNNING)
    assert start(machine).returncode == 0
    machine.puts("answers", SERVER + SEARCH + CALLS)
    return machine


def start(
    master: Machine, joining_seconds: str = "60", patience_seconds: str = "-1", **values: str
) -> subprocess.CompletedProcess[str]:
    told = {
        "NAME": "master",
        "COMMAND": master.command,
        "PROXY": "nginx",
        "PUBLIC_IP": "203.0.113.5",
        "WAIT_FOR": "elasticsearch server proxy",
    }
    limits = {
        **QUICK,
        "limit_seconds": "-1",
        "joining_seconds": joining_seconds,
        "patience_seconds": patience_seconds,
    }
    return master.run("start-services.sh", {**told, **values}, **limits)


def asked(master: Machine) -> str:
    return (master.root / "asked").read_text()


def test_a_service_that_answers_late_restarts_nothing(master: Machine) -> None:
    late = (
        'echo >>"$here/looks"; [[ ${@: -1} != *:9200/ || $(wc -l <"$here/looks") -ge 3 ]] || exit 7'
    )
    master.puts("bin/curl", CURL.replace("status=", f"{late}\nstatus=", 1))
    done = start(master, patience_seconds="60")
    assert done.returncode == 0, done.stderr
    assert "master: runs as configured" in done.stdout
    assert master.started == ["start"]
    assert "compose restart" not in asked(master)


def test_a_service_that_hangs_is_restarted_alone(master: Machine) -> None:
    master.puts("answers", SERVER + CALLS)
    master.puts("restart", f'printf %s "{SEARCH}" >>"$here/answers"\n')
    done = start(master)
    assert done.returncode == 0, done.stderr
    assert "master: restarting what gives no answer: elasticsearch\n" in done.stdout
    assert "compose restart elasticsearch\n" in asked(master)
    assert master.started == ["start"]


@pytest.mark.parametrize(
    ("calls", "found"),
    [(CALLS, "it carries 2 calls"), ("", "it doesn't say which calls it carries (000)")],
)
def test_one_that_carries_calls_or_does_not_say_is_not_restarted_for_a_service(
    master: Machine, calls: str, found: str
) -> None:
    master.puts("answers", SERVER + calls)
    done = start(master, DURING_CALLS="true")
    assert done.returncode == 1
    said = (
        "Elasticsearch on the master gives no answer. Only a restart of all OpenVidu is left, and "
    )
    assert f"{said}{found}.\n" in done.stderr
    assert "uv run openvidu-enterprise repair master\n" in done.stderr
    assert master.started == ["start"]


def test_without_calls_it_restarts_where_nothing_else_helps(master: Machine) -> None:
    master.puts("answers", SERVER + NO_CALL)
    start(master)
    assert master.started == ["start", "restart"]


@pytest.mark.parametrize(
    ("calls", "found"),
    [
        (CALLS, "it carries 2 calls"),
        ("", "it doesn't say which calls it carries (000)"),
        (f"{SESSIONS}<html>502", "it doesn't say which calls it carries (<html>502)"),
    ],
)
def test_for_another_configuration_its_server_is_asked_a_last_time(
    master: Machine, calls: str, found: str
) -> None:
    master.puts("openvidu/.env", OTHER)
    master.puts("answers", SERVER + SEARCH + calls)
    done = start(master)
    assert done.returncode == 1
    said = "OpenVidu on the master has to restart for its configuration, and "
    assert f"{said}{found}.\n" in done.stderr
    assert "pulumi config set configChangeDuringCalls true && pulumi up\n" in done.stderr
    assert master.started == ["start"]
    # A second try doesn't take the configuration for one that it runs with.
    assert start(master).returncode == 1
    done = start(master, DURING_CALLS="true")
    assert done.returncode == 0, done.stderr
    assert master.started == ["start", "restart"]


def test_it_restarts_for_another_configuration_where_it_carries_no_call(master: Machine) -> None:
    master.puts("openvidu/.env", OTHER)
    master.puts("answers", SERVER + SEARCH + NO_CALL)
    assert start(master).returncode == 0
    assert master.started == ["start", "restart"]
    assert "runs as configured" in start(master).stdout


def test_a_server_that_is_down_carries_no_call(master: Machine) -> None:
    """It refuses connections, at several looks, or Docker says that it doesn't run."""
    master.puts("openvidu/.env", OTHER)
    master.puts("bin/curl", CURL.replace("# What", f"{REFUSED}# What", 1))
    assert start(master).returncode == 0
    assert master.started == ["start", "restart"]
    master.puts("openvidu/.env", ENV)
    master.puts("bin/curl", CURL)
    master.puts("answers", SERVER + SEARCH)
    master.has("s1|openvidu-server|False|exited|1|always|0|", *RUNNING[1:])
    assert start(master).returncode == 0
    assert master.started == ["start", "restart", "restart"]


def test_a_session_that_nobody_joins_is_no_call_after_a_while(master: Machine) -> None:
    master.puts("openvidu/.env", OTHER)
    master.puts("answers", SERVER + SEARCH + ABANDONED)
    assert start(master, joining_seconds="3").returncode == 0
    assert master.started == ["start", "restart"]


def test_a_session_that_somebody_joins_meanwhile_is_a_call(master: Machine) -> None:
    master.puts("openvidu/.env", OTHER)
    master.puts("answers", SERVER + SEARCH + ABANDONED)
    joins = (
        '[[ ${@: -1} != */sessions ]] || sed -i "s/Elements\\": 0/Elements\\": 1/" "$here/answers"'
    )
    master.puts("bin/curl", CURL + joins)
    done = start(master)
    assert done.returncode == 1
    assert "and it carries 1 call." in done.stderr
    assert master.started == ["start"]

"""Nothing on a machine waits for ever for a Docker that hangs, and what waits says what for."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from components.existing import suitability
from components.existing.suitability import Facts
from components.remote import text_of
from remote.machines import COMMANDS
from tests.scripts.existing_host import FOUND, ExistingHost, existing_host

SCRIPTS = sorted(Path("machine").glob("*.sh"))
HANGS = "/bin/sleep 600"
STUBBORN = 'trap "" TERM; while :; do sleep 0.1; done'
TO_TYPE = re.compile(r"sudo sh -c '[^']*'")
"""What a message tells to type."""
ASKED = re.compile(
    r"(^|[|&;({!]|\b(?:if|then|do|else|while|until|has|exec|eval|xargs)\b)\s*docker\s"
)
"""A call of Docker where a command begins, and so without a limit before it."""


def asked_without_limit(text: str) -> list[str]:
    lines = (line for line in text.splitlines() if not line.lstrip().startswith("#"))
    return [line for line in lines if ASKED.search(TO_TYPE.sub("", line))]


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.name)
def test_no_script_asks_docker_without_a_limit(script: Path) -> None:
    assert asked_without_limit(script.read_text()) == []


@pytest.mark.parametrize(
    ("line", "is_seen"),
    [
        ("  docker compose ps", True),
        ('runs=$(docker ps) || exit "$?"', True),
        ("if ! docker images; then", True),
        ("  cd x && docker compose up", True),
        ("has docker info", True),
        ("ids=$(ask_docker ps)", False),
        ('within "$limit" docker compose up', False),
        ("timeout 8 docker ps", False),
        ("echo \"Look at: sudo sh -c 'cd x && docker compose ps'\"", False),
        ("command -v docker >/dev/null", False),
    ],
)
def test_a_call_without_a_limit_is_seen(line: str, is_seen: bool) -> None:
    assert bool(asked_without_limit(line)) is is_seen


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.name)
def test_no_script_measures_by_the_clock_of_the_wall(script: Path) -> None:
    assert not re.search(
        r"(?<![\w$])\$?\{?(SECONDS|EPOCHSECONDS|EPOCHREALTIME)\b", script.read_text()
    )


@pytest.fixture
def host(tmp_path: Path) -> ExistingHost:
    """A host whose Docker hangs."""
    made = existing_host(tmp_path)
    made.knows("installed", "docker-ce 28")
    made.program("docker-stand-in", HANGS)
    made.path("/bin/docker").symlink_to("docker-stand-in")
    made.program("free", "echo 'Mem: 15900 1 2'")
    made.program("python3", "exit 0")
    return made


def run(host: ExistingHost, script: str, **fields: str) -> subprocess.CompletedProcess[str]:
    """Run a script with shorter limits."""
    text = re.sub(r"(?m)^(query|stop)_seconds=.*", r"\1_seconds=0.2", text_of(script))
    return host.shell(text, "".join(f"{name}={value}\n" for name, value in fields.items()) + "\n")


NODE = {"FOLDER": "/opt/openvidu", "COMMAND": "openvidu"}


def test_a_look_at_a_host_ends(host: ExistingHost) -> None:
    done = run(host, "inspect-host.sh", ADDRESS="10.5.0.6", **NODE)
    found = suitability.parse(done.stdout, asked=0.0)
    assert isinstance(found, Facts), done.stderr
    assert not found.has_docker


def test_a_host_is_not_prepared(host: ExistingHost) -> None:
    done = run(host, "prepare-host.sh", **NODE)
    assert done.returncode == 1
    assert "Stopped after 0.2 s, as it didn't end: docker images" in done.stderr
    assert "nothing was changed" in done.stderr
    assert not list(host.path("/var/lib").iterdir())


@pytest.mark.parametrize("has_program", [True, False])
def test_a_host_is_released_or_told_why_not(host: ExistingHost, has_program: bool) -> None:
    host.path(FOUND).mkdir()
    host.has(f"{FOUND}/folders", "/opt/openvidu\n")
    host.has(f"{FOUND}/packages", "docker-ce\n")
    host.has("/opt/openvidu/.env", "A=1\n")
    if has_program:
        host.has("/opt/openvidu/openvidu", "#!/bin/bash\ndocker compose down\n")
        host.path("/opt/openvidu/openvidu").chmod(0o755)
    done = run(host, "release-host.sh", **NODE)
    assert done.returncode == int(has_program)
    assert host.path("/opt/openvidu/.env").exists() is has_program
    if has_program:
        assert "Stopped after 0.2 s, as it didn't end: ./openvidu stop" in done.stderr
        assert "Nothing was removed" in done.stderr
    else:
        assert "Docker doesn't say which images it has: they stay." in done.stdout
        assert "Docker stays" in done.stdout
        assert host.known("installed") == ["docker-ce 28"]


def test_docker_is_not_installed_over_one_that_hangs(host: ExistingHost) -> None:
    done = run(host, "install-docker.sh", INSTALL="true", COMPOSE_URL="x", COMPOSE_SHA256="x")
    assert done.returncode == 1
    assert "Docker is installed on this machine, but doesn't answer:" in done.stderr
    assert "as it didn't end: docker info" in done.stderr


def test_a_report_tells_the_rest(host: ExistingHost) -> None:
    host.has("/opt/openvidu/.env", "A=1\n")
    text = text_of("report.sh").replace("folder=${1:-}", "folder=/opt/openvidu")
    done = host.shell(text.replace("query_seconds=60", "query_seconds=0.2"))
    assert done.returncode == 0
    assert "as it didn't end: docker compose ps --all\n(exit status 124)" in done.stdout
    assert "== cat .env ==\nA=1\n" in done.stdout


@pytest.mark.parametrize("hangs", [HANGS, STUBBORN], ids=["asleep", "stubborn"])
@pytest.mark.parametrize("action", ["logs", "restart-docker"])
def test_what_is_asked_of_one_machine_ends(tmp_path: Path, action: str, hangs: str) -> None:
    for name, text in {"sudo": 'shift\nexec "$@"', "docker": hangs, "systemctl": hangs}.items():
        (tmp_path / name).write_text(f"#!/bin/bash\n{text}\n")
        (tmp_path / name).chmod(0o755)
    command = COMMANDS[action]({"FOLDER": str(tmp_path), "OPTIONS": "--tail 5"})
    done = subprocess.run(
        [
            "/bin/sh",
            "-c",
            re.sub(r"timeout --kill-after=30 \d+", "timeout --kill-after=1 0.2", command),
        ],
        env={"PATH": f"{tmp_path}:/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 124
    assert "Docker on this machine has given no answer within" in done.stderr


KILLED = "within 60 bash -c 'kill -9 $$'"


@pytest.mark.parametrize(
    ("command", "status", "told"),
    [(f"within 1 bash -c '{STUBBORN}'", 124, True), (KILLED, 137, False)],
)
def test_what_others_have_killed_is_told_from_what_did_not_end(
    command: str, status: int, told: bool
) -> None:
    """Only the former is run again."""
    limits = text_of("limits.sh").replace("--kill-after=30", "--kill-after=1")
    done = subprocess.run(
        ["bash", "-c", f"{limits}\n{command}"], capture_output=True, text=True, check=False
    )
    assert done.returncode == status
    assert ("as it didn't end" in done.stderr) is told

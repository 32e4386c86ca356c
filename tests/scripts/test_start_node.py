"""A node's start says which service doesn't run and why, leaves no secrets behind, and ends."""

from __future__ import annotations

import re
import subprocess
from asyncio import StreamReader, StreamWriter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from components.remote import text_of
from lab.openvidu.web.messages import Request, Response, Takeover
from tests.scripts.containers import Machine
from tests.serving import serving

SCRIPTS = sorted(path.name for path in Path("machine").glob("*.sh"))
RUNS = "|False|running|0|always|0|"
SERVER, COTURN = f"s1|openvidu-server{RUNS}", f"c1|coturn{RUNS}"
QUICK = {"patience_seconds": "-1", "steady_seconds": "0", "answer_seconds": "-1"}
OLD_START = "# docker-compose up --exit-code-from replication-manager"


@pytest.fixture
def node(tmp_path: Path) -> Machine:
    return Machine(tmp_path, "openvidu").prepare()


@pytest.fixture
def answering(node: Machine) -> Iterator[int]:
    """The port on which a node that runs answers that it's well."""

    async def answer(_request: Request) -> Response:
        return Response(200 if node.started else 500)

    with serving(answer) as url:
        yield int(url.rpartition(":")[2])


def start(
    node: Machine, port: int = 5443, logins: str = "", **limits: str
) -> subprocess.CompletedProcess[str]:
    return node.run("start-node.sh", {"LOGINS": logins}, port, **{**QUICK, **limits})


def test_a_node_whose_services_run_is_started_once(node: Machine) -> None:
    node.starts(SERVER, COTURN)
    done = start(node)
    assert done.returncode == 0, done.stderr
    assert node.started == ["start"]


def test_a_node_that_starts_again_is_not_in_the_middle_of_a_stop(node: Machine) -> None:
    node.puts("openvidu/.stop-begun", "")
    node.starts(SERVER, COTURN)
    assert start(node).returncode == 0
    assert not (node.folder / ".stop-begun").exists()


@pytest.mark.parametrize(
    ("container", "why"),
    [
        (
            "c1|coturn|False|created|0|on-failure|0|Bind for 0.0.0.0:443 failed: port is already "
            "allocated",
            "coturn: created, Bind for 0.0.0.0:443 failed: port is already allocated",
        ),
        ("c1|coturn|False|exited|137|no|0|", "coturn: ended with status 137"),
        ("c1|coturn|False|exited|0|always|0|", "coturn: ended with status 0"),
        ("c1|coturn|False|restarting|1|always|4|", "coturn: it ends again and again"),
    ],
)
def test_a_service_that_does_not_run_is_named_with_its_reason(
    node: Machine, container: str, why: str
) -> None:
    """OpenVidu's own start ends well all the same."""
    node.puts("logs/coturn", "\x1b[2Klistener: bind failed\nsecret: top.se*cret/1\n")
    node.starts(SERVER, container)
    failed = start(node)
    assert failed.returncode == 1
    assert f"  {why}\n    listener: bind failed\n    secret: ****\n" in failed.stderr
    assert "Then: pulumi up" in failed.stderr
    assert "openvidu-server:" not in failed.stderr


def test_a_service_that_does_not_run_is_told_before_the_node_would_be_ready(node: Machine) -> None:
    node.starts(SERVER, "c1|coturn|False|exited|1|no|0|")
    assert "coturn: ended with status 1" in start(node, patience_seconds="600").stderr


def test_a_service_without_a_container_is_told_with_the_engines_words(node: Machine) -> None:
    words = "Error response from daemon: invalid mount config for type volume: ':'"
    node.starts(COTURN, script=f'echo "{words}" >&2')
    node.puts("services", "coturn\nopenvidu-server\n")
    failed = start(node)
    assert failed.returncode == 1
    assert "openvidu-server: there is no container" in failed.stderr
    assert f"\n  {words}\n" in failed.stderr


DEAD = "c1|coturn|False|created|0|always|0|port is already allocated"


@pytest.mark.parametrize("logins", ["", "same"])
@pytest.mark.parametrize("found", [DEAD, ""])
def test_a_node_that_answers_without_all_of_its_services_fails_again(
    node: Machine, answering: int, logins: str, found: str
) -> None:
    """What its first start said isn't lost, and what carries calls isn't taken down."""
    node.starts(SERVER, DEAD)
    assert start(node, answering, logins).returncode == 1
    node.has(SERVER, *([found] if found else []))
    again = start(node, answering, logins)
    assert again.returncode == 1
    assert "\n  coturn: " in again.stderr
    assert node.started == ["start"]


@pytest.mark.parametrize("logins", ["", "same"])
def test_a_service_that_died_is_started_alone(node: Machine, answering: int, logins: str) -> None:
    node.starts(SERVER, COTURN)
    assert start(node, answering, logins).returncode == 0
    node.has(SERVER, DEAD)
    node.puts(
        "up",
        f'echo "$*" >"$here/up-with"\nprintf "%s\\n" "{SERVER}" "{COTURN}" >"$here/containers"\n',
    )
    again = start(node, answering, logins)
    assert again.returncode == 0, again.stderr
    assert "OpenVidu runs on 127.0.0.1." in again.stdout
    up = (node.root / "up-with").read_text()
    assert up == "compose up --detach --no-deps --no-recreate coturn\n"
    assert node.started == ["start"]


def test_a_node_whose_docker_hangs_is_told_and_left_alone(node: Machine, answering: int) -> None:
    node.starts(SERVER, COTURN)
    assert start(node, answering).returncode == 0
    node.puts("bin/docker", "#!/bin/bash\nsleep 600\n")
    failed = start(node, answering, query_seconds="0.2")
    assert failed.returncode == 1
    assert "Docker: it doesn't answer" in failed.stderr
    assert node.started == ["start"]


def test_a_clock_that_is_set_is_no_end_of_patience(node: Machine, answering: int) -> None:
    """A service that was started again is given time until it runs for good."""
    steady = "c1|coturn|False|running|0|always|4|"
    node.starts(SERVER, "c1|coturn|False|restarting|1|always|4|")
    docker = (node.root / "bin/docker").read_text()
    turns = f"""\
        echo >>"$here/looks"
        [[ $(wc -l <"$here/looks") -lt 20 ]] || sed -i "s/^c1.*/{steady}/" "$here/containers"
        case "$*" in"""
    node.puts("bin/docker", docker.replace('case "$*" in', turns, 1))
    more = {"steady_seconds": "1", "patience_seconds": "60"}
    done = node.run("start-node.sh", {}, answering, steps=True, **more)
    assert done.returncode == 0, done.stderr


def test_a_service_that_has_done_its_work_is_no_failure(node: Machine) -> None:
    node.starts(SERVER, "m1|setup|False|exited|0|no|0|", "m2|make|False|exited|0|on-failure|0|")
    done = start(node)
    assert done.returncode == 0, done.stderr


def test_what_ended_before_the_start_is_no_fault_of_it(node: Machine) -> None:
    node.has("c1|coturn|False|running|0|always|7|")
    node.starts(SERVER, "c1|coturn|False|running|0|always|7|")
    done = start(node)
    assert done.returncode == 0, done.stderr


def test_what_a_start_leaves_behind_is_removed_and_nothing_else(node: Machine) -> None:
    by_hand = "r2|replication-manager|True|running|0|no|0|"
    node.has("r0|replication-manager|True|exited|0|no|0|")
    node.starts(SERVER, COTURN, "r1|replication-manager|True|exited|0|no|0|", by_hand)
    node.puts("services", "openvidu-server\ncoturn\n")
    assert start(node).returncode == 0
    left = (node.root / "containers").read_text()
    assert left == f"{SERVER}\n{COTURN}\n{by_hand}\n"


@pytest.mark.parametrize("found", ["2.39.0", "v2.40.3", "5.5.1", "2.40.3+ds1-0ubuntu1~24.04.1", ""])
def test_a_compose_with_which_a_start_never_ends_is_refused_before_it(
    node: Machine, found: str
) -> None:
    node.starts(SERVER, script=OLD_START)
    node.puts("compose", f"{found}\n")
    failed = start(node)
    assert failed.returncode == 1
    assert "OpenVidu 2.30.0 takes a Docker Compose before 2.39, or 5.6 and later" in failed.stderr
    assert node.started == []


@pytest.mark.parametrize(
    ("script", "found"),
    [
        (OLD_START, "2.38.2"),
        (OLD_START, "2.5.0"),
        (OLD_START, "5.6.0"),
        (OLD_START, "5.6.1"),
        ("", "5.1.0"),
    ],
)
def test_a_compose_that_works_with_the_version_is_taken(
    node: Machine, script: str, found: str
) -> None:
    node.starts(SERVER, script=script)
    node.puts("compose", f"{found}\n")
    assert start(node).returncode == 0
    assert node.started == ["start"]


def test_a_start_that_never_ends_is_stopped_and_said(node: Machine) -> None:
    node.starts(SERVER, script="echo waiting for replication-manager; sleep 600")
    failed = start(node, start_seconds="0.2")
    assert failed.returncode == 1
    assert "Stopped after 0.2 s, as it didn't end: ./openvidu start" in failed.stderr
    assert "waiting for replication-manager" in failed.stderr
    assert "then: pulumi up" in failed.stderr


@pytest.mark.parametrize("script", SCRIPTS)
def test_a_script_goes_to_a_machine_with_what_it_shares(script: str) -> None:
    assert "\n. machine/" not in text_of(script)


NO_CALL = b'{"numberOfElements": 0, "content": []}'
ONE_CALL = b'{"numberOfElements": 1, "content": [{"sessionId": "ses_1"}]}'


@dataclass
class Server:
    """What a node's own server, and its health, answer.

    Attributes:
        sessions: to who asks for its sessions, one after another, the last for ever; None is no
            answer at all.
        secret: that it was started with.
        well: whether its health is, before its start.
    """

    sessions: list[bytes | None]
    secret: str = "top.se*cret/1"
    well: bool = True

    @contextmanager
    def on(self, node: Machine) -> Iterator[int]:
        """Answer at a port."""

        async def answer(request: Request) -> Response | Takeover:
            if "sessions" not in request.path:
                return Response(200 if self.well or node.started else 503)
            if not request.has_login("OPENVIDUAPP", self.secret):
                return Response(401, body=b'{"error": "Unauthorized"}')
            said = self.sessions.pop(0) if self.sessions[1:] else self.sessions[0]
            return Takeover(_nothing) if said is None else Response(200, body=said)

        with serving(answer) as url:
            yield int(url.rpartition(":")[2])


async def _nothing(_: StreamReader, __: StreamWriter) -> None:
    return


def runs(node: Machine, logins: str = "") -> None:
    """OpenVidu runs there, as it was started with these logins."""
    node.starts(SERVER, COTURN)
    node.has(SERVER, COTURN)
    if logins:
        node.puts("openvidu/.started-with", f"{logins}\n")


@pytest.mark.parametrize(
    ("said", "told"),
    [
        (ONE_CALL, "it carries 1 call"),
        (None, "it doesn't say which calls it carries (curl: "),
        (b"<html>502</html>", "it doesn't say which calls it carries (<html>502</html>)"),
    ],
)
def test_a_node_that_is_not_well_is_not_restarted_under_calls(
    node: Machine, said: bytes | None, told: str
) -> None:
    """Nor where its server doesn't say that it carries none."""
    runs(node)
    with Server([said], well=False).on(node) as port:
        failed = node.run("start-node.sh", {"NAME": "node-3"}, port, **QUICK)
    assert failed.returncode == 1
    assert node.started == []
    assert f"isn't well (port 4443 answers 503), and {told}" in failed.stderr
    assert "uv run openvidu-enterprise repair node-3. Then: pulumi up" in failed.stderr


def test_a_node_that_is_not_well_and_carries_no_call_is_restarted(node: Machine) -> None:
    runs(node)
    with Server([NO_CALL], well=False).on(node) as port:
        done = node.run("start-node.sh", {}, port, **QUICK)
    assert done.returncode == 0, done.stderr
    assert node.started == ["start"]


def test_what_died_beside_a_server_with_calls_is_started_alone(node: Machine) -> None:
    """Its health is that of the replication manager, and the calls are the server's."""
    runs(node)
    node.has(SERVER, DEAD)
    node.puts("up", 'echo "${@:6}" >>"$here/started-alone"\n')
    with Server([ONE_CALL], well=False).on(node) as port:
        start(node, port)
    assert node.started == []
    assert (node.root / "started-alone").read_text() == "coturn\n"


def test_a_server_that_nothing_listens_of_carries_no_call(node: Machine) -> None:
    """As one that doesn't come up with the logins that it was started with."""
    runs(node, "old")
    assert start(node, logins="new").returncode == 0
    assert node.started == ["start"]


def test_other_logins_wait_for_the_calls_of_a_node(node: Machine) -> None:
    runs(node, "old")
    with Server([ONE_CALL, None, NO_CALL]).on(node) as port:
        done = node.run("start-node.sh", {"LOGINS": "new", "CHANGE_SECONDS": "60"}, port, **QUICK)
    assert done.returncode == 0, done.stderr
    assert re.search("restarts once it carries no call: 1 call, [0-9]+ of 60 s", done.stdout)
    assert node.started == ["start"]
    assert (node.folder / ".started-with").read_text() == "new\n"


def test_other_logins_restart_no_node_whose_calls_do_not_end(node: Machine) -> None:
    runs(node, "old")
    with Server([ONE_CALL]).on(node) as port:
        failed = node.run("start-node.sh", {"LOGINS": "new", "CHANGE_SECONDS": "0"}, port, **QUICK)
    assert failed.returncode == 1
    assert node.started == []
    assert "has to restart for other logins, and it carries 1 call" in failed.stderr
    assert "pulumi config set configChangeDuringCalls true && pulumi up" in failed.stderr
    assert (node.folder / ".started-with").read_text() == "old\n"


@pytest.mark.parametrize(("logins", "restarts"), [("new", ["start"]), ("old", [])])
def test_calls_are_cut_for_other_logins_alone_and_where_that_was_chosen(
    node: Machine, logins: str, restarts: list[str]
) -> None:
    runs(node, "old")
    values = {"LOGINS": logins, "CHANGE_SECONDS": "60", "DURING_CALLS": "true"}
    with Server([ONE_CALL], well=logins == "new").on(node) as port:
        done = node.run("start-node.sh", values, port, **QUICK)
    assert node.started == restarts
    assert ("configChangeDuringCalls is set" in done.stdout) is bool(restarts)


def test_a_server_is_asked_with_the_secret_that_it_was_started_with(node: Machine) -> None:
    """`.env` has the new one before the restart."""
    runs(node, "old")
    node.puts("environment", "PATH=/bin\nOPENVIDU_SECRET=before\n")
    with Server([ONE_CALL, NO_CALL], secret="before").on(node) as port:
        done = node.run("start-node.sh", {"LOGINS": "new", "CHANGE_SECONDS": "60"}, port, **QUICK)
    assert done.returncode == 0, done.stderr
    assert node.started == ["start"]
    assert "before" not in done.stdout + done.stderr

"""Calls against the simulated cluster: each of the ways in which one can come out."""

from __future__ import annotations

import asyncio
import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from lab.calls.generator import Generator
from lab.calls.lengths import Lengths
from lab.calls.plan import Door, Media, Pace, Plan
from lab.calls.record import Record
from lab.calls.report import Report, Result, report
from lab.calls.runs import HANG_UP, STOP, Run, Runs, request_of
from lab.cloud.facts import TURN_ADDRESS, TURN_SECRET
from lab.openvidu import faults
from lab.openvidu.faults import Fault
from lab.openvidu.testing.cluster import BASE_ENV, BASE_IP, SECRET, Cluster, run, write_env
from lab.openvidu.testing.world import Host
from lab.tests.openvidu.calls import joined, names, open_session
from openvidu import api, environment, ports
from openvidu.release import BASE, NODE
from remote.machines import COMMANDS
from scripts.calls.judgement import judged
from scripts.calls.outcomes import Tried
from scripts.calls.rest import Api
from scripts.calls.stack import Node, Stack
from scripts.calls.trial import PREFIX, Trial
from scripts.calls.trust import pinned
from scripts.calls.ways import WAYS, Way
from scripts.checks.finding import Finding
from scripts.checks.finding import Result as Came

pytestmark = [pytest.mark.lab, pytest.mark.xdist_group("calls-cluster")]
FIRST, SECOND = "10.5.0.6", "10.5.0.7"
NODES = (FIRST, SECOND)
SOCKETS = 8
"""Of four calls with two users each."""
PLAN = Plan(
    Door(f"https://{BASE_IP}", SECRET),
    count=4,
    lengths=Lengths(2.0, 3.0),
    pace=Pace(ping=1.0, retry=1.0),
)
LONG = replace(PLAN, lengths=Lengths(60.0, 60.0))


@dataclass
class Calls:
    """A generator that runs in the world of a cluster."""

    cluster: Cluster
    file: Path
    done: Future[None]

    @property
    def report(self) -> Report:
        return report(Run(self.file.parent).generated())

    def finish(self) -> Report:
        """What became of the calls when all are over."""
        self.done.result(timeout=60)
        return self.report

    def ask(self, wish: str) -> None:
        request_of(self.file).write_text(wish)

    def wait_until_live(self, count: int) -> None:
        self.cluster.wait_for(
            lambda: self.report.count(Result.LIVE) == count and self._opened, "calls"
        )

    @property
    def _opened(self) -> bool:
        return all(call.session for call in self.report.with_result(Result.LIVE))


class Making:
    """Starts generators."""

    def __init__(self, cluster: Cluster, folder: Path, threads: ThreadPoolExecutor) -> None:
        self._cluster = cluster
        self._folder = folder
        self._threads = threads

    def __call__(self, plan: Plan) -> Calls:
        with Runs(self._folder).joining() as joined:
            file = joined.next_file()
            record = Record(file)

        def act() -> None:
            try:
                asyncio.run(Generator(plan, record, request_of(file), "1-1").run())
            finally:
                record.close()

        return Calls(self._cluster, file, self._threads.submit(self._cluster.world.do, act))


@pytest.fixture
def make(cluster: Cluster, tmp_path: Path) -> Iterator[Making]:
    with ThreadPoolExecutor() as threads:
        yield Making(cluster, tmp_path, threads)


def sessions(cluster: Cluster) -> int:
    found: int = cluster.call("GET", api.SESSIONS).json()["numberOfElements"]
    return found


def recreate_load_balancer(cluster: Cluster) -> str:
    """Have a container that knows the nodes whenever it starts; its id."""
    write_env(cluster.base, BASE, {**BASE_ENV, environment.NODE_IPS: ",".join(NODES)})
    compose = f"cd {BASE.folder} && docker compose"
    cluster.base.run(f"{compose} up -d loadbalancer")
    cluster.wait_for(lambda: len(cluster.health()["nodes"]) == len(NODES), "the load balancer")
    return cluster.base.run(f"{compose} ps -q loadbalancer").stdout.strip()


def sessions_inside(cluster: Cluster) -> int:
    """The cluster's sessions, without the load balancer."""
    found: int = cluster.call("GET", api.SESSIONS, ip=FIRST).json()["numberOfElements"]
    return found


def fault_on_both(cluster: Cluster, fault: Fault) -> None:
    for host in cluster.nodes.values():
        faults.write(fault, host.faults)


def test_calls_end_well_and_leave_nothing(cluster: Cluster, make: Making) -> None:
    found = make(PLAN).finish()
    assert (len(found.calls), found.count(Result.ENDED)) == (4, 4)
    assert {call.node_ip for call in found.calls} <= {FIRST, SECOND}
    assert all(call.end and call.end - call.start >= call.length for call in found.calls)
    assert sessions(cluster) == 0


def close(host: Host, what: str) -> None:
    """Drop what comes in; security groups leave a machine alone with itself, too."""
    table, chain = "inet media", "type filter hook input priority 0;"
    rule = f"iifname eth0 {what} drop"
    host.run(
        f"nft 'add table {table}; add chain {table} in {{ {chain} }}; add rule {table} in {rule}'"
    )


def close_media_ports(host: Host) -> None:
    close(host, f"udp dport {ports.MEDIA_FIRST}-{ports.MEDIA_LAST}")


def open_media_ports(host: Host) -> None:
    host.run("nft delete table inet media")


def test_users_of_as_many_calls_as_wanted_hear_each_other(make: Making) -> None:
    found = make(replace(PLAN, count=2, media=Media(1))).finish()
    assert found.count(Result.ENDED) == 2
    (heard,) = found.sounds
    assert heard.longest_gap > 0


def test_sound_goes_by_the_nodes_turn_server_too(make: Making) -> None:
    ways = (Way.STRAIGHT, Way.TURN_UDP, Way.TURN_TCP)
    found = make(replace(PLAN, count=3, media=Media(3, ways))).finish()
    assert found.count(Result.ENDED) == 3
    assert {heard.way for heard in found.sounds} == {way.value for way in ways}


def tell_of_turn_servers(cluster: Cluster, *servers: str) -> None:
    """Have both nodes tell their users of TURN servers, from their next start on."""
    text = json.dumps(servers)
    assert cluster.call("POST", api.RESTART, {environment.ICE_SERVERS: text}).status_code == 200
    line = f"{environment.ICE_SERVERS}={text}"

    def is_back(ip: str) -> bool:
        told = cluster.nodes[ip].run(f"cat {NODE.folder}/.env").stdout
        return line in told and cluster.node_answers(ip)

    cluster.wait_for(lambda: all(map(is_back, NODES)), "the restart")


@pytest.fixture
def _own_turn_server(cluster: Cluster) -> Iterator[None]:
    own = f"url=turns:{TURN_ADDRESS}:443,staticAuthSecret={TURN_SECRET}"
    tell_of_turn_servers(cluster, own)
    yield
    tell_of_turn_servers(cluster)


@pytest.mark.usefixtures("_own_turn_server")
def test_sound_goes_by_the_operators_own_turn_server_too(
    cluster: Cluster, make: Making, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(cluster.world.trusted))
    own = Media(1, (Way.TURN_SERVER,))
    found = make(replace(PLAN, count=1, media=own)).finish()
    assert [call.reason for call in found.calls] == [""]
    assert [(heard.way, heard.packets_lost) for heard in found.sounds] == [("turn-server", 0)]
    assert found.count(Result.ENDED) == 1


def test_sound_by_turn_needs_no_media_ports_and_a_closed_turn_port_is_named(
    cluster: Cluster, make: Making
) -> None:
    for host in cluster.nodes.values():
        close_media_ports(host)
        close(host, "tcp dport 443")
    found = make(replace(PLAN, count=2, media=Media(2, (Way.TURN_UDP, Way.TURN_TCP)))).finish()
    for host in cluster.nodes.values():
        open_media_ports(host)
    assert [heard.way for heard in found.sounds] == ["turn-udp"]
    (call,) = found.with_result(Result.REFUSED)
    assert re.search(r"expected by TCP of turn:10\.5\.0\.[67]:443", call.reason)


def checked(cluster: Cluster) -> dict[tuple[str, str], Finding]:
    """What a check with calls on all nodes finds, by check and node."""
    shown = cluster.base.run(COMMANDS["certificate"]({"PORT": str(ports.HTTPS)})).stdout

    async def act() -> Tried:
        rest = Api(PLAN.door.url, SECRET, pinned(shown), PLAN.pace.answer)
        try:
            return await Trial(rest, WAYS, lambda _: None).run()
        finally:
            await rest.close()

    tried = cluster.world.do(lambda: asyncio.run(act()))
    nodes = {ip: Node(f"node-{number}", ip) for number, ip in enumerate(NODES, 1)}
    found = judged(tried, Stack(PLAN.door.url, nodes))
    assert not any(name.startswith(PREFIX) for name in names(cluster))
    return {(one.check, one.where): one for one in found}


def test_a_check_has_a_call_on_each_node_by_each_way(cluster: Cluster) -> None:
    found = checked(cluster)
    assert set(found) == {
        (check, node) for check in ("reached", *WAYS) for node in ("node-1", "node-2")
    }
    assert {one.result for one in found.values()} == {Came.OK}


def test_a_check_names_the_port_that_is_closed_on_each_node(cluster: Cluster) -> None:
    first, second = cluster.nodes.values()
    close(first, "udp dport 443")
    close_media_ports(second)
    close(second, "tcp dport 443")
    found = checked(cluster)
    for host in (first, second):
        open_media_ports(host)
    failed = {key: one for key, one in found.items() if one.result is Came.FAILED}
    assert set(failed) == {
        ("turn-udp", "node-1"),
        ("straight", "node-2"),
        ("turn-tcp", "node-2"),
    }
    assert f"by TURN over UDP 443 of {FIRST}: no answer" in failed["turn-udp", "node-1"].said
    assert "by UDP 40000-65535: 0 of 2 streams came" in failed["straight", "node-2"].said
    assert f"By TURN over UDP 443 of {SECOND} they do" in failed["straight", "node-2"].said
    assert str(failed["turn-tcp", "node-2"].next).startswith(f"let in TCP 443 of {SECOND}")


def test_a_check_names_what_keeps_users_from_the_turn_server(cluster: Cluster) -> None:
    host = cluster.nodes[FIRST]
    file = f"{NODE.folder}/coturn/shared-secret-key"
    # Both read it anew, the one when it starts and the other for each user.
    host.run(f"cp {file} {file}.kept && echo another >{file}")
    found = checked(cluster)
    host.run(f"mv {file}.kept {file}")
    assert {key for key, one in found.items() if one.result is Came.FAILED} == {
        ("turn-udp", "node-1"),
        ("turn-tcp", "node-1"),
    }
    assert "it refuses the credentials" in found["turn-tcp", "node-1"].said


def test_a_check_names_a_node_that_the_load_balancer_does_not_lead_to(cluster: Cluster) -> None:
    cluster.balance(FIRST)
    found = checked(cluster)
    cluster.balance(*NODES)
    assert [key for key, one in found.items() if one.result is Came.FAILED] == [
        ("reached", "node-2")
    ]
    assert "went to node-1" in found["reached", "node-2"].said


def test_a_check_names_a_node_without_its_media_server(cluster: Cluster) -> None:
    fault_on_both(cluster, Fault("media-disconnected", {}))
    found = checked(cluster)
    assert "no connection to its media server" in found["joinRoom", BASE_IP].said


def test_a_call_whose_sound_stops_is_cut(cluster: Cluster, make: Making) -> None:
    calls = make(replace(LONG, count=2, media=Media(1)))
    calls.wait_until_live(2)
    for host in cluster.nodes.values():
        close_media_ports(host)
    cluster.wait_for(lambda: bool(cut_in(calls)), "the call with sound to be cut")
    calls.ask(HANG_UP)
    found = calls.finish()
    for host in cluster.nodes.values():
        open_media_ports(host)
    (call,) = found.with_result(Result.CUT)
    assert call.sound
    assert call.sound.longest_gap > 5000
    assert "no sound" in call.reason
    assert (call.heard, call.unheard) == ("straight", "straight")
    assert found.count(Result.ENDED) == 1


def test_a_call_with_closed_media_ports_is_refused_and_names_them(
    cluster: Cluster, make: Making
) -> None:
    for host in cluster.nodes.values():
        close_media_ports(host)
    found = make(replace(PLAN, count=2, media=Media(1))).finish()
    for host in cluster.nodes.values():
        open_media_ports(host)
    (call,) = found.with_result(Result.REFUSED)
    assert re.search(r"UDP 40000-65535 of 10\.5\.0\.[67]", call.reason)
    assert (call.tries, call.node_ip in NODES, call.unheard) == (1, True, "straight")
    assert found.count(Result.ENDED) == 1


def test_a_reload_of_the_load_balancer_cuts_nobody(cluster: Cluster, make: Making) -> None:
    calls = make(PLAN)
    calls.wait_until_live(4)
    assert "updated successfully" in run_update(cluster)
    found = calls.finish()
    assert (found.count(Result.ENDED), found.reconnections) == (4, [])


def run_update(cluster: Cluster) -> str:
    """Reload without waiting for the workers that still hold calls."""
    done = cluster.base.run(
        "cd /opt/ov-enterprise-base-services && ./base-services update-loadbalancer"
    )
    return done.stdout + done.stderr


def test_no_more_calls_are_made_after_a_stop(cluster: Cluster, make: Making) -> None:
    calls = make(replace(PLAN, keep=True))
    cluster.wait_for(
        lambda: calls.report.count(Result.ENDED) >= 5, "calls to be followed by others"
    )
    calls.ask(STOP)
    found = calls.finish()
    assert found.count(Result.ENDED) == len(found.calls)


def test_hanging_up_is_no_cut(make: Making) -> None:
    calls = make(LONG)
    calls.wait_until_live(4)
    calls.ask(HANG_UP)
    found = calls.finish()
    assert [(call.result, call.hung_up) for call in found.calls] == [(Result.ENDED, True)] * 4


def test_a_further_try_that_succeeds_is_told(cluster: Cluster, make: Making) -> None:
    fault_on_both(cluster, Fault("api", {"answer": "503"}, times=1))
    found = make(replace(PLAN, count=1)).finish()
    assert [(call.result, call.tries > 1) for call in found.calls] == [(Result.ENDED, True)]


def test_calls_that_nobody_takes_are_refused(cluster: Cluster, make: Making) -> None:
    fault_on_both(cluster, Fault("api", {"answer": "503"}))
    found = make(PLAN).finish()
    assert [(call.result, call.code, call.tries) for call in found.calls] == [
        (Result.REFUSED, 503, 3)
    ] * 4


def test_a_wrong_secret_is_refused_at_once(make: Making) -> None:
    found = make(replace(PLAN, door=replace(PLAN.door, secret="wrong"))).finish()
    assert [(call.code, call.tries) for call in found.calls] == [(401, 1)] * 4


def test_a_draining_node_takes_no_new_calls_and_nobody_is_refused(
    cluster: Cluster, make: Making
) -> None:
    held = make(LONG)
    held.wait_until_live(4)
    cluster.drain(SECOND)
    check = checked(cluster)
    assert check["reached", "node-2"].result is Came.SKIPPED
    assert check["reached", "node-1"].result is Came.OK
    found = make(PLAN).finish()
    assert {call.node_ip for call in found.with_result(Result.ENDED)} == {FIRST}
    assert found.spotless
    held.ask(HANG_UP)
    held.finish()
    cluster.wait_for(lambda: cluster.has_stopped(SECOND), "the node to go")
    run(cluster.nodes[SECOND], NODE, "start")
    cluster.wait_for(lambda: cluster.node_answers(SECOND), "the node to be back")


def test_a_killed_generator_leaves_calls_of_which_nothing_is_known(
    cluster: Cluster, tmp_path: Path
) -> None:
    file = tmp_path / "run-1" / "generator-1.jsonl"
    file.parent.mkdir()
    reading, writing = os.pipe()
    command = [sys.executable, "-m", "lab.calls", str(tmp_path), str(file), str(writing)]

    def spawn() -> subprocess.Popen[str]:
        return subprocess.Popen(command, stdin=subprocess.PIPE, pass_fds=[writing], text=True)

    with cluster.world.do(spawn) as generator, os.fdopen(reading) as ready:
        os.close(writing)
        assert generator.stdin
        generator.stdin.write(json.dumps(LONG.as_json()))
        generator.stdin.close()
        assert ready.read() == "ready"
        assert report(Run(file.parent).generated()).count(Result.LIVE) == 4
        os.kill(generator.pid, signal.SIGKILL)
    found = report(Run(file.parent).generated())
    assert found.count(Result.UNKNOWN) == 4
    assert SECRET not in file.read_text()
    cluster.wait_for(lambda: sessions(cluster) == 0, "the sockets of the dead to be noticed")


def test_a_load_balancer_that_dies_and_is_back_soon_cuts_nobody(
    cluster: Cluster, make: Making
) -> None:
    load_balancer = recreate_load_balancer(cluster)
    calls = make(LONG)
    calls.wait_until_live(4)
    cluster.base.run(f"docker kill {load_balancer} && docker start {load_balancer}")
    cluster.wait_for(lambda: len(calls.report.reconnections) == SOCKETS, "every user to be back")
    calls.ask(HANG_UP)
    found = calls.finish()
    assert found.count(Result.ENDED) == 4
    assert all(call.reconnections for call in found.calls)


def test_a_load_balancer_that_is_away_for_too_long_cuts_every_call(
    cluster: Cluster, make: Making
) -> None:
    load_balancer = recreate_load_balancer(cluster)
    calls = make(LONG)
    calls.wait_until_live(4)
    cluster.base.run(f"docker stop {load_balancer}")
    cluster.wait_for(lambda: sessions_inside(cluster) == 0, "the users to be evicted")
    cluster.base.run(f"docker start {load_balancer}")
    found = calls.finish()
    assert found.count(Result.CUT) == 4
    # Refused as they come back, or too late for that on a busy computer.
    assert all(re.search(r"error \(40007\)|not back within", call.reason) for call in found.calls)


def test_a_drained_node_that_stops_cuts_nobody_whose_socket_it_passed_on(
    cluster: Cluster, make: Making
) -> None:
    open_session(cluster, "own", ip=SECOND)
    with joined(cluster, "own"):
        cluster.drain(SECOND)
        calls = make(LONG)
        calls.wait_until_live(4)
        assert {call.node_ip for call in calls.report.calls} == {FIRST}
        assert not calls.report.reconnections
    cluster.wait_for(lambda: cluster.has_stopped(SECOND), "the node to go")
    cluster.wait_for(lambda: bool(calls.report.reconnections), "sockets through it to be back")
    calls.ask(HANG_UP)
    found = calls.finish()
    assert found.count(Result.ENDED) == 4
    run(cluster.nodes[SECOND], NODE, "start")
    cluster.wait_for(lambda: cluster.node_answers(SECOND), "the node to be back")


def test_a_restart_of_openvidu_cuts_its_calls(cluster: Cluster, make: Making) -> None:
    calls = make(LONG)
    calls.wait_until_live(4)
    victim, own = one_node_with_its_calls(calls)
    run(cluster.nodes[victim], NODE, "restart")
    cluster.wait_for(lambda: own <= cut_in(calls), "the node's calls to be seen as cut")
    calls.ask(HANG_UP)
    assert calls.finish().count(Result.CUT) == len(own)


def test_a_node_that_dies_cuts_its_calls_though_its_sockets_stay_silent(
    cluster: Cluster, make: Making
) -> None:
    calls = make(LONG)
    calls.wait_until_live(4)
    victim, own = one_node_with_its_calls(calls)
    # Without its network it can't say goodbye, as after a power failure.
    cluster.nodes[victim].run("ip link set eth0 down")
    cluster.lose(victim)
    cluster.wait_for(lambda: own <= cut_in(calls), "the node's calls to be seen as cut", 40.0)
    calls.ask(HANG_UP)
    assert calls.finish().count(Result.CUT) >= len(own)


def one_node_with_its_calls(calls: Calls) -> tuple[str, set[str]]:
    """A node that carries some of the calls: nginx may have led all of them to the same."""
    victim = calls.report.calls[0].node_ip
    assert victim
    return victim, {call.id for call in calls.report.calls if call.node_ip == victim}


def cut_in(calls: Calls) -> set[str]:
    return {call.id for call in calls.report.with_result(Result.CUT)}

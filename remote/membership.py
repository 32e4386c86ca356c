"""Brings a node into the cluster or out of it, or changes what all nodes share.

Joins and drains run on the base, or the bastion: from there they see the cluster. What can only be
asked from here, whether a node that the base can't see is well, is asked from here.
"""

from __future__ import annotations

import getpass
import json
import os
import shlex
import socket
import sys
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor, wait
from datetime import UTC, datetime
from typing import Any

from remote.session import (
    MEMBERSHIP,
    Done,
    Machine,
    Session,
    machine_at,
    project_program,
    session,
    with_values,
)

DONE, TO_START, GONE, DOUBT, TO_STOP, TO_START_PARTLY, TO_DRAIN = 0, 10, 10, 20, 30, 40, 50
"""Exit statuses of the program on the base (`membership.main`)."""
NO_PROGRAM = 2
"""Exit status of Python without the program's file, and of a program without the action."""
AT_FIRST = "at-first-"
"""Before an action: the state knows of none that was carried out before."""
BUSY = 3
"""Exit status of machine/stop-node.sh: a call has begun, so nothing was stopped."""
_IN_FOLDER = "FOLDER=/opt/openvidu"
"""Where a node's software is. Source: page, "Configuration management"."""
AS_FOUND = "/var/lib/openvidu-host-as-found"
"""What a host that existed before keeps of how it was; see machine/prepare-host.sh."""
POLL_SECONDS = 2.0
ASK_SECONDS = 12.0
"""How long a machine may take to say how it is: an update waits for it."""
STOPPED_SECONDS = 3.0
"""How long others may take, from when AWS says that the machine is stopped: it can't answer."""
_NO_NOTE = "none"
_NO_ANSWER = {"machine": "SSH to it from here", "peers": "its peers"}
PEERS = 2
"""How many other nodes are asked about one."""
PEER_LOOKS = 3
"""Looks in a row that must find its port closed."""
Json = Mapping[str, Any]


class Membership:
    """The actions, for one session."""

    def __init__(self, made: Session) -> None:
        given = made.environment
        self._session, self._given = made, given
        # With AWS's load balancer there is a bastion in place of the base.
        who = f"the {given.get('BASE_NAME') or 'base'}"
        self._base = made.machine(who, "BASE")
        now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        self._run = f"{made.action} by {getpass.getuser()} on {socket.gethostname()} since {now}"
        self._run += f", process {os.getpid()}"

    def act(self) -> int:
        """Carry the session's action out; returns its exit status."""
        match self._session.action:
            case "join":
                return self._join()
            case "drain":
                return self._drain()
            case "release":
                return self._release()
            case "rest":
                return self._rest()
            case action if action.startswith(AT_FIRST):
                return self._at_first(action.removeprefix(AT_FIRST))
            case action:
                return self._once(action) if self._carried_out_for else self._decided(action)

    def _join(self) -> int:
        status = self._decided("prepare")
        # The script starts only what doesn't run, where there is something that does.
        if status in (TO_START, TO_START_PARTLY):
            values = f"NAME={self._session.name}\n{_IN_FOLDER}"
            start = with_values(self._given["START_NODE"], values)
            status = self._session.run(self._node, start).status
        return status or self._on_base("join").status

    def _drain(self) -> int:
        status = self._decided("drain")
        if status == DONE and not self._recordings_are_safe():
            return 1
        if status not in (DONE, GONE):
            return status
        removed = self._on_base("remove").status
        if not removed and not self._given.get("NODE_INSTANCE"):
            self._note_drained()
        return removed

    def _release(self) -> int:
        """Let a node's machine go; one that the state doesn't know as joined drains before."""
        status = self._on_base("release").status
        return status if status != TO_DRAIN else self._on_base("leave").status or self._drain()

    def _rest(self) -> int:
        """Prepare a machine to be stopped as a standby: nobody is led there, and nothing runs."""
        status = self._on_base("release").status
        if status == TO_DRAIN:
            self._session.say(
                "its machine was to be stopped, and is in service; it isn't stopped\n"
                f"  Look at it: uv run openvidu-enterprise status {self._session.name}\n"
                "  Next: pulumi config set nodeCount so that it's a node, then: pulumi up"
            )
        if status:
            return status
        script = with_values(self._given["REST_NODE"], _IN_FOLDER)
        return self._session.run(self._node, script).status

    def _decided(self, action: str) -> int:
        """Carry an action out on the base; while it's in doubt about nodes, ask others."""
        while (status := self._on_base(action, "--asks").status) in (DOUBT, TO_STOP):
            if status == TO_STOP:
                if not self._stop_nodes():
                    return 1
                continue
            if failed := self._ask_others():
                return failed
            time.sleep(POLL_SECONDS)
        return status

    def _stop_nodes(self) -> bool:
        """Stop OpenVidu on the nodes without calls; whether that may be gone on with."""
        nodes = self._doubts().get("stops")
        if not nodes:
            self._session.say("which nodes are to be stopped isn't known; nothing was stopped")
            return False
        reached = [(node, machine) for node in nodes if (machine := self._machine_of(node))]
        if not reached:
            names = ", ".join(node["name"] for node in nodes)
            self._session.say(
                f"to be stopped: {names}; the base doesn't know how that machine can be reached\n"
                "  Nothing was stopped: a node is stopped on its own machine only.\n"
                f"  Next: uv run openvidu-enterprise repair {nodes[0]['name']}, then: pulumi up"
            )
            return False
        if self._session.action == "drain":
            # Who is stopped uploads no more; what can't be waited for is told once it is.
            self._recordings_left()
        for node, machine in reached:
            script = with_values(self._given["STOP_NODE"], f"ADDRESS={node['ip']}")
            if self._session.run(machine, script).status not in (DONE, BUSY):
                return False
        return True

    def _machine_of(self, node: Json) -> Machine | None:
        """Where a node is asked, or stopped; None where nobody knows a way to its machine."""
        if node["host"]:
            return _announced(node)
        is_own = node["ip"] == self._given.get("NODE_IP") and "NODE_HOST" in self._given
        return self._node if is_own else None

    def _on_base(self, action: str, *options: str, keep: bool = False) -> Done:
        """Run the membership program there."""
        done = self._session.run(self._base, self._command(action, *options), keep=keep)
        if done.status == NO_PROGRAM:
            self._session.say(
                f"{self._base.who} has no program of this stack, or one that doesn't know {action}:"
                " it was made anew, and no update has ended well since\n"
                "  Nothing was removed. Next: pulumi up, and then the same again"
            )
        return done

    def _command(self, action: str, *options: str) -> str:
        """What runs the membership program; of an option that comes twice the last one counts."""
        given = self._given
        words = {
            "--name": self._session.name,
            "--ip": given.get("NODE_IP", ""),
            "--identity": given.get("NODE_IDENTITY", ""),
            "--generation": given.get("NODE_GENERATION") or "1",
            "--leaving": given.get("LEAVING", ""),
            "--limit": given.get("LIMIT_SECONDS", "0"),
            "--run": self._run,
        }
        way = {
            "--host": given.get("NODE_HOST"),
            "--host-key": given.get("NODE_HOST_KEY"),
            "--ssh-way": given.get("NODE_SSH_WAY"),
            "--instance": given.get("NODE_INSTANCE"),
            "--nodes": given.get("NODES"),
        }
        # The program of an earlier release, which a preview asks, may not know each of them.
        words |= {option: value for option, value in way.items() if value}
        command = [action, *(word for pair in words.items() for word in pair), *options]
        return f"{MEMBERSHIP} {shlex.join(command)} --connected"

    @property
    def _node(self) -> Machine:
        return self._session.machine(self._session.name, "NODE")

    def _note_drained(self) -> None:
        """Have a host know that its drain is over: its release asks for no calls then."""
        note = f"[ ! -d {AS_FOUND} ] || sudo -n touch {AS_FOUND}/drained"
        self._session.ask(self._node, note, ASK_SECONDS)

    # Who can see a node that the base can't.

    def _ask_others(self) -> int:
        """Ask machines, peers and AWS about the nodes in doubt, and tell the base.

        Returns:
            0, or the exit status of the base's program where that can't note it.
        """
        doubts = self._doubts()
        nodes: list[Json] = doubts.get("nodes", [])
        # What is said of the first is old before the last has answered, one after the other.
        with ThreadPoolExecutor(max(1, len(nodes))) as pool:
            said = list(pool.map(lambda node: self._said_of(node, doubts), nodes))
        # The program of an earlier release counts from when it's told.
        since = ("--asked", json.dumps(doubts["asked"])) if "asked" in doubts else ()
        commands = [
            self._command(
                "testify",
                *("--name", node["name"], "--ip", node["ip"], "--identity", node["identity"]),
                *("--testimony", json.dumps(testimony), *since),
            )
            for node, testimony in zip(nodes, said, strict=True)
        ]
        # In one go: each login takes time, in which what is said grows old.
        return self._session.run(self._base, " && ".join(commands)).status if commands else 0

    def _said_of(self, node: Json, doubts: Json) -> dict[str, list[str]]:
        """What a node's machine, its peers and AWS say of it."""
        peers = [one for one in doubts["peers"] if one["ip"] != node["ip"]][:PEERS]
        pool = ThreadPoolExecutor()
        asked: dict[str, Future[list[str] | None]] = {
            "machine": pool.submit(self._ask_machine, node),
            "peers": pool.submit(self._ask_peers, node, peers, doubts["port"]),
            "aws": pool.submit(_ask_aws, self._instance(node)),
        }
        # Who still asks ends by itself.
        pool.shutdown(wait=False)
        aws = asked["aws"].result()
        limit = STOPPED_SECONDS if aws and aws[0] == "stopped" else None
        answered, _ = wait(asked.values(), limit)
        said = {
            who: one.result()
            if one in answered
            else ["unknown", f"{_NO_ANSWER[who]}: no answer yet"]
            for who, one in asked.items()
        }
        return {who: told for who, told in said.items() if told}

    def _doubts(self) -> Json:
        """About which nodes the base has to be told, and which are to be stopped."""
        found = self._on_base("doubts", keep=True)
        try:
            doubts: Json = json.loads(found.output)
        except ValueError:
            self._session.say(f"which nodes are in doubt isn't known: {found.output[:200]}")
            return {}
        return doubts

    def _ask_machine(self, node: Json) -> list[str] | None:
        """Whether OpenVidu runs there, as the machine itself says."""
        if not (machine := self._machine_of(node)):
            return ["unknown", "the base doesn't know how its machine can be asked"]
        script = with_values(self._given["WITNESS_NODE"], f"ADDRESS={node['ip']}")
        answer = self._session.ask(machine, script, ASK_SECONDS)
        if isinstance(answer, str):
            return ["unknown", f"SSH to it from here: {answer}"]
        word, _, told = answer.output.strip().partition(" ")
        if answer.status or word not in ("runs", "stopped"):
            told = told if word == "unknown" else f"its machine answers: {answer.output.strip()}"
            return ["unknown", told]
        return [word, f"its machine says: {told}"]

    def _instance(self, node: Json) -> str:
        """ARN of its EC2 instance; a base that was made anew may not know it yet."""
        is_own = node["ip"] == self._given.get("NODE_IP")
        return str(node["instance"] or (self._given.get("NODE_INSTANCE", "") if is_own else ""))

    def _ask_peers(self, node: Json, peers: list[Json], port: int) -> list[str] | None:
        """Whether its port is open, as other nodes see it; one that sees it open is enough.

        Each looks several times: a service that is started again refuses connections for a moment.
        """
        if not peers:
            return None
        reach = f"bash -c {shlex.quote(self._given['REACH'])} reach"
        script = with_values(reach, f"PLACES={node['ip']}:{port}")

        def ask(peer: Json) -> str:
            for look in range(PEER_LOOKS):
                time.sleep(POLL_SECONDS if look else 0)
                answer = self._session.ask(_announced(peer), script, ASK_SECONDS)
                if isinstance(answer, str):
                    return answer
                if (seen := answer.output.strip().rpartition("=")[2]) != "connection refused":
                    return seen
            return seen

        with ThreadPoolExecutor() as pool:
            said = pool.map(ask, peers)
            seen = dict(zip((peer["name"] for peer in peers), said, strict=True))
        told = "; ".join(f"{name} says of its port: {said}" for name, said in seen.items())
        if "ok" in seen.values():
            return ["runs", told]
        refused = all(said == "connection refused" for said in seen.values())
        return ["stopped" if refused else "unknown", told]

    # Recordings.

    def _recordings_are_safe(self) -> bool:
        """Wait until the node's recordings are in the bucket; whether they are."""
        left, name = self._recordings_left(), self._session.name
        if left is None:
            self._session.say(
                "its recordings can't be listed; the machine stays\n"
                f"  Next: uv run openvidu-enterprise repair {name}, then: pulumi up"
            )
            return False
        if left:
            shown = left.replace("\n", "\n  ")
            machine = f"{self._given['SSH_USER']}@{self._given['NODE_HOST']}"
            self._session.say(
                "recordings on its disk are not in the bucket, and nothing has changed for "
                f"{self._recording_seconds:g} s:\n  {shown}\n"
                f"  The machine stays. Copy them from {machine} and delete them there.\n"
                "  Next: pulumi up"
            )
        return not left

    @property
    def _recording_seconds(self) -> float:
        return float(self._given.get("RECORDING_SECONDS") or 600)

    def _recordings_left(self) -> str | None:
        """Wait until the node's recordings are in the bucket, or nothing changes any more.

        Source: OpenVidu removes a recording from its folder once it's uploaded.

        Returns:
            What is left, a line each; None where that can't be listed.
        """
        name, before, since = self._session.name, "", time.monotonic()
        while True:
            found = self._session.run(self._node, self._given["LIST_RECORDINGS"], keep=True)
            if found.status:
                return None
            left = found.output.strip()
            if not left:
                return left
            if left != before:
                before, since = left, time.monotonic()
                count = len(left.splitlines())
                files = "1 file" if count == 1 else f"{count} files"
                print(f"{name}: waiting for recordings to reach the bucket: {files}", flush=True)  # noqa: T201
            elif time.monotonic() - since > self._recording_seconds:
                return left
            time.sleep(POLL_SECONDS)

    # What is carried out once for what it's for.

    @property
    def _carried_out_for(self) -> str:
        """The values of the variables that the action is for."""
        names = (self._given.get("CARRIED_OUT_FOR") or "").split()
        return "".join(f"{name}={value} " for name in names if (value := self._given.get(name)))

    @property
    def _noted(self) -> str | None:
        """For what the base has noted that the action was carried out last; None without a note."""
        found = self._session.run(
            self._base,
            f"sudo -n cat {self._notes}/{self._session.name} 2>/dev/null || echo {_NO_NOTE}",
            keep=True,
        ).output.strip()
        return None if found == _NO_NOTE else found

    @property
    def _notes(self) -> str:
        return self._given.get("NOTES") or "/var/lib/openvidu-membership/carried-out"

    def _note(self, what: str) -> int:
        """Note on the base for what the action was carried out last."""
        text, name = shlex.quote(what), self._session.name
        return self._session.run(
            self._base,
            f"sudo -n install -d -m 700 {self._notes} && "
            f"printf '%s\\n' {text} | sudo -n tee {self._notes}/{name} >/dev/null",
        ).status

    def _at_first(self, action: str) -> int:
        """Note it as carried out: on a machine that is new nothing restarts.

        One with a note is older than the state, as after an import: what it runs with may be
        something else. In which update that was noted is nothing that it runs with.
        """
        noted = self._noted
        if noted is None or _without_update(noted) == _without_update(self._carried_out_for):
            return self._note(self._carried_out_for)
        return self._once(action)

    def _once(self, action: str) -> int:
        """Carry the action out, unless that was done for the same before.

        Another SSH key, or another text of these scripts, has Pulumi run it again, and is no reason
        to wait for calls, or for nodes. What the action guards is one of the values that it's for:
        the update that changes it (`components.on_base.quiet`).
        """
        if self._noted == self._carried_out_for.strip():
            return 0
        # If it fails it may be half done, and then it's done for nothing: also if it's set back.
        return self._note("") or self._decided(action) or self._note(self._carried_out_for)


def _without_update(values: str) -> list[str]:
    return [one for one in values.split() if not one.startswith("UPDATE=")]


def _announced(node: Json) -> Machine:
    """A machine as the base was told of it."""
    return machine_at(node["name"], node["host"], node["hostKey"], node.get("sshWay", ""))


def _ask_aws(instance: str) -> list[str] | None:
    """What EC2's API says of an instance; nothing of a machine that existed before."""
    if not instance:
        return None
    answer = project_program("scripts.instance_state", {"INSTANCE_ARN": instance})
    if isinstance(answer, str):
        return ["unknown", f"AWS can't be asked: {answer.splitlines()[0]}"]
    word, _, told = answer.output.strip().partition(" ")
    return [word, f"AWS says: {told}"]


def _main(act: Callable[[Session], int]) -> None:
    with session(sys.argv[1]) as made:
        sys.exit(act(made))


if __name__ == "__main__":
    _main(lambda made: Membership(made).act())

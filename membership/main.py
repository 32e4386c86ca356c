"""Command line: `python3 membership.pyz ACTION --name node-1 --ip 10.5.0.6 …`.

Exit status 0: done. 10: done, and the node has to be started (`prepare`), or its machine is gone
(`drain`). 20: whoever runs this has to ask others about the nodes that `doubts` names, tell it with
`testify`, and run it again. 30: whoever runs this has to stop OpenVidu on the node, and run it
again. 50: it has to be drained first (`release`). 1: not done; standard error says why and what to
type.
"""

from __future__ import annotations

import argparse
import errno
import json
import os
import socket
import sys
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

from membership import service_logins, stores
from membership.answers import Refused, Unconnected, Unknown
from membership.bucket import Bucket
from membership.clock import Clock, ConnectedClock, DisconnectedError, Elapsed, end_with
from membership.configuration_change import Files, configure, drift, quiet, rotate
from membership.context import Context, Run
from membership.doubt import declare_dead, doubts
from membership.drain import abort, drain, remove
from membership.drain_queue import leave_for_good
from membership.errors import LoadBalancerError, MembershipError
from membership.hold import release as release_machine
from membership.join import Found, announce, join, prepare
from membership.known_nodes import from_json as nodes_from_json
from membership.known_nodes import note
from membership.load_balancer import LoadBalancer
from membership.notification import Notifier, failed
from membership.observation import calls_on, look, who_sees_what
from membership.overview import overview, versions
from membership.policy import Policy
from membership.reconcile import reconcile
from membership.registry import CLUSTER_FILE, Node, Registry, RegistryError, Way
from membership.upgrade_wait import pause, pause_all, upgrade
from membership.wiring import on_base, on_bastion
from membership.witnesses import conclude, from_json, has_to_be_asked_about
from openvidu import release

OVERVIEW_TIMEOUT_SECONDS = 8.0
"""Of each of its requests, which go out together: a preview waits for them.

While nodes are lost and still listed, the API's proxy needs 6 s to answer, with 502.
"""


@dataclass(frozen=True)
class _Task:
    """What an action works with.

    Attributes:
        arguments: of the command line.
        context: what it can look at and change.
        bucket: where the nodes' configuration is kept.
        files: what the stack wants of it.
    """

    arguments: argparse.Namespace
    context: Context
    bucket: Bucket
    files: Files

    @property
    def node(self) -> Node:
        """The node that the action is about."""
        given = self.arguments
        return Node(given.name, given.ip, given.identity, self.way)

    @property
    def told(self) -> Sequence[Node]:
        """The nodes that the stack's state names."""
        return nodes_from_json(self.arguments.nodes)

    @property
    def run(self) -> Run:
        """Who acts."""
        return Run(self.arguments.run, self.arguments.asks)

    @property
    def way(self) -> Way:
        """How the node's machine can be asked by others."""
        given = self.arguments
        return Way(given.host, given.host_key, given.instance, given.ssh_way)


def main() -> int:
    """Run one action; returns its exit status."""
    arguments = _parser().parse_args()
    # AWS's libraries ask even the machine itself for its login by a proxy of the environment.
    os.environ["no_proxy"] = "*"
    try:
        return _act(arguments)
    except DisconnectedError:
        # Nobody hears it now: it's for the next run.
        Registry().cut_off(arguments.run, Clock())
        return 1
    except MembershipError as error:
        sys.exit(_tell_of(arguments, error))
    except LoadBalancerError as error:
        failure = _failed(arguments, str(error), "The machine stays.", "pulumi up")
        sys.exit(_tell_of(arguments, failure))
    except RegistryError as error:
        meaning = "Nothing was changed: what isn't known doesn't count as gone."
        command = (
            "move that file away on this machine; then here, with the name of that node, "
            "which records it again: uv run openvidu-enterprise repair node-1"
        )
        sys.exit(_tell_of(arguments, _failed(arguments, str(error), meaning, command)))
    except OSError as error:
        happened = f"{error.filename or 'this machine'}: {error.strerror or error}"
        meaning = "What was there stays whole, and so does the machine."
        sys.exit(_tell_of(arguments, _failed(arguments, happened, meaning, _next(error))))


def _failed(
    arguments: argparse.Namespace, happened: str, meaning: str, command: str
) -> MembershipError:
    who = arguments.name or socket.gethostname()
    return MembershipError(who, arguments.action, happened, meaning, command)


def _tell_of(arguments: argparse.Namespace, error: MembershipError) -> str:
    """What is said of an error; who is on call is told, too, where a node joins or leaves."""
    if arguments.action not in _LOOKS:
        _notifier().send(failed(error.node, str(error)))
    return str(error)


def _notifier() -> Notifier:
    logins = [
        CLUSTER_FILE,
        Path(release.BASE.folder) / ".env",
        Path(release.MASTER.folder) / ".env",
    ]
    return Notifier.read(_say, logins=logins)


def _next(error: OSError) -> str:
    """What to type after an error of the system's."""
    if error.errno not in (errno.ENOSPC, errno.EDQUOT):
        return "pulumi up"
    return f"make room on {socket.gethostname()}: sudo df -h; then: pulumi up"


def _act(arguments: argparse.Namespace) -> int:
    if arguments.action == _SERVICES:
        return service_logins.main(arguments.limit, as_json=arguments.json)
    product = release.MASTER if arguments.action.endswith("-master") else release.BASE
    if arguments.action in _STORES:
        return stores.main(product)
    clock = ConnectedClock(sys.stdin.fileno()) if arguments.connected else Clock()
    load_balancer = LoadBalancer(Path(product.folder), say=_say, clock=clock)
    if arguments.action == _KEEP:
        reconcile(load_balancer, _say, clock)
    is_configured = CLUSTER_FILE.exists() or load_balancer.is_configured
    if arguments.action in _BEFORE_CHANGES and not is_configured:
        _say(f"{arguments.name}: nothing runs here yet")
        _require_no_nodes(arguments)
        return 0
    timeout = OVERVIEW_TIMEOUT_SECONDS if arguments.action in _OVERVIEWS else 10
    if arguments.connected and arguments.action in _OVERVIEWS:
        end_with(sys.stdin.fileno())
    registry = Registry()
    place = (
        on_bastion(registry, timeout_seconds=timeout, say=_say, clock=clock)
        if CLUSTER_FILE.exists()
        else on_base(load_balancer, timeout_seconds=timeout)
    )
    policy = Policy.read()
    if arguments.limit:
        policy = replace(policy, change_limit=timedelta(seconds=arguments.limit))
    context = Context(
        place.cluster, place.load_balancer, registry, policy, _say, clock, _notifier().send
    )
    task = _Task(arguments, context, place.bucket, Files())
    return _ACTIONS[arguments.action].act(task) or 0


def _require_no_nodes(arguments: argparse.Namespace) -> None:
    """Refuse what stops nodes where the cluster can't be asked for their calls.

    A base stops only what is on it; each of its nodes is waited for by itself.

    Raises:
        MembershipError: there are nodes.
    """
    told = nodes_from_json(arguments.nodes)
    if arguments.action not in _STOPS_NODES or not told or Policy.read().change_during_calls:
        return
    names = ", ".join(one.name for one in told)
    raise MembershipError(
        arguments.name,
        "looking for calls before nodes restart",
        f"this machine was recreated, and can't ask the cluster, which has {names}",
        "Nothing was changed, and the cluster goes on as it was.",
        "set back what was changed, then: pulumi up; then change it again. Or cut calls: "
        "pulumi config set configChangeDuringCalls true && pulumi up",
    )


def _show(task: _Task) -> None:
    with ThreadPoolExecutor() as pool:
        nodes = pool.submit(overview, task.context)
        report = pool.submit(task.context.cluster.report)
        drifted = pool.submit(drift, task.bucket, task.files)
    told = report.result()
    shown = {
        "nodes": nodes.result(),
        "health": _told(told),
        "isOpen": not isinstance(told, Unconnected),
        "drift": drifted.result(),
        **versions(Path(release.BASE.folder)),
    }
    print(json.dumps(shown))  # noqa: T201 - its result


def _show_doubts(task: _Task) -> None:
    print(json.dumps(doubts(task.node.ip, task.context)))  # noqa: T201 - its result


def _show_conclusion(task: _Task) -> int | None:
    seen = look(task.node, task.context)
    found = conclude(seen)
    if task.run.asks and has_to_be_asked_about(seen):
        # They are asked about who is noted: a base that was made anew knows nobody.
        note([task.node], task.context, task.arguments.generation)
        return Found.DOUBT
    calls = calls_on(seen, task.context)
    shown = {
        "conclusion": found.value,
        "told": who_sees_what(seen),
        "calls": None if calls is None else len(calls),
    }
    print(json.dumps(shown))  # noqa: T201 - its result
    return None


def _testify(task: _Task) -> None:
    said, asked = from_json(task.arguments.testimony), task.arguments.asked
    since = Elapsed(**json.loads(asked)) if asked else Elapsed.begin(task.context.clock)
    task.context.registry.testify(task.node, said, since)


def _show_master(task: _Task) -> None:
    with ThreadPoolExecutor() as pool:
        report = pool.submit(task.context.cluster.report)
        calls = task.context.cluster.calls()
    known = calls if isinstance(calls, list) else None
    told = report.result()
    shown = {
        # Neither nodes that join, nor a configuration that they share.
        "nodes": {},
        "drift": [],
        "health": _told(told),
        "isOpen": not isinstance(told, Unconnected),
        "calls": None if known is None else len(known),
        "participants": None if known is None else sum(one.participants for one in known),
        "sessions": None if known is None else [one.as_json() for one in known],
        **versions(Path(release.MASTER.folder)),
    }
    print(json.dumps(shown))  # noqa: T201 - its result


def _told(report: dict[str, Any] | Unknown | Refused) -> dict[str, Any] | None:
    """The cluster's health in full; None where nobody tells it."""
    return None if isinstance(report, Unknown | Refused) else report


def _say(line: str) -> None:
    try:
        print(line, flush=True)  # noqa: T201 - progress for the operator
    except BrokenPipeError:
        # Nobody listens any more: the next wait ends the run.
        sys.stdout = Path(os.devnull).open("w")  # noqa: SIM115


@dataclass(frozen=True)
class _Action:
    """An action: what it's for, and what it does; that returns its exit status, if it isn't 0."""

    meaning: str
    act: Callable[[_Task], int | None]


_KEEP = "keep"
_STORES = ("stores", "stores-master")
_OVERVIEWS = ("overview", "overview-master")
_SERVICES = "services"
_LOOKS = (*_OVERVIEWS, *_STORES, _SERVICES, _KEEP, "doubts", "conclude")
"""Actions that move no node: nobody is called for what they can't see."""
_BEFORE_CHANGES = ("quiet", "quiet-nodes", "quiet-master", "upgrade", "upgrade-master", "pause-all")
_STOPS_NODES = ("quiet-nodes", "pause-all")
_ACTIONS: Mapping[str, _Action] = {
    "announce": _Action(
        "note which machine has the node's address",
        lambda task: announce(task.node, task.way, task.context),
    ),
    "prepare": _Action(
        "wait for a drain that was begun; exit status 10: the node has to be started",
        lambda task: prepare(task.node, task.run, task.context),
    ),
    "join": _Action(
        "wait until the node is ready, then put it into the load balancer",
        lambda task: join(task.node, task.arguments.generation, task.run, task.context),
    ),
    "leave": _Action(
        "note that the node isn't wanted any more",
        lambda task: leave_for_good(task.node, task.context),
    ),
    "drain": _Action(
        "stop new sessions and wait until the node has left; exit status 10: no machine",
        lambda task: drain(task.node, task.run, task.context),
    ),
    "doubts": _Action(
        "print which nodes can't be seen from here, and who else may see them, as JSON",
        _show_doubts,
    ),
    "conclude": _Action(
        "print what may be concluded of the node from all who can see it, as JSON",
        _show_conclusion,
    ),
    "testify": _Action("note what others say of the node", _testify),
    "dead": _Action(
        "note that the operator says that the node is dead",
        lambda task: declare_dead(task.node, task.arguments.run, task.context),
    ),
    "remove": _Action(
        "take a node that has left out of the load balancer",
        lambda task: remove(task.node, task.run, task.context),
    ),
    "release": _Action(
        "whether the node's machine may go; exit status 50: it has to be drained first",
        lambda task: release_machine(task.node, task.run, task.context),
    ),
    "abort": _Action(
        "stop the run that drains the node, so that it can join again",
        lambda task: abort(task.node, task.run, task.context),
    ),
    "pause": _Action(
        "drain a node that comes back",
        lambda task: pause(task.node, task.run, task.context),
    ),
    "pause-all": _Action(
        "drain every node for an upgrade, where there is no base that is upgraded too",
        lambda task: pause_all(task.run, task.context, task.told),
    ),
    "upgrade": _Action(
        "wait until an upgrade cuts no calls; by then nobody can make new ones",
        lambda task: upgrade(task.run, task.context, master=False, told=task.told),
    ),
    "upgrade-master": _Action(
        "wait until there are no calls that an upgrade of a single master could cut",
        lambda task: upgrade(task.run, task.context, master=True),
    ),
    "rotate": _Action(
        "put secrets that have changed into the bucket",
        lambda task: rotate(task.bucket, task.files, task.context),
    ),
    "quiet": _Action(
        "wait until there are no calls that a restart of the base could cut",
        lambda task: quiet(task.run, task.context, master=False, told=task.told),
    ),
    "quiet-master": _Action(
        "wait until there are no calls that a restart of a single master could cut",
        lambda task: quiet(task.run, task.context, master=True),
    ),
    "quiet-nodes": _Action(
        "wait until there are no calls that a restart of every node could cut",
        lambda task: quiet(task.run, task.context, master=False, nodes=True, told=task.told),
    ),
    "configure": _Action(
        "have the nodes run with the configuration that the stack wants",
        lambda task: configure(
            task.bucket, task.files, task.run, task.context, task.arguments.leaving.split()
        ),
    ),
    "overview": _Action("print what the cluster looks like, as JSON", _show),
    "overview-master": _Action("print what a single master's looks like, as JSON", _show_master),
}


def _parser() -> argparse.ArgumentParser:
    meanings = {name: action.meaning for name, action in _ACTIONS.items()}
    meanings[_KEEP] = "keep the load balancer at the list in .env, for ever"
    meanings |= dict.fromkeys(_STORES, "print how full the services here are, as JSON")
    meanings[_SERVICES] = "whether what a node needs can be used; its .env comes on standard input"
    parser = argparse.ArgumentParser(
        prog="membership",
        description="Moves nodes into and out of the load balancer.",
        epilog="\n".join(f"{name:14} {meaning}" for name, meaning in meanings.items()),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("action", choices=meanings)
    parser.add_argument("--name", default="", help="the node, such as node-1")
    parser.add_argument("--ip", default="", help="its private address")
    parser.add_argument("--identity", default="", help="its machine, such as an instance id")
    parser.add_argument("--generation", type=int, default=1, help="count of its returns to service")
    parser.add_argument("--run", default="", help="who runs this, from where and since when")
    parser.add_argument(
        "--connected",
        action="store_true",
        help="stop waiting, or looking, when standard input ends",
    )
    parser.add_argument("--json", action="store_true", help="services: print JSON")
    parser.add_argument(
        "--limit",
        type=float,
        default=0,
        help="services: seconds to ask again where one fails; quiet: other than the policy's",
    )
    parser.add_argument(
        "--asks", action="store_true", help="exit status 20 where others have to be asked"
    )
    # A node that leaves with the update that brings this program is drained by the text in the
    # state, which may be an earlier release's.
    parser.add_argument("--waited", help=argparse.SUPPRESS)
    parser.add_argument("--testimony", default="{}", help="testify: what others say, as JSON")
    parser.add_argument("--asked", default="", help="testify: since when, as doubts has it")
    parser.add_argument("--host", default="", help="announce: public address of the machine")
    parser.add_argument("--host-key", default="", help="announce: its public SSH host key")
    parser.add_argument("--instance", default="", help="announce: ARN of the EC2 instance")
    parser.add_argument("--ssh-way", default="", help="announce: port and jump host of its SSH")
    parser.add_argument("--nodes", default="", help="those that the stack's state names, as JSON")
    parser.add_argument("--leaving", default="", help="configure: addresses of nodes that go")
    return parser

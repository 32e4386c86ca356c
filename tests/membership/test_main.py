"""The program ends with what happened, what it means and what to type: never with a traceback."""

from __future__ import annotations

import argparse
import errno
import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from botocore.utils import get_environ_proxies

from membership import main as program
from membership.answers import Unreachable
from membership.clock import DisconnectedError
from membership.doubt import doubts
from membership.errors import MembershipError
from membership.join import Found
from membership.load_balancer import LoadBalancer, ReloadError
from membership.lock import LockTimeoutError
from membership.main import main
from membership.notification import Event, Notifier
from membership.policy import Policy
from membership.registry import Node, Phase, Record, Registry, RegistryError
from openvidu.deployment import deployment
from remote.machines import COMMANDS
from tests.membership.worlds import NODE, OTHER, scene

ENV = "/opt/ov-enterprise-base-services/.env"


def failing(error: Exception) -> Callable[..., int]:
    def act(*_: Any, **__: Any) -> int:
        raise error

    return act


@pytest.fixture(autouse=True)
def own_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the program does to its environment ends with a test."""
    monkeypatch.setenv("no_proxy", "")


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (
            OSError(errno.ENOSPC, "No space left on device", ENV),
            f"node-1: join: {ENV}: No space left on device\n"
            "  What was there stays whole, and so does the machine.\n"
            "  Next: make room on base: sudo df -h; then: pulumi up",
        ),
        (
            PermissionError(errno.EACCES, "Permission denied", ENV),
            f"node-1: join: {ENV}: Permission denied\n"
            "  What was there stays whole, and so does the machine.\n"
            "  Next: pulumi up",
        ),
        (
            RegistryError("/var/lib/openvidu-membership/10.5.0.6.json can't be read: Expecting"),
            "node-1: join: /var/lib/openvidu-membership/10.5.0.6.json can't be read: "
            "Expecting\n"
            "  Nothing was changed: what isn't known doesn't count as gone.\n"
            "  Next: move that file away on this machine; then here, with the name of "
            "that node, which records it again: uv run openvidu-enterprise repair node-1",
        ),
        (
            ReloadError("update-loadbalancer failed; the old list is back in .env"),
            "node-1: join: update-loadbalancer failed; the old list is back in .env\n"
            "  The machine stays.\n"
            "  Next: pulumi up",
        ),
    ],
)
def test_what_fails_is_told_in_three_lines(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, error: Exception, expected: str
) -> None:
    monkeypatch.setattr(sys, "argv", ["membership", "join", "--name", "node-1"])
    monkeypatch.setattr(program.socket, "gethostname", lambda: "base")
    monkeypatch.setattr(program, "_act", failing(error))
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == expected


@pytest.mark.parametrize(("action", "times"), [("join", 1), ("drain", 1), ("overview", 0)])
def test_who_is_on_call_is_told_of_what_failed_and_not_of_a_look(
    action: str, times: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[Event] = []
    error = MembershipError("node-1", "joining", "it isn't ready", "Calls go on.", "pulumi up")
    monkeypatch.setattr(sys, "argv", ["membership", action, "--name", "node-1"])
    monkeypatch.setattr(program, "_act", failing(error))
    monkeypatch.setattr(Notifier, "send", lambda _, event: told.append(event))
    with pytest.raises(SystemExit):
        main()
    assert told == [Event("failed", "node-1", str(error))] * times


def test_a_node_is_drained_by_the_text_of_an_earlier_release(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Its delete is in the state since before the program on the base became this one."""
    words = "drain --name node-3 --ip 10.5.0.8 --identity i-3 --generation 1 --run r"
    earlier = [*words.split(), "--waited", "12", "--connected"]
    monkeypatch.setattr(sys, "argv", ["membership", *earlier])
    monkeypatch.setattr(program, "_act", lambda found: 10 if found.connected else 1)
    assert main() == 10


def test_a_run_whose_caller_is_gone_is_noted_for_the_next(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    words = "pause-all --run ann's --connected"
    monkeypatch.setattr(sys, "argv", ["membership", *words.split()])
    monkeypatch.setattr(program, "Registry", lambda: Registry(tmp_path))
    monkeypatch.setattr(program, "_act", failing(DisconnectedError()))
    registry = Registry(tmp_path)
    own, others = Node("node-3", "10.5.0.8", "i-3"), Node("node-4", "10.5.0.9", "i-4")
    with registry.locked():
        for node, run in ((own, "ann's"), (others, "ben's")):
            registry.write(Record(node.name, node.ip, node.identity, Phase.DRAINING, 0, run=run))
    assert main() == 1
    assert [registry.was_cut_off(node) for node in (own, others)] == ["ann's", ""]


def test_the_login_of_the_machine_is_asked_for_by_no_proxy(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("http_proxy", "http://proxy.example.io:3128")
    monkeypatch.setenv("no_proxy", "10.5.0.0/24")
    monkeypatch.setattr(sys, "argv", ["membership", "overview"])
    monkeypatch.setattr(
        program, "_act", lambda _: len(get_environ_proxies("http://169.254.169.254/latest/"))
    )
    assert main() == 0


def test_an_overview_ends_with_the_connection_of_who_asked(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    script = COMMANDS["overview"]({"NODE_NAME": "base"})
    monkeypatch.setattr(sys, "argv", ["membership", *script.partition(".pyz ")[2].split()])
    followed: list[int] = []
    monkeypatch.setattr(program, "end_with", followed.append)
    monkeypatch.setattr(program, "CLUSTER_FILE", tmp_path / "none")
    monkeypatch.setattr(program, "on_base", failing(LockTimeoutError("stop here")))
    with Path(os.devnull).open() as nobody:
        monkeypatch.setattr(sys, "stdin", nobody)
        with pytest.raises(SystemExit, match="stop here"):
            main()
        assert followed == [nobody.fileno()]


def test_others_are_asked_about_a_node_of_which_nothing_is_noted(tmp_path: Path) -> None:
    """As after its record couldn't be read, and was moved away."""
    made = scene(tmp_path, [([OTHER], Unreachable("no answer"))])
    made.registry.change(NODE.ip, lambda _: None)
    ways = dict.fromkeys(("host_key", "instance", "ssh_way"), "") | {"host": "203.0.113.7"}
    asked = argparse.Namespace(name=NODE.name, ip=NODE.ip, identity=NODE.identity, run="", **ways)
    asked.asks, asked.generation = True, 4
    task = program._Task(asked, made.context, None, None)  # type: ignore[arg-type]
    assert program._show_conclusion(task) == Found.DOUBT
    (named,) = doubts(NODE.ip, made.context)["nodes"]
    assert (named["identity"], named["host"]) == (NODE.identity, "203.0.113.7")
    noted = made.registry.get(NODE.ip)
    # As the state has it: a preview finds no change in that.
    assert noted is not None
    assert noted.generation == 4


NODES = json.dumps(
    [
        {"name": "node-1", "ip": "10.5.0.6", "identity": "i-1"}
        | dict.fromkeys(("host", "hostKey", "instance", "sshWay"), "")
    ]
)

AS_INSTALLED = "\n".join(
    f"{key}={value}" for key, value in deployment("base", "2.30.0").template.items()
)
"""`.env` of base services before an update has put its own there."""


@pytest.mark.parametrize("env", [None, AS_INSTALLED], ids=["no .env", "the install's .env"])
@pytest.mark.parametrize(
    ("action", "nodes", "refused"),
    [
        ("quiet-nodes", NODES, True),
        ("pause-all", NODES, True),
        # Nodes aren't stopped with the base; each is waited for before it is.
        ("quiet", NODES, False),
        ("upgrade", NODES, False),
        ("quiet-nodes", "", False),
        ("quiet-master", "", False),
    ],
)
def test_where_nothing_runs_yet_nodes_that_there_are_are_not_stopped(
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    action: str,
    nodes: str,
    refused: bool,
    env: str | None,
) -> None:
    if env is not None:
        (tmp_path / ".env").write_text(env)
    words = ["membership", action, "--name", "bastion-quiet", "--nodes", nodes]
    monkeypatch.setattr(sys, "argv", words)
    monkeypatch.setattr(program, "CLUSTER_FILE", tmp_path / "none")
    monkeypatch.setattr(program.Policy, "read", Policy)
    monkeypatch.setattr(program, "LoadBalancer", lambda _, **given: LoadBalancer(tmp_path, **given))
    monkeypatch.setattr(program, "on_base", failing(AssertionError("the cluster is asked")))
    if refused:
        with pytest.raises(SystemExit) as ended:
            main()
        assert "this machine was recreated, and can't ask the cluster, which has node-1" in str(
            ended.value.code
        )
    else:
        assert main() == 0
    assert capsys.readouterr().out == "bastion-quiet: nothing runs here yet\n"

"""What the cluster looks like while the program runs, in a preview as in an update.

The base, or a single master, is asked over SSH, and nothing is changed. Where it can't be asked, as
in CI without a way to port 22, the program goes by its state alone.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field

from components.aws import provider
from components.existing.hosts import Host
from components.over_ssh import AGENT_REFUSED, KEY_REFUSED, LOST, MEMBERSHIP, environment, run
from components.previous_state import PreviousState
from components.settings.mistakes import Mistake
from components.settings.stack_config import config_of_stack
from components.settings.table import Settings
from components.ssh_way import STRAIGHT
from openvidu.roles import MASTER

LIMIT_SECONDS = 30
"""How long the base's answer is waited for: longer than the base's own questions may take, which
are two at most of `membership.main.OVERVIEW_TIMEOUT_SECONDS` after one another."""


@dataclass(frozen=True)
class NodeObservation:
    """A node that the base knows.

    Attributes:
        in_service: whether it takes sessions as it should; None where the base can't see it.
        generation: the one that brings it into service: its own while it serves; None where the
            base knows nothing of it.
        calls: how many it carries; None where the cluster couldn't be asked.
        participants: of these calls; None likewise.
        load: CPU load, 0 to 100; None likewise.
        sees: what the base sees of it, in words.
    """

    in_service: bool | None
    generation: int | None
    calls: int | None
    participants: int | None
    load: float | None = None
    sees: str = ""


@dataclass(frozen=True)
class Unseen:
    """The base couldn't be asked, for `reason`."""

    reason: str


@dataclass(frozen=True)
class ClusterObservation:
    """The cluster as the base sees it.

    Attributes:
        nodes: by private address.
        drift: names of what the bucket's configuration holds otherwise than the stack wanted last;
            None where the bucket can't be read.
        version: the version that the base has; None when it isn't known.
        aside: versions that upgrades have put aside there.
        is_open: whether the base takes requests to the API: nothing else is asked there.
    """

    nodes: Mapping[str, NodeObservation] = field(default_factory=dict)
    drift: tuple[str, ...] | None = ()
    version: str | None = None
    aside: tuple[str, ...] = ()
    is_open: bool = True


Overview = ClusterObservation | Unseen


def find_mistakes(seen: Overview, main: str) -> list[Mistake]:
    """What the base's answer says is wrong in the configuration: a key that it doesn't know.

    Each command on a machine would fail with it, some of them after others.

    Args:
        seen: what the base says, or why it doesn't.
        main: name of who was asked.
    """
    if not isinstance(seen, Unseen):
        return []
    if AGENT_REFUSED in seen.reason:
        problem = "your SSH agent (ssh-add -l) has no key that the machines know"
        return [Mistake("sshAgent", problem, "ssh-add FILE, with a key that they know")]
    command = (
        "uv run openvidu-enterprise rotate-ssh-key, which lets it in; if they knew it "
        f"before: uv run openvidu-enterprise repair {main}"
    )
    problem = "is a key that the machines don't know yet, or have lost"
    return [Mistake("sshPrivateKey", problem, command)] if KEY_REFUSED in seen.reason else []


def ask(settings: Settings, previous: PreviousState) -> Overview:
    """Ask the base or master; where there's none yet there are no nodes."""
    if previous.base_host is None:
        return ClusterObservation()
    if previous.base_host_key is None:
        return Unseen("its SSH host key isn't in the state")
    try:
        done = run(
            "overview-master" if settings.main_role is MASTER else "overview",
            {
                **environment(MEMBERSHIP),
                **_base(settings, previous),
                **settings.ssh_variables,
                "CONNECT_SECONDS": "5",
                "RECONNECT_SECONDS": "0",
            },
            settings.ssh_private_keys,
            timeout=LIMIT_SECONDS,
        )
    except subprocess.TimeoutExpired:
        return Unseen(f"no answer within {LIMIT_SECONDS} s")
    if done.returncode:
        return Unseen(reason(done.stderr) or f"exit status {done.returncode}")
    return parse(done.stdout)


def _base(settings: Settings, previous: PreviousState) -> Mapping[str, str]:
    """How SSH gets to the base: as configured, where it's the machine that was deployed."""
    base, of_aws = previous.hosts.get(settings.main_role.name), {}
    if base is None:
        way = previous.way or STRAIGHT
        base = Host(previous.base_host or "", "", previous.base_host_key, way)
        of_aws = provider.variables(*config_of_stack("aws")) if way.ssm else {}
    elif settings.hosts and settings.hosts[0].is_same_machine(base):
        base = settings.hosts[0]
    return {
        "BASE_HOST": base.public_ip,
        "BASE_HOST_KEY": base.host_key or "",
        "BASE_SSH_WAY": base.way.as_text(),
        **of_aws,
    }


def reason(said: str) -> str:
    """Why the base can't be asked, of all that was said: what it means there isn't meant here.

    Args:
        said: standard error of the scripts and the program.
    """
    if lost := LOST.search(said):
        return lost[1]
    happened = [line for line in said.splitlines() if line.strip() and not line.startswith(" ")]
    return happened[-1].lstrip(": ") if happened else ""


def parse(text: str) -> Overview:
    """Read what `membership.pyz overview` prints."""
    try:
        told = json.loads(text)
        drift = told["drift"]
        nodes = {
            ip: NodeObservation(
                found["inService"],
                found["generation"],
                found["calls"],
                found["participants"],
                found.get("load"),
                found.get("sees", ""),
            )
            for ip, found in told["nodes"].items()
        }
        return ClusterObservation(
            nodes,
            None if drift is None else tuple(drift),
            told.get("version"),
            tuple(told.get("asideVersions", ())),
            told.get("isOpen") is not False,
        )
    except (ValueError, KeyError, TypeError, AttributeError):
        return Unseen("its answer isn't an overview")

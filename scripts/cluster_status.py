"""What `scripts.status` shows, put together from what machines say. Pure."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from components.aws.health import InstanceHealth, next_command
from openvidu.api import node_id
from openvidu.roles import MASTER, NODE, role_of
from scripts.fullness import Store
from scripts.problem import Problem

_MEMORY = re.compile(r"^Mem(Total|Available):\s+(\d+) kB", re.MULTILINE)
_DISK = re.compile(
    r"^(?:/dev/(?!loop|sr\d)\S+|[^/\s]+/\S+) +\d+ +\d+ +-?\d+ +(\d+)% (/.*)$", re.MULTILINE
)
"""A line of `df`; those of ZFS begin with a pool's name. Images and discs are always full."""
_CLOCK = re.compile(r"^clock (\d+)$", re.MULTILINE)
_CONTAINER = re.compile(
    r"^container (.*)\|(\w+)\|(\d+)\|(\S+?)(?:\|(\d+)\|([\w-]*)\|(\w*))?$", re.MULTILINE
)
_NO_CONTAINERS = "containers unknown"
_ENDED = ("exited", "dead")
_OFTEN, _LATELY_SECONDS = 3, 600
"""Docker waits up to a minute between starts, and counts on. Source: Docker, "Restart policies"."""
_FULL = 90
"""Percent. At 95 Elasticsearch takes nothing more, and a full disk stops the other services.
Source: Elasticsearch, "Cluster-level shard allocation", disk.watermark.flood_stage."""
_WHY = "Next: uv run openvidu-enterprise preflight, then: pulumi up"
_STATES = ("UP", "UNSTABLE", "DOWN")
SOON = timedelta(days=21)
"""Let's Encrypt renews 30 days before the end: what is left with less isn't renewed."""


@dataclass(frozen=True)
class Restarted:
    """A container that Docker has started again, as its restart policy says.

    Attributes:
        service: its name in the compose file.
        count: how often, since it was made.
        seconds: since its last start, on its machine's clock.
        is_down: whether Docker waits to start it once more.
    """

    service: str
    count: int
    seconds: int
    is_down: bool = False

    @property
    def is_ailing(self) -> bool:
        """Whether it goes on: one that has failed long ago is well."""
        return self.is_down or (self.count >= _OFTEN and self.seconds < _LATELY_SECONDS)

    def __str__(self) -> str:
        times = "once" if self.count == 1 else f"{self.count} times"
        state = "is down now" if self.is_down else f"last {self.seconds} s ago"
        return f"container {self.service} was restarted {times}, {state}"


@dataclass(frozen=True)
class Usage:
    """How busy a machine is.

    Attributes:
        cpu: its load of the last minute, in percent of its processors.
        memory: what is in use of its memory, in percent.
        disks: what is in use of its disks, of space or inodes, in percent by place.
        containers: those that Docker has started again; None where Docker doesn't say.
        ended: services whose container has ended, and should run.
    """

    cpu: int
    memory: int
    disks: Mapping[str, int] = field(default_factory=dict)
    containers: Sequence[Restarted] | None = ()
    ended: Sequence[str] = ()

    def ailing(self, machine: str, *, runs: bool = True) -> Sequence[Problem]:
        """Containers that don't stay up.

        Args:
            machine: its name.
            runs: whether OpenVidu should run there.
        """
        repair = f"uv run openvidu-enterprise repair {machine}"
        if self.containers is None:
            return [Problem("Docker doesn't say how its containers are", repair)]
        found = [Problem(f"not all of OpenVidu is running: {', '.join(self.ended)}", repair)]
        return [
            *(found if self.ended and runs else ()),
            *(
                Problem(
                    str(one),
                    f"uv run openvidu-enterprise logs {machine} --service {one.service} --tail 50",
                )
                for one in self.containers
                if one.is_ailing
            ),
        ]

    def full(self, machine: str) -> Sequence[Problem]:
        """Disks that are nearly full.

        Args:
            machine: its name.
        """
        there = f"uv run openvidu-enterprise ssh {machine} --"
        return [
            Problem(
                f"{percent} % of {place} is in use, of its space or its inodes; at 95 % "
                "Elasticsearch accepts no more data",
                f"{there} sudo docker image prune --all --force; to see what else fills "
                f"it: {there} 'sudo du -xh --max-depth=3 {shlex.quote(place)} | sort -h | "
                "tail'",
            )
            for place, percent in self.disks.items()
            if percent >= _FULL
        ]


@dataclass(frozen=True)
class Session:
    """A call.

    Attributes:
        id: as OpenVidu's API has it.
        participants: how many connections it has.
        since: when it was made.
    """

    id: str
    participants: int
    since: datetime

    def as_json(self) -> dict[str, Any]:
        """The call for scripts."""
        return {**asdict(self), "since": self.since.isoformat()}

    @classmethod
    def all_of(cls, told: Mapping[str, Any]) -> Sequence[Session] | None:
        """Those in what `membership.pyz overview` says, the oldest first; None where none are told.

        Args:
            told: of a node, or of a single master.
        """
        if told.get("sessions") is None:
            return None
        found = [
            cls(one["id"], one["participants"], datetime.fromtimestamp(one["created"], UTC))
            for one in told["sessions"]
        ]
        return sorted(found, key=lambda one: one.since)


@dataclass(frozen=True)
class MachineStatus:
    """One machine.

    Attributes:
        name: such as `node-1`.
        private_ip: its address in the cluster, where it is a node.
        state: `serving`, `draining`, `starting`, `left`, or for who carries no calls `up`; `no
            answer` where it can't be asked.
        health: what the cluster says of the node; None where it says nothing.
        version: of OpenVidu.
        calls, participants: what it carries; None where that isn't known.
        usage: how busy it is; None likewise.
        balanced: whether the load balancer leads there; None for who carries no calls.
        aws: how AWS says that its instance is; None where it says nothing.
        sessions: its calls, the oldest first; None likewise.
        host: its public address.
        urn: what `pulumi up --replace` takes for it.
        is_open: of a base or master, whether it takes requests; None of others, or where it isn't
            known.
        unfinished: whether it's a base or master whose services the last update should have
            started, and hasn't.
        since: when a node came into its state, as the base has noted it; None likewise.
    """

    name: str
    private_ip: str | None
    state: str
    health: str | None = None
    version: str | None = None
    calls: int | None = None
    participants: int | None = None
    usage: Usage | None = None
    balanced: bool | None = None
    aws: InstanceHealth | None = None
    sessions: Sequence[Session] | None = None
    host: str | None = None
    urn: str | None = None
    is_open: bool | None = None
    unfinished: bool = False
    since: datetime | None = None

    def as_json(self) -> dict[str, Any]:
        """The machine for scripts."""
        sessions = None if self.sessions is None else [one.as_json() for one in self.sessions]
        return {
            **asdict(self),
            "aws": str(self.aws) if self.aws else None,
            "sessions": sessions,
            "since": self.since.isoformat() if self.since else None,
        }

    @property
    def carries_calls(self) -> bool:
        """Whether it's a node or a master: the base and the bastion carry none."""
        return role_of(self.name) in (NODE, MASTER)

    def remarks(self, *, cluster_tells: bool) -> Iterator[str]:
        """What somebody has to do about it, and what to type.

        Args:
            cluster_tells: whether the cluster tells its health.
        """
        repair = f"Next: uv run openvidu-enterprise repair {self.name}"
        if self.usage:
            runs = self.state not in ("left", "draining", "starting")
            ailing = self.usage.ailing(self.name, runs=runs)
            for problem in (*self.usage.full(self.name), *ailing):
                yield f"{self.name}: {problem.said}. Next: {problem.next}"
        if self.aws and (self.aws.is_down or self.aws.events):
            yield f"AWS says of {self.name}: {self.aws}. Next: {next_command(self.name, self.aws)}"
        elif self.usage is None:
            yield f"{self.name} can't be reached over SSH. {repair}"
        elif self.is_open is False and not self.usage.ended:
            # A repair has nothing to start, or not what is wanted now.
            update = "The last update hasn't started its services. Next: pulumi up"
            following = update if self.unfinished else repair
            yield f"{self.name} accepts no requests: no connection to the API's port. {following}"
        if self.state == "serving":
            if self.balanced is False:
                yield f"{self.name} is serving, but isn't in the load balancer. Next: pulumi up"
            if cluster_tells and self.health is None:
                yield f"{self.name} should be serving, but the cluster doesn't list it. {repair}"
        elif self.state == "left":
            where = ", and is in the load balancer" if self.balanced else ""
            yield f"{self.name} has left the cluster{where}. Next: pulumi up"
        elif self.state == "draining" and cluster_tells and self.health is None:
            where = ", and is in the load balancer" if self.balanced else ""
            yield (
                f"{self.name} is draining, but the cluster doesn't list it{where}: "
                "whether its calls go on isn't known here. Next: pulumi up, which asks "
                "its machine"
            )
        elif self.balanced and self.state == "no answer":
            yield f"{self.name} is in the load balancer, but doesn't answer. {repair}"


@dataclass(frozen=True)
class Status:
    """A look at a deployment.

    Attributes:
        health: as the page shows it; None where nobody tells it.
        machines: each machine.
        certificate: when it expires; None where none was shown.
        balanced: private addresses that the load balancer leads to.
        drift: names in the bucket's configuration that aren't as the stack wants them; None where
            the bucket can't be read.
        reason: why the cluster couldn't be asked; None where it could.
        stores: how full the services of base or master are; none where they are AWS's.
        standbys: what AWS says of each standby, by name; empty where it says nothing.
    """

    health: Mapping[str, Any] | None
    machines: Sequence[MachineStatus]
    certificate: datetime | None
    balanced: Sequence[str] = ()
    drift: Sequence[str] | None = ()
    reason: str | None = None
    stores: Sequence[Store] = ()
    standbys: Mapping[str, str] = field(default_factory=dict)

    @property
    def is_well(self) -> bool:
        """Whether the cluster is UP, and nothing here needs somebody."""
        return self.state == "UP" and not self.remarks(datetime.now(UTC))

    @property
    def state(self) -> str:
        """The health in a word; empty where nobody tells it."""
        told = self.health or {}
        found = told.get("clusterStatus") or told.get("status")
        # The body of an error has a status too: a number.
        return found if found in _STATES else ""

    def health_at(self, ip: str) -> str | None:
        """What the cluster says of the node with an address; None where it lists none.

        Args:
            ip: the private one.
        """
        return _health_at(self.health, ip)

    def remarks(self, now: datetime) -> list[str]:
        """What somebody has to do, and what to type."""
        # A machine that is broken comes first: what is said of the whole comes from that.
        found = [told for one in self.machines for told in self.remarks_on(one)]
        why = "" if found else f" {_WHY}"
        if self.reason:
            reason = self.reason.partition("\n")[0].rstrip(".")
            found.append(f"The cluster can't be asked: {reason}.{why}")
        if self.state not in ("", "UP"):
            found.append(f"The cluster's health is {self.state}.{why}")
        elif not self.state and not self.reason:
            found.append(f"The cluster doesn't say how it is.{why}")
        found += self._without_media_nodes()
        found += [one.remark for one in self.stores if one.remark]
        for ip in self._strangers:
            found.append(
                f"{ip} is in the load balancer, but no node of this stack has it. Next: "
                "take it out, as OpenVidu's page says (Scale Down, step 2)"
            )
        if self.drift is None:
            found.append(f"The nodes' configuration in the bucket can't be read. {_WHY}")
        elif self.drift:
            names = ", ".join(self.drift)
            found.append(f"In the bucket {names} isn't the stack's. Next: pulumi preview")
        if self.certificate and self.certificate - now < SOON:
            days = (self.certificate - now).days
            when = f"expires in {days} days" if days >= 0 else "has expired"
            found.append(f"The certificate {when}: docs/runbook.md, 'A certificate expires'")
        return found

    def remarks_on(self, machine: MachineStatus) -> list[str]:
        """What somebody has to do about one of the machines."""
        return [*machine.remarks(cluster_tells=bool(self.health))]

    def _without_media_nodes(self) -> Iterator[str]:
        told = self.health or {}
        nodes = told.get("nodes") or {"the master": told}
        for name, node in nodes.items():
            if lost := node.get("disconnectedMediaNodes"):
                yield f"{name} has no connection to its media nodes: {', '.join(lost)}. {_WHY}"

    @property
    def _strangers(self) -> list[str]:
        """Addresses in the load balancer that no node has."""
        own = {one.private_ip for one in self.machines}
        return [ip for ip in self.balanced if ip not in own]

    def as_json(self) -> dict[str, Any]:
        """The look for scripts."""
        return {
            "state": self.state,
            "health": self.health,
            "loadBalancer": {"nodeIps": list(self.balanced)},
            "machines": {one.name: one.as_json() for one in self.machines},
            "standbys": dict(self.standbys),
            "certificateExpires": self.certificate.isoformat() if self.certificate else None,
            "services": {one.name: asdict(one) for one in self.stores},
            "drift": None if self.drift is None else list(self.drift),
            "remarks": self.remarks(datetime.now(UTC)),
        }


def parse_usage(text: str) -> Usage | None:
    """Read what `remote/machines.py` prints; None where it's something else."""
    lines = text.splitlines()
    memory = {name: int(value) for name, value in _MEMORY.findall(text)}
    try:
        cpu = float(lines[1].split()[0]) / int(lines[0])
        used = 1 - memory["Available"] / memory["Total"]
    except (IndexError, ValueError, KeyError, ZeroDivisionError):
        return None
    disks: dict[str, int] = {}
    for percent, place in _DISK.findall(text):
        disks[place] = max(int(percent), disks.get(place, 0))
    return Usage(round(100 * cpu), round(100 * used), disks, _restarted(text), _ended(text))


def _ended(text: str) -> Sequence[str]:
    """Services whose container has ended, but for those that have done their work.

    As in machine/containers.sh, `look`.
    """
    return tuple(
        service
        for service, status, _, _, code, policy, oneoff in _CONTAINER.findall(text)
        if service and status in _ENDED and oneoff.lower() != "true"
        if code not in ("", "0") or policy == "always"
    )


def _restarted(text: str) -> Sequence[Restarted] | None:
    clock = _CLOCK.search(text)
    if clock is None:
        return ()
    if _NO_CONTAINERS in text:
        return None
    try:
        return tuple(
            Restarted(
                service,
                int(count),
                int(int(clock[1]) - datetime.fromisoformat(started).timestamp()),
                status == "restarting",
            )
            for service, status, count, started, *_ in _CONTAINER.findall(text)
            if int(count) or status == "restarting"
        )
    except ValueError:
        return None


def main_status(
    name: str, version: str | None, usage: Usage | None, told: Mapping[str, Any]
) -> MachineStatus:
    """The base, the bastion, or a single master, which tells the calls of its media nodes.

    Args:
        name: such as `base`.
        version: of OpenVidu.
        usage: how busy it is; None where it doesn't answer.
        told: what `membership.pyz overview` says of the whole; empty where it says nothing.
    """
    return MachineStatus(
        name,
        None,
        "up" if usage else "no answer",
        version=version,
        calls=told.get("calls"),
        participants=told.get("participants"),
        usage=usage,
        sessions=Session.all_of(told),
        is_open=told.get("isOpen") if role_of(name).product.folder else None,
    )


def node_status(
    name: str,
    private_ip: str,
    version: str | None,
    usage: Usage | None,
    told: Mapping[str, Any],
) -> MachineStatus:
    """A node.

    Args:
        name: such as `node-1`.
        private_ip: its address in the cluster.
        version: of OpenVidu.
        usage: how busy it is; None where it doesn't answer.
        told: what `membership.pyz overview` says of the whole; empty where it says nothing.
    """
    seen = (told.get("nodes") or {}).get(private_ip) or {}
    return MachineStatus(
        name,
        private_ip,
        str(seen.get("phase") or ("unknown" if usage else "no answer")),
        _health_at(told.get("health"), private_ip),
        version,
        seen.get("calls"),
        seen.get("participants"),
        usage,
        seen.get("balanced"),
        sessions=Session.all_of(seen),
        since=datetime.fromtimestamp(seen["since"], UTC) if seen.get("since") else None,
    )


def _health_at(health: Mapping[str, Any] | None, ip: str) -> str | None:
    listed = (health or {}).get("nodes") or {}
    found: str | None = (listed.get(node_id(ip)) or {}).get("status")
    return found

"""What is seen of a machine from all sides: AWS, its console, SSH, its ports, the cluster."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from components.aws.arn import InstanceArn
from components.aws.health import InstanceHealth, Unasked, look
from components.cluster_observation import LIMIT_SECONDS, Unseen
from components.over_ssh import AGENT_REFUSED, KEY_REFUSED
from openvidu.roles import BASTION
from scripts.checks.finding import Result
from scripts.checks.reachable import tcp
from scripts.cluster_status import Usage, parse_usage
from scripts.memberships import Concluded, Membership
from scripts.pulumi_cli import PulumiError
from scripts.repairing.ladder import MachineObservation
from scripts.stack_machines import Machine

if TYPE_CHECKING:
    from mypy_boto3_ec2 import EC2Client

    from components.aws.provider_session import AwsSession

_ASK_SECONDS = 20.0
_CONSOLE_LINES, _CONSOLE_WIDTH = 6, 120


@dataclass(frozen=True)
class Patient:
    """A machine that is to be repaired, and how it's looked at.

    Attributes:
        machine: the machine.
        main: the one that the deployment begins with.
        membership: of a node; None for others.
        arn: of its EC2 instance; None for a machine that existed before.
        log_in: gives AWS as the provider sees it, in a region.
        https_port: where users come in.
        unfinished: whether an update has yet to start its services.
        adopted: whether its owner made that instance, and the stack has taken it over.
    """

    machine: Machine
    main: Machine
    membership: Membership | None
    arn: InstanceArn | None
    log_in: Callable[[str], AwsSession]
    https_port: int
    unfinished: bool = False
    adopted: bool = False

    @property
    def is_owners(self) -> bool:
        """Whether only its owner stops, starts and replaces it."""
        return self.arn is None or self.adopted

    def ec2(self) -> EC2Client:
        """A client of EC2, where its instance is."""
        assert self.arn  # noqa: S101 - only asked of instances
        client: EC2Client = self.log_in(self.arn.region).client("ec2")
        return client

    def look(self) -> MachineObservation:
        """Look at it from all sides, at once."""
        with ThreadPoolExecutor(4) as pool:
            aws = pool.submit(self.health)
            entered = pool.submit(self._ask, self.machine, "usage")
            told = pool.submit(self._ask, self.main, "overview", LIMIT_SECONDS)
            concluded = pool.submit(self._conclude)
            port = pool.submit(self._port)
            return self._seen(
                aws.result(), entered.result(), told.result(), concluded.result(), port.result()
            )

    def health(self) -> InstanceHealth | str | None:
        """How AWS says that its instance is; why that isn't known; None where it has none."""
        if self.arn is None:
            return None
        name = self.machine.name
        told = look({name: str(self.arn)}, self.log_in, [name] if self.adopted else ())
        if isinstance(told, Unasked):
            return told.reason
        return told.get(name, "it says nothing of it")

    def console(self) -> list[str]:
        """The last lines of its console; empty where there is none."""
        if self.arn is None:
            return []
        from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415

        try:
            told = self.ec2().get_console_output(InstanceId=self.arn.instance_id)
        except (BotoCoreError, ClientError):
            return []
        lines = [line.strip() for line in (told.get("Output") or "").splitlines() if line.strip()]
        return [line[:_CONSOLE_WIDTH] for line in lines[-_CONSOLE_LINES:]]

    def _ask(
        self, machine: Machine, action: str, seconds: float = _ASK_SECONDS
    ) -> str | PulumiError:
        try:
            return machine.ask(action, seconds)
        except PulumiError as error:
            return error

    def _conclude(self) -> Concluded | Unseen | None:
        """What all who can see the node say of it together; None of what is no node."""
        return self.membership.conclude() if self.membership else None

    def _port(self) -> bool | None:
        if self.membership or self.machine.role is BASTION:
            return None
        return tcp(self.machine, self.https_port).result is Result.OK

    def _seen(
        self,
        aws: InstanceHealth | str | None,
        entered: str | PulumiError,
        told: str | PulumiError,
        concluded: Concluded | Unseen | None,
        port: bool | None,
    ) -> MachineObservation:
        found, overview = self._by_itself(aws, entered, port), _overview(told)
        if isinstance(concluded, Unseen):
            line = f"cluster: the {self.main.name} can't be asked: {concluded.reason}"
            return replace(found, works=False, told=(*found.told, line))
        if self.membership and concluded:
            return _as_node(found, concluded, _nodes(overview).get(self.membership.private_ip))
        return _as_main(found, overview)

    def _by_itself(
        self, aws: InstanceHealth | str | None, entered: str | PulumiError, port: bool | None
    ) -> MachineObservation:
        """What is seen without the cluster: it works as far as its machine does."""
        lets_in = isinstance(entered, str)
        refuses = any(word in str(entered) for word in (KEY_REFUSED, AGENT_REFUSED))
        usage = parse_usage(entered) if isinstance(entered, str) else None
        full = usage.full(self.machine.name) if usage else ()
        ailing = self._ailing(usage)
        lines = [] if aws is None else [f"AWS: {aws}"]
        lines.append("SSH: lets in" if lets_in else f"SSH: {str(entered).partition(chr(10))[0]}")
        lines += [f"disk: {problem.said}" for problem in full]
        lines += [f"containers: {problem}" for problem in ailing]
        if port is not None:
            lines.append(f"port {self.https_port}: {'open' if port else 'no answer'}")
        return MachineObservation(
            self.machine.name,
            lets_in and port is not False and not ailing,
            aws,
            lets_in,
            port,
            told=tuple(lines),
            refuses_key=not lets_in and refuses,
            full=full[0].next if full else "",
            docker_is_dead=usage is not None and usage.containers is None,
            unfinished=self.unfinished,
            is_owners=self.is_owners,
        )

    def _ailing(self, usage: Usage | None) -> list[str]:
        """What doesn't run of Docker and OpenVidu, which a start of the services may bring back."""
        if usage is None or (usage.containers is not None and not usage.ended):
            return []
        return [usage.ailing(self.machine.name)[0].said]


def _as_node(
    found: MachineObservation, concluded: Concluded, own: Mapping[str, Any] | None
) -> MachineObservation:
    """A node, of which the base and others could be asked."""
    serves = concluded.conclusion == "serving" and bool(own and own.get("inService"))
    return replace(
        found,
        works=found.works and serves,
        conclusion=concluded.conclusion,
        calls=concluded.calls,
        told=(*found.told, f"cluster: {concluded.conclusion}: {concluded.told}"),
    )


def _as_main(found: MachineObservation, overview: Mapping[str, Any]) -> MachineObservation:
    """A base, master or bastion, which tells of the cluster itself."""
    closed = bool(found.role.product.folder) and overview.get("isOpen") is False
    status = (overview.get("health") or {}).get("clusterStatus", "told" if overview else "nothing")
    lines = (*(["the API's port: no connection"] if closed else ()), f"cluster: {status}")
    # A master carries calls itself.
    calls: list[Any] = [one.get("calls") for one in _nodes(overview).values() or [overview]]
    return replace(
        found,
        works=found.works and bool(overview) and not closed,
        calls=None if None in calls else sum(calls),
        told=(*found.told, *lines),
    )


def _nodes(overview: Mapping[str, Any]) -> Mapping[str, Mapping[str, Any]]:
    return overview.get("nodes") or {}


def _overview(told: str | PulumiError) -> Mapping[str, Any]:
    try:
        found: Mapping[str, Any] = {} if isinstance(told, PulumiError) else json.loads(told)
    except ValueError:
        return {}
    return found

"""The machines of a stack, as its state knows them, and how they are asked over SSH."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from components import resource_names, ssh_way
from components.aws.provider import VARIABLE
from components.over_ssh import LOST, MACHINES, environment, run, shell_environment
from components.resource_names import OWNERS_INSTANCE, ResourceName, node_number, of_urn
from openvidu.roles import BASE, MASTER, Role, role_of
from scripts.memberships import PROMPT, plain
from scripts.pulumi_cli import PulumiCli, PulumiError

_PARTS = ("version", "membership", "upgrade", "quiet")
"""Those of a machine's resources that know the way to it."""
_OLDER = "upgrade"
"""Where no upgrade is due it keeps the way of the last one, to a machine that may be gone."""
_HOST_KEY = "host-key"
"""Knows a new machine first: an update that fails after it leaves the others as they were."""
_FOR_ALL = ("SSH_USER", "SSH_AGENT", VARIABLE)
"""What is told of the way that is the same to all."""
_START = "start"
"""The last step on a base or master; a command that failed is in the state as to be made."""
_INSTANCE = "aws:ec2/instance:Instance"
_MACHINES = (_INSTANCE, "command:local:Command")
"""What a machine is, on AWS or where it exists already."""
_Found = TypeVar("_Found")


@dataclass(frozen=True)
class Machine:
    """A machine of a stack.

    Attributes:
        name: `base`, `master`, `bastion` or `node-1`, …
        host: its public address.
        variables: what scripts over SSH need to reach it.
        private_key: for SSH.
        version: of OpenVidu, as the last update left it; None where that isn't known.
    """

    name: str
    host: str
    variables: Mapping[str, str]
    private_key: str
    version: str | None = None

    @property
    def role(self) -> Role:
        """What it is for."""
        return role_of(self.name)

    def shell_environment(self, more: Mapping[str, str]) -> dict[str, str]:
        """The environment of a shell that carries out an action, beside what is usual.

        Args:
            more: what this action needs.
        """
        return shell_environment({**self.variables, **PROMPT, **more})

    @property
    def ssh(self) -> str:
        """The command with which somebody logs in there, for a shell."""
        way = ssh_way.from_text(self.variables.get("NODE_SSH_WAY", ""))
        return ssh_way.ssh_command(self.variables["SSH_USER"], self.host, way)

    def ask(self, action: str, limit: float | None = None, **more: str) -> str:
        """Carry out an action of `remote/machines.py`; returns what it printed.

        Raises:
            PulumiError: the machine doesn't answer, or says why it can't.
        """
        variables = {**self.variables, **PROMPT, **more}
        try:
            done = run(action, variables, self.private_key, timeout=limit)
        except subprocess.TimeoutExpired:
            raise PulumiError(f"{self.name}, {self.host}: no answer within {limit:g} s") from None
        if done.returncode:
            lost = LOST.search(done.stderr)
            said = f"can't be reached: {lost[1]}" if lost else done.stderr.strip()
            said = said or f"exit status {done.returncode}"
            raise PulumiError(f"{self.name}, {self.host}: {said}")
        return done.stdout

    def run(self, action: str, **more: str) -> int:
        """Carry out an action; what it prints is shown. Returns the exit status."""
        variables = {**self.variables, **PROMPT, **more}
        return run(action, variables, self.private_key, capture=False).returncode


def machines(exported: Mapping[str, Any]) -> dict[str, Machine]:
    """The machines in a state that was exported with its secrets shown, main machine first.

    Raises:
        PulumiError: there is none.
    """
    if found := there_in(exported):
        return found
    raise PulumiError("this stack has no machines yet.\n  Next: pulumi up")


def there_in(exported: Mapping[str, Any]) -> dict[str, Machine]:
    """The same; empty where there is none.

    Standbys aren't among them: nobody logs in to a machine that is stopped.
    """
    found: dict[str, Machine] = {}
    stopped = standbys_in(exported)
    versions: dict[str, str] = {}
    host_keys: dict[str, str] = {}
    for name, resource in _of_machines(exported):
        if name.part == _HOST_KEY and (key := _stdout(resource)):
            host_keys[name.machine] = key
        if name.part not in _PARTS or name.machine in stopped:
            continue
        inputs = {key: plain(value) for key, value in resource["inputs"].items()}
        variables = inputs.get("environment") or {}
        if "OPENVIDU_VERSION" in variables:
            versions[name.machine] = variables["OPENVIDU_VERSION"]
        prefix = "NODE" if name.node else "BASE"
        if name.part == _OLDER and name.machine in found:
            continue
        if f"{prefix}_HOST" in variables and "stdin" in inputs:
            found[name.machine] = reached_by(name.machine, prefix, variables, inputs["stdin"])
    return {
        machine: replace(
            one,
            variables={
                **one.variables,
                **({"NODE_HOST_KEY": host_keys[machine]} if machine in host_keys else {}),
            },
            version=versions.get(machine),
        )
        for machine, one in sorted(found.items(), key=lambda item: _order(item[0]))
    }


def _of_machines(
    exported: Mapping[str, Any],
) -> Iterator[tuple[ResourceName, Mapping[str, Any]]]:
    """What belongs to machines in a state, without what goes with the next update."""
    for resource in exported["deployment"].get("resources", ()):
        name = of_urn(resource["urn"])
        if name is not None and not resource.get("delete"):
            yield name, resource


def standbys_in(exported: Mapping[str, Any]) -> frozenset[str]:
    """The names of the standbys in a state that was exported."""
    return resource_names.standbys(name for name, _ in _of_machines(exported))


def outputs_of(exported: Mapping[str, Any]) -> Mapping[str, Any]:
    """The stack's outputs, in a state that was exported; empty where it has none."""
    for resource in exported["deployment"].get("resources", ()):
        if resource["type"] == "pulumi:pulumi:Stack":
            outputs: Mapping[str, Any] = resource.get("outputs") or {}
            return outputs
    return {}


def unfinished_in(exported: Mapping[str, Any]) -> frozenset[str]:
    """Bases and masters on which no update has ended well the start of the services.

    Since the machine was made, or since something changed what is started.

    Args:
        exported: a state that was exported with its secrets shown.
    """
    host_keys: dict[str, str] = {}
    started: dict[str, str] = {}
    for name, resource in _of_machines(exported):
        if name.part == _HOST_KEY:
            host_keys[name.machine] = _stdout(resource)
        if name.part == _START and not resource.get("pendingReplacement"):
            started[name.machine] = _host_key_of(resource["inputs"])
    there = {name for name, one in there_in(exported).items() if one.role in (BASE, MASTER)}
    return frozenset(
        name
        for name in there
        if name not in started or started[name] != host_keys.get(name, started[name])
    )


def instances_in(exported: Mapping[str, Any]) -> dict[str, str]:
    """ARNs of the EC2 instances in a state that was exported, by the machine's name."""
    return {
        name.machine: one["outputs"]["arn"]
        for name, one in _of_machines(exported)
        if one["type"] == _INSTANCE and "arn" in one.get("outputs", {})
    }


def owners_in(exported: Mapping[str, Any]) -> frozenset[str]:
    """The machines that their owner made and the stack has taken over, in such a state.

    They are the owner's to stop and start: their addresses may change.
    """
    return frozenset(
        name.machine for name, _ in _of_machines(exported) if name.part == OWNERS_INSTANCE
    )


def urns_in(exported: Mapping[str, Any]) -> dict[str, str]:
    """What `pulumi up --replace` takes for each machine, by name: on AWS its instance's URN."""
    return {
        name.machine: one["urn"]
        for one in exported["deployment"].get("resources", ())
        if (name := of_urn(one["urn"]))
        and not name.part
        and one["type"] in _MACHINES
        and not one.get("delete")
    }


def complete(incomplete: str) -> list[str]:
    """Names of machines of the selected stack, as a shell completes them; none where it can't."""
    try:
        exported = PulumiCli().export_state()
    except PulumiError:
        return []
    resources = exported["deployment"].get("resources", ())
    names = (of_urn(one["urn"]) for one in resources)
    found = {name.machine for name in names if name and name.part in _PARTS}
    return sorted((name for name in found if name.startswith(incomplete)), key=_order)


def complete_nodes(incomplete: str) -> list[str]:
    """Names of nodes alone, likewise."""
    return [name for name in complete(incomplete) if node_number(name)]


def named(there: Mapping[str, _Found], name: str) -> _Found:
    """The machine that was asked for.

    Raises:
        PulumiError: there's none of that name; names those that there are.
    """
    if name not in there:
        raise PulumiError(
            f"no machine of this stack is called {name!r}; there are: {', '.join(there)}"
        )
    return there[name]


def reached_by(name: str, prefix: str, variables: Mapping[str, str], private_key: str) -> Machine:
    """A machine, from the variables of a command that is told the way there.

    Args:
        name: the machine's.
        prefix: what the variables of that way begin with, `BASE` or `NODE`.
        variables: the command's.
        private_key: for SSH.
    """
    host = variables[f"{prefix}_HOST"]
    reached = {
        **environment(MACHINES),
        **{name: variables[name] for name in _FOR_ALL if name in variables},
        "NODE_NAME": name,
        "NODE_HOST": host,
        "NODE_HOST_KEY": variables[f"{prefix}_HOST_KEY"],
        "NODE_SSH_WAY": variables.get(f"{prefix}_SSH_WAY", ""),
        "FOLDER": role_of(name).product.folder,
    }
    return Machine(name, host, reached, private_key)


def _host_key_of(inputs: Mapping[str, Any]) -> str:
    """The host key by which a command knows its machine: pulumi-command's, or of a session's."""
    connection, variables = (plain(inputs.get(one)) or {} for one in ("connection", "environment"))
    return str(plain(connection.get("hostKey") or variables.get("NODE_HOST_KEY") or ""))


def _stdout(resource: Mapping[str, Any]) -> str:
    """What a command has printed; empty before it has ended."""
    return str(plain(resource.get("outputs", {}).get("stdout") or ""))


def _order(name: str) -> int:
    """Base, master or bastion first, then the nodes by number."""
    return node_number(name) or 0

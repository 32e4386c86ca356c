"""A lab for one run: new before it, gone after it, whatever happens."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from lab.bench import traced_provider
from lab.cloud import launch
from lab.directory import LabDirectory
from lab.engines import Engine
from lab.errors import LabError
from lab.stack import Stack
from lab.status import health_of, hosts_by_name
from openvidu.roles import BASE

_VCPUS_OF_A_MACHINE = 8


class FreshLab:
    """A lab with nothing in it, and room for so many nodes."""

    def __init__(self, directory: LabDirectory, engine: Engine, nodes: int) -> None:
        """Start it.

        Args:
            directory: the lab's files.
            engine: `pulumi` or `embedded`.
            nodes: how many nodes its AWS has to have quota for.
        """
        self._directory = directory
        self._nodes = nodes
        self.supervisor = launch.start(directory.path)
        self.stack = Stack(directory, self.supervisor, engine)
        # Who measures goes by what is printed.
        self.stack.verbose = True
        machines = nodes + 1
        self.supervisor.control.fault(
            "quota", addresses=machines, vcpus=machines * _VCPUS_OF_A_MACHINE
        )
        self._trace_providers()

    @property
    def trace(self) -> Path:
        """Where the providers note their calls."""
        return self._directory.path / "calls.jsonl"

    @property
    def programs(self) -> Path:
        """The folder of the providers' commands."""
        return self._directory.path / "bin"

    def configure(self) -> None:
        """Make the stack, from the example's configuration, with as many nodes as there's room."""
        self.stack.initialise()
        self.stack.set_config("nodeCount", str(self._nodes))

    def pulumi(self, *arguments: str) -> list[str]:
        """The command line of a `pulumi` command on the lab's stack."""
        return ["pulumi", *arguments, "--non-interactive", "--stack", self._directory.stack]

    def operate(self, *arguments: str) -> None:
        """Run an operator's command on the lab's stack.

        Args:
            arguments: what follows `openvidu-enterprise`.

        Raises:
            LabError: it ended with another status than 0.
        """
        options = ("--stack", self._directory.stack)
        self.stack.python("scripts.cli", *arguments, *options, quiet=True)

    def exported(self) -> str:
        """The stack's deployment, with secrets in plain text."""
        return self.stack.pulumi("stack", "export", "--show-secrets", quiet=True)

    def require_health(self, nodes: int | None = None) -> None:
        """Make sure that what was deployed works.

        Args:
            nodes: how many there should be; as many as there's room for, unless said otherwise.

        Raises:
            LabError: the cluster isn't up with all its nodes.
        """
        wanted = self._nodes if nodes is None else nodes
        base = hosts_by_name(self.stack).get("base")
        health = health_of(self.stack, base, BASE) if base else {}
        found = [one.get("status") for one in health.get("nodes", {}).values()]
        if health.get("clusterStatus") != "UP" or found != ["UP"] * wanted:
            raise LabError(
                f"lab '{self._directory.name}': expected a cluster that is UP with {wanted} "
                f"nodes, found {json.dumps(health)}"
            )

    def _trace_providers(self) -> None:
        """Have the providers note their calls; they're the same otherwise."""
        for name in traced_provider.PROVIDERS:
            # On the PATH it comes before the one that is installed.
            program = self.programs / f"pulumi-resource-{name}"
            program.write_text(
                f"#!/bin/sh\nexport {traced_provider.PROVIDER}={name}\n"
                f"export {traced_provider.TRACE}='{self.trace}'\n"
                f'exec "{sys.executable}" -m {traced_provider.__name__} "$@"\n'
            )
            program.chmod(0o755)


@contextmanager
def fresh_lab(name: str, engine: Engine, nodes: int) -> Iterator[FreshLab]:
    """A lab for the length of a `with`.

    Args:
        name: the lab's name; there must be no lab of that name.
        engine: `pulumi` or `embedded`.
        nodes: how many nodes it has to have room for.

    Raises:
        LabError: there is such a lab.
    """
    directory = LabDirectory.of(name)
    if directory.path.exists():
        raise LabError(
            f"there is a lab '{name}' already. Remove it: uv run lab --name {name} reset"
        )
    try:
        yield FreshLab(directory, engine, nodes)
    finally:
        if running := launch.find(directory.path):
            running.stop()
        directory.stack_config.unlink(missing_ok=True)
        launch.remove(directory.path)

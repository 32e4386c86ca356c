"""The same resources without engine and program: `python -m bench.bare_loop PARALLEL FOLDER`.

Reads a deployed stack, as `pulumi stack export --show-secrets` prints it, from standard input, and
creates its resources in this lab, which is another. It starts the same provider processes from
FOLDER, as the engine does, and calls their Create over gRPC with the inputs in the state, in the
order of dependencies, PARALLEL at a time. So the same AWS calls are made, and the same commands run
over SSH, at the machines' own pace. There are no registrations, checks, diffs, look-ups, state or
progress: what `up` takes longer than this is the program's and the engine's.
"""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

import grpc
from google.protobuf import json_format, struct_pb2
from pulumi.runtime.proto import provider_pb2, provider_pb2_grpc

from lab.bench import deployment
from lab.bench.deployment import Created, PreviousState
from lab.bench.in_order import run_in_order
from lab.bench.substitution import changes, merged, substituted
from lab.providers.base.serving import SERVER_OPTIONS

_END_SECONDS = 5.0


class Creates(Protocol):
    """What creates resources of one provider."""

    def create(self, resource: Created, inputs: dict[str, Any]) -> tuple[str, Any]:
        """Create a resource with these inputs; returns its id and outputs."""


class _Provider:
    """A provider's process, configured."""

    def __init__(self, folder: Path, package: str, config: dict[str, Any]) -> None:
        self._process = subprocess.Popen(
            [str(folder / f"pulumi-resource-{package}")],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            text=True,
        )
        self._package = package
        self._config = config

    def configure(self) -> None:
        """Wait until it serves, and hand it its configuration."""
        assert self._process.stdout is not None
        address = f"127.0.0.1:{self._process.stdout.readline().strip()}"
        self._channel = grpc.insecure_channel(address, options=SERVER_OPTIONS)
        self._stub = provider_pb2_grpc.ResourceProviderStub(self._channel)
        variables = {
            f"{self._package}:config:{key}": str(value) for key, value in self._config.items()
        }
        self._stub.Configure(
            provider_pb2.ConfigureRequest(args=_struct(self._config), variables=variables)
        )

    def create(self, resource: Created, inputs: dict[str, Any]) -> tuple[str, Any]:
        """Create a resource; returns its id and outputs."""
        answer = self._stub.Create(
            provider_pb2.CreateRequest(
                urn=resource.urn,
                name=resource.urn.rpartition("::")[2],
                type=resource.type,
                properties=_struct(inputs),
            )
        )
        return answer.id, deployment.plain(json_format.MessageToDict(answer.properties))

    def end(self) -> None:
        """End the process."""
        self._channel.close()
        self._process.terminate()
        self._process.wait(_END_SECONDS)


def _struct(values: dict[str, Any]) -> struct_pb2.Struct:
    return json_format.ParseDict(values, struct_pb2.Struct())


def create(deployed: PreviousState, providers: Mapping[str, Creates], parallel: int) -> None:
    """Create a stack's resources anew, in the order of their dependencies.

    Args:
        deployed: the stack.
        providers: by name.
        parallel: how many resources at a time.
    """
    resources = {one.urn: one for one in deployed.resources}
    made: dict[str, dict[str, set[str]]] = {}
    lock = threading.Lock()

    def one(urn: str) -> None:
        resource = resources[urn]
        with lock:
            changed = merged(made[dependency] for dependency in resource.dependencies)
        inputs = substituted(resource.inputs, changed, urn.rpartition("::")[2])
        found = providers[resource.package].create(resource, inputs)
        with lock:
            made[urn] = changes([resource.id, resource.outputs], [*found])

    run_in_order(deployed.dependencies, one, parallel)


def main(parallel: int, folder: Path) -> None:
    """Create what standard input says."""
    deployed = deployment.read(sys.stdin.read())
    used = {one.package for one in deployed.resources}
    providers = {
        package: _Provider(folder, package, config)
        for package, config in deployed.providers.items()
        if package in used
    }
    for provider in providers.values():
        provider.configure()
    create(deployed, providers, parallel)
    for provider in providers.values():
        provider.end()


if __name__ == "__main__":
    main(int(sys.argv[1]), Path(sys.argv[2]))

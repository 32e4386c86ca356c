"""A small engine: drives the aws provider over gRPC as Pulumi does."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import grpc
from google.protobuf import empty_pb2
from pulumi.runtime.proto import provider_pb2, provider_pb2_grpc

from lab.providers.base import decode, encode

State = dict[str, Any]


def urn_of(token: str, name: str) -> str:
    return f"urn:pulumi:test::program::{token}::{name}"


class CheckError(Exception):
    """The provider refused inputs."""

    def __init__(self, failures: dict[str, str]) -> None:
        super().__init__(str(failures))
        self.failures = failures


@dataclass
class Resource:
    """A resource as an engine's state holds it."""

    token: str
    name: str
    id: str
    inputs: State
    outputs: State

    @property
    def urn(self) -> str:
        return urn_of(self.token, self.name)


@dataclass(frozen=True)
class Diff:
    """What the provider says that new inputs change."""

    paths: frozenset[str]
    replaces: frozenset[str]
    deletes_first: bool


@dataclass
class Driver:
    """Calls of one provider; each is of another update, unless there's a seed."""

    channel: grpc.Channel
    seed: bytes = b""
    stub: provider_pb2_grpc.ResourceProviderStub = field(init=False)

    def __post_init__(self) -> None:
        self.stub = provider_pb2_grpc.ResourceProviderStub(self.channel)

    def configure(self, **args: Any) -> None:
        self.stub.Configure(
            provider_pb2.ConfigureRequest(
                args=encode({"region": "eu-west-1", **args}), acceptSecrets=True
            )
        )

    def check(
        self, token: str, name: str, inputs: Mapping[str, Any], before: State | None = None
    ) -> State:
        answer = self.stub.Check(
            provider_pb2.CheckRequest(
                urn=urn_of(token, name),
                olds=encode(before or {}),
                news=encode(inputs),
                randomSeed=self.seed or secrets.token_bytes(16),
            )
        )
        if answer.failures:
            raise CheckError({each.property: each.reason for each in answer.failures})
        return decode(answer.inputs)

    def create(self, token: str, name: str, /, **inputs: Any) -> Resource:
        checked = self.check(token, name, inputs)
        answer = self.stub.Create(
            provider_pb2.CreateRequest(urn=urn_of(token, name), properties=encode(checked))
        )
        return Resource(token, name, answer.id, checked, decode(answer.properties))

    def preview_create(self, token: str, name: str, /, **inputs: Any) -> State:
        checked = self.check(token, name, inputs)
        answer = self.stub.Create(
            provider_pb2.CreateRequest(
                urn=urn_of(token, name), properties=encode(checked), preview=True
            )
        )
        assert answer.id == ""
        return decode(answer.properties)

    def diff(self, resource: Resource, ignore: tuple[str, ...] = (), **inputs: Any) -> Diff:
        checked = self.check(resource.token, resource.name, inputs, resource.inputs)
        answer = self.stub.Diff(
            provider_pb2.DiffRequest(
                id=resource.id,
                urn=resource.urn,
                olds=encode(resource.outputs),
                old_inputs=encode(resource.inputs),
                news=encode(checked),
                ignoreChanges=ignore,
            )
        )
        assert bool(answer.detailedDiff) == (answer.changes == provider_pb2.DiffResponse.DIFF_SOME)
        return Diff(
            frozenset(answer.detailedDiff), frozenset(answer.replaces), answer.deleteBeforeReplace
        )

    def update(self, resource: Resource, **inputs: Any) -> None:
        resource.inputs, resource.outputs = self._update(resource, inputs, preview=False)

    def preview_update(self, resource: Resource, **inputs: Any) -> State:
        return self._update(resource, inputs, preview=True)[1]

    def _update(self, resource: Resource, inputs: State, *, preview: bool) -> tuple[State, State]:
        """Update a resource, or preview that; its inputs and outputs then."""
        checked = self.check(resource.token, resource.name, inputs, resource.inputs)
        answer = self.stub.Update(
            provider_pb2.UpdateRequest(
                id=resource.id,
                urn=resource.urn,
                olds=encode(resource.outputs),
                old_inputs=encode(resource.inputs),
                news=encode(checked),
                preview=preview,
            )
        )
        return checked, decode(answer.properties)

    def read(self, resource: Resource) -> Resource | None:
        answer = self.stub.Read(
            provider_pb2.ReadRequest(
                id=resource.id,
                urn=resource.urn,
                properties=encode(resource.outputs),
                inputs=encode(resource.inputs),
            )
        )
        if not answer.id:
            return None
        return Resource(
            resource.token,
            resource.name,
            answer.id,
            decode(answer.inputs),
            decode(answer.properties),
        )

    def delete(self, resource: Resource, timeout: float = 5) -> None:
        self.stub.Delete(
            provider_pb2.DeleteRequest(
                id=resource.id,
                urn=resource.urn,
                properties=encode(resource.outputs),
                timeout=timeout,
            )
        )

    def invoke(self, token: str, /, **args: Any) -> State:
        answer = self.stub.Invoke(provider_pb2.InvokeRequest(tok=token, args=encode(args)))
        if answer.failures:
            raise CheckError({each.property: each.reason for each in answer.failures})
        return decode(getattr(answer, "return"))

    def cancel(self) -> None:
        self.stub.Cancel(empty_pb2.Empty())

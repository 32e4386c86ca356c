"""A tiny engine for one provider process: starts it, speaks ResourceProvider, keeps its log."""

from __future__ import annotations

import os
import subprocess
import threading
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import grpc
import pytest
from google.protobuf import empty_pb2, json_format, struct_pb2
from pulumi.runtime.proto import engine_pb2, engine_pb2_grpc, provider_pb2, provider_pb2_grpc

from .values import Properties, canonical

LOCAL = "command:local:Command"
REMOTE = "command:remote:Command"

Failures = list[tuple[str, str]]


@dataclass(frozen=True)
class Line:
    """One log message as the engine got it."""

    severity: str
    message: str
    urn: str
    ephemeral: bool


class Engine(engine_pb2_grpc.EngineServicer):
    """Keeps what a provider logs."""

    def __init__(self) -> None:
        self.lines: list[Line] = []
        self._arrived = threading.Condition()

    def Log(self, request: engine_pb2.LogRequest, context: object) -> empty_pb2.Empty:  # noqa: N802
        severity = engine_pb2.LogSeverity.Name(request.severity)
        line = Line(severity, request.message, request.urn, request.ephemeral)
        with self._arrived:
            self.lines.append(line)
            self._arrived.notify_all()
        return empty_pb2.Empty()

    @property
    def messages(self) -> list[str]:
        return [line.message for line in self.lines]

    def wait_for(self, message: str, seconds: float = 5) -> Line:
        def found() -> Line | None:
            return next((line for line in self.lines if message in line.message), None)

        with self._arrived:
            line = self._arrived.wait_for(found, seconds)
        assert line, f"no log message with {message!r} in {seconds} s; got {self.messages}"
        return line


@dataclass
class Provider:
    """One running provider with its engine."""

    process: subprocess.Popen[bytes]
    stub: provider_pb2_grpc.ResourceProviderStub
    engine: Engine
    pool: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(8))

    def check(
        self, type_: str, news: Properties, olds: Properties | None = None
    ) -> tuple[Properties, Failures]:
        request = provider_pb2.CheckRequest(
            urn=urn(type_), olds=struct(olds or {}), news=struct(news)
        )
        answer = self.stub.Check(request)
        return plain(answer.inputs), _failures(answer.failures)

    def checked(self, type_: str, **news: Any) -> Properties:
        inputs, failures = self.check(type_, news)
        assert failures == []
        return inputs

    def diff(
        self,
        type_: str,
        old_inputs: Properties,
        news: Properties,
        *,
        olds: Properties | None = None,
        ignore: Sequence[str] = (),
    ) -> provider_pb2.DiffResponse:
        request = provider_pb2.DiffRequest(
            id="id",
            urn=urn(type_),
            olds=struct(olds or {}),
            old_inputs=struct(old_inputs),
            news=struct(news),
            ignoreChanges=list(ignore),
        )
        return self.stub.Diff(request)

    def create(
        self, type_: str, inputs: Properties, *, preview: bool = False, timeout: float = 0
    ) -> tuple[str, Properties]:
        request = provider_pb2.CreateRequest(
            urn=urn(type_), properties=struct(inputs), preview=preview, timeout=timeout
        )
        answer = self.stub.Create(request)
        return answer.id, plain(answer.properties)

    def created(self, type_: str, **inputs: Any) -> Properties:
        return self.create(type_, inputs)[1]

    def start_create(self, type_: str, **inputs: Any) -> Future[Properties]:
        return self.pool.submit(self.created, type_, **inputs)

    def update(
        self,
        type_: str,
        olds: Properties,
        news: Properties,
        *,
        preview: bool = False,
        ignore: Sequence[str] = (),
    ) -> Properties:
        request = provider_pb2.UpdateRequest(
            id="id",
            urn=urn(type_),
            olds=struct(olds),
            news=struct(news),
            preview=preview,
            ignoreChanges=list(ignore),
        )
        return plain(self.stub.Update(request).properties)

    def delete(self, type_: str, state: Properties) -> None:
        self.stub.Delete(
            provider_pb2.DeleteRequest(id="id", urn=urn(type_), properties=struct(state))
        )

    def read(self, type_: str, state: Properties, inputs: Properties) -> Properties:
        request = provider_pb2.ReadRequest(
            id="id", urn=urn(type_), properties=struct(state), inputs=struct(inputs)
        )
        return plain(self.stub.Read(request).properties)

    def invoke(self, token: str, **args: Any) -> tuple[Properties, Failures]:
        answer = self.stub.Invoke(provider_pb2.InvokeRequest(tok=token, args=struct(args)))
        return plain(getattr(answer, "return")), _failures(answer.failures)

    def cancel(self) -> None:
        self.stub.Cancel(empty_pb2.Empty())


def urn(type_: str) -> str:
    return f"urn:pulumi:stack::project::{type_}::thing"


def struct(properties: Mapping[str, Any]) -> struct_pb2.Struct:
    return json_format.ParseDict(dict(properties), struct_pb2.Struct())


def plain(properties: struct_pb2.Struct) -> Properties:
    value: Properties = canonical(json_format.MessageToDict(properties))
    return value


def _failures(failures: Sequence[provider_pb2.CheckFailure]) -> Failures:
    return sorted((failure.property, failure.reason) for failure in failures)


@contextmanager
def failing() -> Iterator[list[str]]:
    """Expect the provider to answer with an error; its message arrives in the list."""
    messages: list[str] = []
    with pytest.raises(grpc.RpcError) as caught:
        yield messages
    messages.append(caught.value.details())


@contextmanager
def running(argv: Sequence[str]) -> Iterator[Provider]:
    """Start the provider under a fresh engine, in a process group of its own; end both."""
    engine = Engine()
    server = grpc.server(ThreadPoolExecutor(4))
    engine_pb2_grpc.add_EngineServicer_to_server(engine, server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    process = subprocess.Popen(
        [*argv, f"127.0.0.1:{port}"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env={**os.environ, "SSH_AUTH_SOCK": ""},
        start_new_session=True,
    )
    try:
        assert process.stdout is not None
        address = f"127.0.0.1:{int(process.stdout.readline())}"
        with grpc.insecure_channel(address) as channel:
            stub = provider_pb2_grpc.ResourceProviderStub(channel)
            stub.Configure(
                provider_pb2.ConfigureRequest(
                    args=struct({}),
                    acceptSecrets=True,
                    sends_old_inputs=True,
                    sends_old_inputs_to_delete=True,
                )
            )
            provider = Provider(process, stub, engine)
            yield provider
            provider.pool.shutdown(wait=False, cancel_futures=True)
    finally:
        process.kill()
        process.wait()
        server.stop(0)

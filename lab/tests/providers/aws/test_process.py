"""The provider as an engine starts it: a process that prints its port."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import grpc
import pytest
from google.protobuf import empty_pb2
from pulumi.runtime.proto import (
    engine_pb2,
    engine_pb2_grpc,
    plugin_pb2,
    provider_pb2,
    provider_pb2_grpc,
)

from lab.providers.base import EngineLog

ARGV = [sys.executable, "-m", "lab.providers.aws"]
Start = Callable[..., "subprocess.Popen[bytes]"]


@pytest.fixture
def start() -> Iterator[Start]:
    started: list[subprocess.Popen[bytes]] = []

    def run(*arguments: str, stdin: int = subprocess.PIPE) -> subprocess.Popen[bytes]:
        process = subprocess.Popen([*ARGV, *arguments], stdin=stdin, stdout=subprocess.PIPE)
        started.append(process)
        return process

    yield run
    for process in started:
        process.kill()
        process.wait()


def port_of(process: subprocess.Popen[bytes]) -> int:
    assert process.stdout is not None
    return int(process.stdout.readline())


def test_it_serves_on_the_port_that_it_prints(start: Start) -> None:
    with grpc.insecure_channel(f"127.0.0.1:{port_of(start('127.0.0.1:1'))}") as channel:
        stub = provider_pb2_grpc.ResourceProviderStub(channel)
        shake = stub.Handshake(provider_pb2.ProviderHandshakeRequest(engine_address="127.0.0.1:1"))
        assert shake.accept_secrets
        assert stub.GetPluginInfo(empty_pb2.Empty()).version == "7.51.1"
        stub.Attach(plugin_pb2.PluginAttach(address="127.0.0.1:1"))
        answer = stub.Configure(provider_pb2.ConfigureRequest())
        assert answer.acceptSecrets
        assert answer.supportsPreview


def test_it_ends_when_its_input_ends(start: Start) -> None:
    process = start("127.0.0.1:1")
    port_of(process)
    assert process.stdin is not None
    process.stdin.close()
    assert process.wait(10) == 0


def test_it_ends_when_it_is_asked_to(start: Start) -> None:
    process = start("127.0.0.1:1", stdin=subprocess.DEVNULL)
    port_of(process)
    assert process.poll() is None
    process.send_signal(signal.SIGTERM)
    assert process.wait(10) == 0


def test_it_ends_when_its_parent_is_killed() -> None:
    parent = subprocess.Popen(
        [
            sys.executable,
            "-c",
            "import subprocess, sys, time\n"
            f"child = subprocess.Popen({ARGV!r}, stdin=subprocess.DEVNULL)\n"
            "print(child.pid, flush=True)\n"
            "time.sleep(60)\n",
        ],
        stdout=subprocess.PIPE,
    )
    assert parent.stdout is not None
    lines = sorted((parent.stdout.readline(), parent.stdout.readline()))
    assert len(lines) == 2
    parent.kill()
    parent.wait()
    # The pipe ends when its last holder, the provider, has gone.
    assert parent.stdout.read() == b""


def test_messages_reach_the_engine_in_order() -> None:
    received: list[engine_pb2.LogRequest] = []

    class Engine(engine_pb2_grpc.EngineServicer):
        def Log(self, request: engine_pb2.LogRequest, context: object) -> empty_pb2.Empty:  # noqa: N802
            received.append(request)
            return empty_pb2.Empty()

    server = grpc.server(ThreadPoolExecutor(1))
    engine_pb2_grpc.add_EngineServicer_to_server(Engine(), server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    log = EngineLog(f"127.0.0.1:{port}")
    log.status("waiting for 4 s", "urn:node-1")
    log.warning("slow")
    log.flush()
    assert [(each.message, each.urn, each.ephemeral) for each in received] == [
        ("waiting for 4 s", "urn:node-1", True),
        ("slow", "", False),
    ]
    server.stop(0)

"""A policy pack for the CLI, which tells the stack's configuration to a pack that already serves.

Python's packs read it from their environment as they start. So what serves at first is this proxy:
it starts the pack with the configuration, and then hands on every call.

Source: pulumi, sdk/policy_proxy.go.
"""

from __future__ import annotations

import json
import queue
import subprocess
import threading
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import IO, Any, Final, Literal

import grpc
from pulumi.runtime.proto import analyzer_pb2

from lab.reference.policy_pack import pack_command, pack_environment

Said = tuple[Literal["stdout", "stderr", "exitcode"], Any]
"""What the language host tells of a pack: a line in bytes, or at the end its exit status."""
_CALLS: Final = "/pulumirpc.Analyzer/"
_THREADS: Final = 16
_GRACE_SECONDS: Final = 5.0


class PackProxy:
    """One policy pack.

    Args:
        python: the interpreter that runs it.
        folder: the pack's.
        arguments: what the CLI gives a plugin: the engine's address, first or last.
        environment: variables of the pack's process.
    """

    def __init__(
        self,
        python: Path,
        folder: Path,
        arguments: Sequence[str],
        environment: Mapping[str, str],
    ) -> None:
        self._command = pack_command(python, arguments, folder)
        self._folder = folder
        self._environment = environment
        self._configured: Future[analyzer_pb2.AnalyzerStackConfigureRequest | None] = Future()
        self._channel: Future[grpc.Channel] = Future()
        self._said: queue.Queue[Said] = queue.Queue()
        self._process: subprocess.Popen[bytes] | None = None
        self._stopped = False

    def run(self) -> Iterator[Said]:
        """Serve, start the pack once its configuration is known, and tell what it prints."""
        server = grpc.server(ThreadPoolExecutor(_THREADS), handlers=[_Handlers(self)])
        port = server.add_insecure_port("127.0.0.1:0")
        server.start()
        try:
            yield "stdout", f"{port}\n".encode()
            self._start(self._configured.result())
            yield from iter(self._said.get, ("exitcode", None))
        finally:
            # Who asks meanwhile is still told why.
            server.stop(_GRACE_SECONDS).wait()

    def stop(self) -> None:
        """End the pack, or never start it."""
        self._stopped = True
        self._settle(None)
        if self._process is not None:
            self._process.kill()

    def answer(self, call: str, request: bytes, context: grpc.ServicerContext) -> bytes:
        """Answer a call, as the pack does once it runs."""
        if call == "Handshake":
            return b""
        if call == "ConfigureStack":
            self._settle(analyzer_pb2.AnalyzerStackConfigureRequest.FromString(request))
            return b""
        self._settle(None)
        return self._ask(call, request, context)

    def _settle(self, configuration: analyzer_pb2.AnalyzerStackConfigureRequest | None) -> None:
        if not self._configured.done():
            self._configured.set_result(configuration)

    def _ask(self, call: str, request: bytes, context: grpc.ServicerContext) -> bytes:
        try:
            ask: Any = self._channel.result().unary_unary(_CALLS + call)
            answer: bytes = ask(request, wait_for_ready=True)
        except grpc.RpcError as error:
            failed: Any = error
            context.abort(failed.code(), failed.details())
            raise
        except ConnectionError as error:
            context.abort(grpc.StatusCode.UNAVAILABLE, str(error))
            raise
        return answer

    def _start(self, configuration: analyzer_pb2.AnalyzerStackConfigureRequest | None) -> None:
        if self._stopped:
            self._channel.set_exception(ConnectionError("the policy pack was never started"))
            self._said.put(("exitcode", None))
            return
        told = {} if configuration is None else _told(configuration)
        self._process = subprocess.Popen(
            self._command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            cwd=self._folder,
            env={**self._environment, **told},
        )
        threading.Thread(target=self._read, args=(self._process,), daemon=True).start()

    def _read(self, process: subprocess.Popen[bytes]) -> None:
        assert process.stdout is not None  # noqa: S101 - it is a pipe
        assert process.stderr is not None  # noqa: S101 - likewise
        errors = threading.Thread(target=self._relay, args=(process.stderr, "stderr"), daemon=True)
        errors.start()
        port = process.stdout.readline().strip()
        if port.isdigit():
            self._channel.set_result(grpc.insecure_channel(f"127.0.0.1:{port.decode()}"))
        else:
            self._said.put(("stderr", port + b"\n"))
            self._channel.set_exception(ConnectionError("the policy pack ended as it started"))
        self._relay(process.stdout, "stdout")
        errors.join()
        self._said.put(("exitcode", process.wait()))
        self._said.put(("exitcode", None))

    def _relay(self, stream: IO[bytes], name: Literal["stdout", "stderr"]) -> None:
        for line in stream:
            self._said.put((name, line))


def _told(configuration: analyzer_pb2.AnalyzerStackConfigureRequest) -> dict[str, str]:
    return pack_environment(
        configuration.project,
        configuration.stack,
        json.dumps(dict(configuration.config)),
        preview=configuration.dry_run,
    )


class _Handlers(grpc.GenericRpcHandler):
    """Every call of a policy pack, as bytes."""

    def __init__(self, proxy: PackProxy) -> None:
        self._proxy = proxy

    def service(
        self, handler_call_details: grpc.HandlerCallDetails
    ) -> grpc.RpcMethodHandler[bytes, bytes]:
        """The handler of a call."""
        call = handler_call_details.method.removeprefix(_CALLS)

        def answer(request: bytes, context: grpc.ServicerContext) -> bytes:
            return self._proxy.answer(call, request, context)

        return grpc.unary_unary_rpc_method_handler(answer)

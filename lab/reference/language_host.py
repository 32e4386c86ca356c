"""The language host for Python that the CLI runs: starts the program, and policy packs.

Pulumi's own is written in Go, and comes with a CLI that is installed from Pulumi. This one does the
same for one project on one machine: it takes the environment as it is, without `uv sync` or pip.
The program is run by Pulumi's own executor.

Source: pulumi, sdk/python/cmd/pulumi-language-python/main.go.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

import grpc
from google.protobuf import empty_pb2, json_format
from pulumi.runtime.proto import language_pb2, language_pb2_grpc, plugin_pb2

from lab.engine.plugin.required import required_packages
from lab.engine.project.project import python_of
from lab.reference.pack_proxy import PackProxy

_SHOWN: Final = 32
"""The executor's exit status where the engine has shown already what went wrong."""
_GRACE_SECONDS: Final = 5.0
_UNLIMITED: Final = [("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1)]
_THREADS: Final = 32


class LanguageHost(language_pb2_grpc.LanguageRuntimeServicer):
    """Runs programs and policy packs with the interpreter that their project names.

    Args:
        executor: Pulumi's script that runs a program.
        engine: address of the engine's own service.
    """

    def __init__(self, executor: Path, engine: str) -> None:
        self._executor = executor
        self._engine = engine
        self._running: set[subprocess.Popen[bytes]] = set()

    def Handshake(  # noqa: N802
        self, request: language_pb2.LanguageHandshakeRequest, context: grpc.ServicerContext
    ) -> language_pb2.LanguageHandshakeResponse:
        """Greet."""
        del request, context
        return language_pb2.LanguageHandshakeResponse()

    def GetPluginInfo(  # noqa: N802
        self, request: empty_pb2.Empty, context: grpc.ServicerContext
    ) -> plugin_pb2.PluginInfo:
        """Tell nothing: the version that is of interest is the CLI's."""
        del request, context
        return plugin_pb2.PluginInfo()

    def GetRequiredPackages(  # noqa: N802
        self, request: language_pb2.GetRequiredPackagesRequest, context: grpc.ServicerContext
    ) -> language_pb2.GetRequiredPackagesResponse:
        """Name the providers that the project has packages for."""
        del context
        packages = [
            plugin_pb2.PackageDependency(name=one.name, version=one.version, kind="resource")
            for one in required_packages(_python(request.info))
        ]
        return language_pb2.GetRequiredPackagesResponse(packages=packages)

    def About(  # noqa: N802
        self, request: language_pb2.AboutRequest, context: grpc.ServicerContext
    ) -> language_pb2.AboutResponse:
        """Tell which Python runs the program."""
        del context
        python = _python(request.info)
        command = [str(python), "-c", "import platform; print(platform.python_version())"]
        version = subprocess.run(command, capture_output=True, text=True, check=True).stdout
        return language_pb2.AboutResponse(executable=str(python), version=version.strip())

    def GetProgramDependencies(  # noqa: N802
        self, request: language_pb2.GetProgramDependenciesRequest, context: grpc.ServicerContext
    ) -> language_pb2.GetProgramDependenciesResponse:
        """List nothing: `uv tree` does."""
        del request, context
        return language_pb2.GetProgramDependenciesResponse()

    def Run(  # noqa: N802
        self, request: language_pb2.RunRequest, context: grpc.ServicerContext
    ) -> language_pb2.RunResponse:
        """Run the program to its end."""
        process = subprocess.Popen(
            [str(_python(request.info)), str(self._executor), *self._arguments(request)],
            stdin=subprocess.DEVNULL,
            env={
                **os.environ,
                "PULUMI_CONFIG": json.dumps(dict(request.config)),
                "PULUMI_CONFIG_SECRET_KEYS": json.dumps(list(request.configSecretKeys)),
            },
        )
        self._running.add(process)
        # The engine gives a request up when the deployment has failed or was interrupted.
        context.add_callback(lambda: _interrupt(process))
        status = process.wait()
        self._running.discard(process)
        if status == _SHOWN:
            return language_pb2.RunResponse(bail=True)
        error = f"program exited with non-zero exit code: {status}" if status else ""
        return language_pb2.RunResponse(error=error)

    def RunPlugin(  # noqa: N802
        self, request: language_pb2.RunPluginRequest, context: grpc.ServicerContext
    ) -> Iterator[language_pb2.RunPluginResponse]:
        """Run a policy pack, and tell what it prints."""
        if request.kind != "analyzer":
            context.abort(grpc.StatusCode.UNIMPLEMENTED, f"no plugin of kind {request.kind!r}")
        folder = Path(request.info.program_directory)
        environment = dict(entry.split("=", 1) for entry in request.env)
        pack = PackProxy(_python(request.info), folder, list(request.args), environment)
        context.add_callback(pack.stop)
        for channel, data in pack.run():
            yield language_pb2.RunPluginResponse(**{channel: data})

    def Cancel(  # noqa: N802
        self, request: empty_pb2.Empty, context: grpc.ServicerContext
    ) -> empty_pb2.Empty:
        """Interrupt what runs."""
        del request, context
        self.interrupt()
        return empty_pb2.Empty()

    def interrupt(self) -> None:
        """Have the programs that run end."""
        for process in [*self._running]:
            _interrupt(process)

    def _arguments(self, request: language_pb2.RunRequest) -> list[str]:
        named = {
            "monitor": request.monitor_address,
            "engine": self._engine,
            "project": request.project,
            "root_directory": request.info.root_directory,
            "stack": request.stack,
            "pwd": request.pwd,
            "dry_run": "true" if request.dryRun else "false",
            "parallel": str(request.parallel),
            "organization": request.organization,
        }
        options = [word for name, value in named.items() if value for word in (f"--{name}", value)]
        return [*options, request.info.entry_point, *request.args]


def _python(info: language_pb2.ProgramInfo) -> Path:
    runtime = {"name": "python", "options": json_format.MessageToDict(info.options)}
    return python_of({"runtime": runtime}, Path(info.root_directory) / "Pulumi.yaml")


def _interrupt(process: subprocess.Popen[bytes]) -> None:
    """Type Ctrl-C to a program; it's killed where it takes no notice."""
    if process.poll() is None:
        process.send_signal(signal.SIGINT)
        killer = threading.Timer(_GRACE_SECONDS, process.kill)
        killer.daemon = True
        killer.start()


def serve(arguments: Sequence[str]) -> None:
    """Serve until the CLI is gone or asks to stop; the port is the first line that is printed.

    Args:
        arguments: as the CLI gives them, and the executor's path.
    """
    parser = argparse.ArgumentParser(prog="pulumi-language-python", allow_abbrev=False)
    parser.add_argument("--executor", type=Path, required=True)
    parser.add_argument("engine", nargs="?", default="")
    known, _ = parser.parse_known_args(arguments)
    host = LanguageHost(known.executor, known.engine)
    server = grpc.server(ThreadPoolExecutor(_THREADS), options=_UNLIMITED)
    register: Any = language_pb2_grpc.add_LanguageRuntimeServicer_to_server
    register(host, server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    sys.stdout.write(f"{port}\n")
    sys.stdout.flush()
    # Standard input ends with the CLI, however it went. Ctrl-C reaches the program by itself.
    with suppress(KeyboardInterrupt):
        while os.read(0, 1024):
            pass
    host.interrupt()
    server.stop(_GRACE_SECONDS).wait()


if __name__ == "__main__":
    serve(sys.argv[1:])

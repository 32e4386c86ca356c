"""Plugin processes, which print their port.

Providers are found on the PATH as `pulumi-resource-NAME`.
A provider can also run already: PULUMI_DEBUG_PROVIDERS=NAME:PORT,... attaches to it.

Source: pulumi, pkg/resource/plugin/plugin.go and provider_plugin.go.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO, Final

from lab.engine.errors import ProviderError

_GRACE_SECONDS: Final = 5.0


class PluginProcess:
    """A running plugin: a provider or a policy pack.

    Args:
        name: for messages, such as `provider 'aws'`.
        command: what starts it; None where it runs already.
        environment: variables of the process.
        report: gets each line that the process prints besides its port.
        port: where it serves, if it runs already.
    """

    def __init__(
        self,
        name: str,
        command: Sequence[str] | None,
        environment: Mapping[str, str],
        report: Callable[[str], None],
        port: str = "",
    ) -> None:
        self._name = name
        self._readers: list[threading.Thread] = []
        self._process: subprocess.Popen[str] | None = None
        self._port = port
        if command is None:
            return
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,  # which closes when the engine is gone, however it went
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=dict(environment),
            process_group=0,  # so that Ctrl-C reaches the engine, and the provider through it
        )
        self._report = report
        self._program = command[0]
        self._errors: list[str] = []
        assert self._process.stderr is not None  # noqa: S101 - it is a pipe
        self._relay(self._process.stderr, self._errors)

    @property
    def attached(self) -> bool:
        """Whether it ran already."""
        return self._process is None

    def address(self) -> str:
        """Where it serves; waits until it does.

        Raises:
            ProviderError: it ended without a word about its port.
        """
        if not self._port and self._process is not None:
            assert self._process.stdout is not None  # noqa: S101 - it is a pipe
            line = self._process.stdout.readline().strip()
            if not line.isdigit():
                self.stop()
                said = "".join(f"\n  {one}" for one in [line, *self._errors][-20:] if one)
                raise ProviderError(
                    f"could not start the {self._name}: {self._program} should print "
                    f"its port, and ended or printed something else{said}"
                )
            self._port = line
            self._relay(self._process.stdout, None)
        return f"127.0.0.1:{self._port}"

    def stop(self) -> None:
        """Ask it and its children to end, make sure, and report the last that they printed.

        Source: pulumi, sdk/go/common/resource/plugin/plugin.go, `Close`: it waits for both streams.
        """
        if self._process is not None:
            end_group(self._process, signal.SIGINT, _GRACE_SECONDS)
            for reader in self._readers:
                reader.join(_GRACE_SECONDS)  # which a grandchild that lives on may outlast

    def _relay(self, stream: IO[str], keep: list[str] | None) -> None:
        def run() -> None:
            for line in stream:
                text = line.rstrip("\n")
                if keep is not None:
                    keep.append(text)
                self._report(text)

        reader = threading.Thread(target=run, name=f"{self._name}-output", daemon=True)
        reader.start()
        self._readers.append(reader)


def provider_process(
    package: str,
    version: str,
    engine: str,
    environment: Mapping[str, str],
    report: Callable[[str], None],
) -> PluginProcess:
    """A provider, started or attached to.

    Args:
        package: the provider's name (`aws`).
        version: the version that the program asks for, or "".
        engine: address of the engine's own service, handed to the provider.
        environment: variables of the process.
        report: gets each line that the process prints besides its port.

    Raises:
        ProviderError: it isn't there.
    """
    name = f"provider '{package}'"
    if port := _attached(package, environment):
        return PluginProcess(name, None, environment, report, port)
    binary = _find(package, version, environment)
    return PluginProcess(name, [str(binary), engine], environment, report)


def end_group(process: subprocess.Popen[str], number: signal.Signals, grace_seconds: float) -> None:
    """End a process that leads a process group, and its children with it.

    Args:
        process: the group's leader.
        number: the signal that asks the group to end.
        grace_seconds: how long the leader may take; then the whole group is killed.
    """
    if process.returncode is not None:
        return
    _signal_group(process, number)
    try:
        process.wait(grace_seconds)
    except subprocess.TimeoutExpired:
        _signal_group(process, signal.SIGKILL)
        process.wait()


def _signal_group(process: subprocess.Popen[str], number: signal.Signals) -> None:
    with suppress(ProcessLookupError):
        os.killpg(process.pid, number)


def _attached(package: str, environment: Mapping[str, str]) -> str:
    for entry in environment.get("PULUMI_DEBUG_PROVIDERS", "").split(","):
        name, _, port = entry.partition(":")
        if name == package and port.isdigit():
            return port
    return ""


def _find(package: str, version: str, environment: Mapping[str, str]) -> Path:
    name = f"pulumi-resource-{package}"
    found = shutil.which(name, path=environment.get("PATH", ""))
    if found:
        return Path(found)
    home = Path(environment.get("PULUMI_HOME") or "~/.pulumi").expanduser()
    installed = sorted((home / "plugins").glob(f"resource-{package}-v{version or '*'}/{name}"))
    if installed:
        return installed[-1]
    raise ProviderError(
        f"no provider '{package}' found: there's no {name} on the PATH\n"
        "  put it there; the lab's own are put there by `uv run lab up`"
    )

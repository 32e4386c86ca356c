"""Running a command on this machine.

Source: pulumi-command 1.2.1, local/commandOutputs.go; os/exec of Go.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
from asyncio.subprocess import DEVNULL, PIPE, Process
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from lab.providers.base import Properties, ProviderError
from lab.providers.command.errnos import reason_of
from lab.providers.command.operation import Operation
from lab.providers.command.output import (
    STDERR_VARIABLE,
    STDOUT_VARIABLE,
    Capture,
    Stream,
    logged_streams,
)
from lab.providers.command.reading import PlainProperties

_SHELL: Final = ("/bin/sh", "-c")
_CHUNK: Final = 64 * 1024


@dataclass(frozen=True)
class LocalCommand:
    """A command, and the inputs that say how to run it."""

    text: str
    inputs: PlainProperties

    @property
    def argv(self) -> tuple[str, ...]:
        """The interpreter and the command."""
        return (*(self.inputs.texts("interpreter") or _SHELL), self.text)

    @property
    def directory(self) -> str:
        """Where it runs."""
        directory = self.inputs.text("dir")
        return str(Path.cwd()) if directory is None else directory

    def environment(self, previous: PlainProperties) -> dict[str, str]:
        """Give its environment: ours, the inputs', and what the previous run printed."""
        environment = {**os.environ, **self.inputs.text_map("environment")}
        if self.inputs.flag("addPreviousOutputInEnv", default=True):
            for variable, output in ((STDOUT_VARIABLE, "stdout"), (STDERR_VARIABLE, "stderr")):
                if printed := previous.text(output):
                    environment[variable] = printed
        return environment


async def run_locally(
    operation: Operation, command: LocalCommand, previous: PlainProperties
) -> Properties:
    """Run the command to its end, and log what it prints while it does.

    It ends when all that hold its output have closed it: a child left in the background keeps it
    open. When the operation is stopped, only the command's own process is killed, at once; its
    children live on, as with the real provider (measured). It shares the provider's process
    group, which Pulumi kills when it is done with the provider.

    Args:
        operation: The call that it is part of.
        command: What to run.
        previous: The outputs of the run before, for the command's environment.

    Returns:
        The outputs `stdout` and `stderr`.

    Raises:
        ProviderError: The command can't be started, or failed, or was stopped.
    """
    capture = Capture(operation, logged_streams(command.inputs.get("logging")))
    if reason := operation.stop_reason:
        raise capture.failure(reason, command.text)
    process = await _start(command, command.environment(previous), capture)
    stopper = asyncio.create_task(_kill_when_stopped(operation, process))
    try:
        await _pump(process, command, capture)
        status = await process.wait()
    except BaseException:
        if not operation.left:
            _kill(process)
        raise
    finally:
        stopper.cancel()
    if status != 0:
        raise capture.failure(_describe(status), command.text)
    return {"stdout": capture.text(Stream.STDOUT), "stderr": capture.text(Stream.STDERR)}


async def _start(command: LocalCommand, environment: dict[str, str], capture: Capture) -> Process:
    program, *arguments = command.argv
    # As Go does: looked up on our PATH, not on that of the command's environment.
    path = program if "/" in program else shutil.which(program)
    if path is None:
        reason = f'exec: "{program}": executable file not found in $PATH'
        raise capture.failure(reason, command.text)
    try:
        return await asyncio.create_subprocess_exec(
            path,
            *arguments,
            cwd=command.directory,
            env=environment,
            stdin=PIPE if command.inputs.text("stdin") else DEVNULL,
            stdout=PIPE,
            stderr=PIPE,
        )
    except OSError as error:
        action = "chdir" if error.filename == command.directory else "fork/exec"
        reason = f"{action} {error.filename}: {reason_of(error)}"
        raise capture.failure(reason, command.text) from error
    except ValueError as error:  # a NUL byte
        place = "environment variable" if "\0" not in command.text else "command"
        raise capture.failure(f"exec: {place} contains NUL", command.text) from error


async def _pump(process: Process, command: LocalCommand, capture: Capture) -> None:
    try:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(_feed(process.stdin, command.inputs.text("stdin") or ""))
            tasks.create_task(_drain(process.stdout, Stream.STDOUT, capture))
            tasks.create_task(_drain(process.stderr, Stream.STDERR, capture))
    except ExceptionGroup as errors:
        # What `except*` raises comes in a group again, before Python 3.11.4.
        told, others = errors.split(ProviderError)
        if told is None or others:
            raise
        raise told.exceptions[0] from None
    capture.finish()


async def _feed(pipe: asyncio.StreamWriter | None, text: str) -> None:
    if pipe is None:
        return
    with suppress(BrokenPipeError, ConnectionResetError):  # the command may not read it all
        pipe.write(text.encode())
        await pipe.drain()
    pipe.close()


async def _drain(pipe: asyncio.StreamReader | None, stream: Stream, capture: Capture) -> None:
    while pipe is not None and (chunk := await pipe.read(_CHUNK)):
        capture.take(stream, chunk)


async def _kill_when_stopped(operation: Operation, process: Process) -> None:
    await operation.stopped()
    _kill(process)


def _kill(process: Process) -> None:
    with suppress(ProcessLookupError):
        process.kill()


def _describe(status: int) -> str:
    """Say how a process ended, as Go does.

    >>> _describe(3), _describe(-9)
    ('exit status 3', 'signal: killed')
    """
    if status >= 0:
        return f"exit status {status}"
    return f"signal: {(signal.strsignal(-status) or str(-status)).lower()}"

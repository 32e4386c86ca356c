"""Running a command on another machine.

Source: pulumi-command 1.2.1, remote/commandOutputs.go.
"""

from __future__ import annotations

from dataclasses import dataclass

from lab.providers.base import Properties, ProviderError
from lab.providers.command.dialing import connected
from lab.providers.command.operation import Operation
from lab.providers.command.output import (
    STDERR_VARIABLE,
    STDOUT_VARIABLE,
    Capture,
    Stream,
    logged_streams,
)
from lab.providers.command.reading import PlainProperties
from lab.providers.command.sessions import Channel


@dataclass(frozen=True)
class RemoteCommand:
    """A command, and the inputs that say where and how to run it."""

    text: str
    inputs: PlainProperties


async def run_remotely(
    operation: Operation, command: RemoteCommand, previous: PlainProperties
) -> Properties:
    """Run the command to its end, and log what it prints while it does.

    Nothing stops it once it runs, neither Cancel nor a time-out: as with the real provider
    (measured). There are no SSH keep-alives, and there is no limit of time.

    Args:
        operation: The call that it is part of.
        command: What to run.
        previous: The outputs of the run before, for the command's environment.

    Returns:
        The outputs `stdout` and `stderr`.

    Raises:
        ProviderError: No connection, a variable that the server refuses, or the command failed.
    """
    capture = Capture(operation, logged_streams(command.inputs.get("logging")))

    def take(data: bytes, is_error: bool) -> None:
        capture.take(Stream.STDERR if is_error else Stream.STDOUT, data)

    async with connected(operation, command.inputs) as connection:
        channel = await Channel.open(connection, take)
        await _set_environment(operation, channel, command.inputs, previous)
        failure = await channel.run(command.text, command.inputs.text("stdin") or "")
    capture.finish()
    if failure is not None:
        raise capture.failure(failure, command.text)
    return {"stdout": capture.text(Stream.STDOUT), "stderr": capture.text(Stream.STDERR)}


async def _set_environment(
    operation: Operation, channel: Channel, inputs: PlainProperties, previous: PlainProperties
) -> None:
    for name, value in inputs.text_map("environment").items():
        if (failure := await channel.set_variable(name, value)) is not None:
            operation.error(_refusal(name))
            channel.abort()
            raise ProviderError(f'could not set environment variable "{name}": {failure}')
    if inputs.flag("addPreviousOutputInEnv", default=True):
        for name, output in ((STDOUT_VARIABLE, "stdout"), (STDERR_VARIABLE, "stderr")):
            printed = previous.text(output)
            if printed and await channel.set_variable(name, printed) is not None:
                operation.warning(_refusal(name))


def _refusal(name: str) -> str:
    return (
        f"Unable to set '{name}'. The SSH server takes only variables that its AcceptEnv names. "
        "Have it accept this one, or begin the command with 'VARIABLE=value ', if a shell runs it"
    )

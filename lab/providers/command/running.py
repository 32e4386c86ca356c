"""The function `command:local:run`: a command that runs at every preview and update.

Source: pulumi-command 1.2.1, local/run.go; pulumi-go-provider, infer/function.go.
"""

from __future__ import annotations

from typing import Final

from pulumi.runtime.proto import provider_pb2

from lab.providers.base import Properties, encode
from lab.providers.command.conforming import conform
from lab.providers.command.local_command import LocalCommand, run_locally
from lab.providers.command.operation import Operation
from lab.providers.command.reading import PlainProperties
from lab.providers.command.tables import RUN

RUN_TOKEN: Final = "command:local:run"  # noqa: S105 - the name of a function


async def run_function(operation: Operation, args: Properties) -> provider_pb2.InvokeResponse:
    """Run the command; its result are the arguments, `stdout`, `stderr` and what it collected.

    Secret arguments stay secret in the result; what was printed is not.

    Raises:
        ProviderError: The command failed, or an argument is not known.
    """
    arguments, failures = conform(RUN, args)
    if failures:
        return provider_pb2.InvokeResponse(
            failures=[
                provider_pb2.CheckFailure(property=failure.property, reason=failure.reason)
                for failure in failures
            ]
        )
    inputs = PlainProperties(arguments)
    command = LocalCommand(inputs.required_text("command"), inputs)
    outputs = await run_locally(operation, command, PlainProperties({}))
    response = provider_pb2.InvokeResponse()
    getattr(response, "return").CopyFrom(encode({**arguments, **outputs}))
    return response

"""The resources `command:local:Command` and `command:remote:Command`.

Source: pulumi-command 1.2.1, local/commandController.go and remote/commandController.go.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Final

from lab.providers.base import Properties
from lab.providers.command.local_command import LocalCommand, run_locally
from lab.providers.command.operation import Operation
from lab.providers.command.reading import PlainProperties
from lab.providers.command.remote_command import RemoteCommand, run_remotely
from lab.providers.command.tables import (
    LOCAL_COMMAND,
    LOCAL_COMMAND_STATE,
    REMOTE_COMMAND,
    REMOTE_COMMAND_STATE,
)
from lab.providers.command.types import Struct

_NOTHING: Final = PlainProperties({})


class Commands(ABC):
    """A resource: commands for create, update (create again, where there is no update), delete.

    Without a command for it, an operation succeeds and does nothing. The delete runs with the
    inputs of the last create or update, as the state has them. They get properties that conform to
    the type, and give the outputs that are not inputs.
    """

    type: str
    inputs: Struct
    state: Struct

    @property
    def outputs(self) -> list[str]:
        """The outputs that are not inputs."""
        return [field.name for field in self.state if field.name not in self.inputs]

    @abstractmethod
    async def run(
        self,
        operation: Operation,
        command: str,
        inputs: PlainProperties,
        previous: PlainProperties,
    ) -> Properties:
        """Run a command; `previous` are the outputs of the run before."""

    async def create(self, operation: Operation, inputs: PlainProperties) -> Properties:
        """Run the command for create, if there is one."""
        command = inputs.text("create")
        if command is None:
            return dict.fromkeys(self.outputs, "")
        return await self.run(operation, command, inputs, _NOTHING)

    async def update(
        self, operation: Operation, state: PlainProperties, inputs: PlainProperties
    ) -> Properties | None:
        """Run the command for update, else that for create, if there is one."""
        update = inputs.text("update")
        command = inputs.text("create") if update is None else update
        if command is None:
            return None
        return await self.run(operation, command, inputs, state)

    async def delete(self, operation: Operation, state: PlainProperties) -> None:
        """Run the command for delete, if there is one."""
        command = state.text("delete")
        if command is not None:
            await self.run(operation, command, state, state)


class LocalCommands(Commands):
    """Commands that run on this machine."""

    type = "command:local:Command"
    inputs = LOCAL_COMMAND
    state = LOCAL_COMMAND_STATE

    async def run(
        self,
        operation: Operation,
        command: str,
        inputs: PlainProperties,
        previous: PlainProperties,
    ) -> Properties:
        """Run a command here."""
        return await run_locally(operation, LocalCommand(command, inputs), previous)


class RemoteCommands(Commands):
    """Commands that run on another machine, over SSH."""

    type = "command:remote:Command"
    inputs = REMOTE_COMMAND
    state = REMOTE_COMMAND_STATE

    async def run(
        self,
        operation: Operation,
        command: str,
        inputs: PlainProperties,
        previous: PlainProperties,
    ) -> Properties:
        """Run a command there."""
        return await run_remotely(operation, RemoteCommand(command, inputs), previous)

"""What a kind of resource is to this provider."""

from __future__ import annotations

import secrets
from abc import ABC, abstractmethod

from lab.providers.base import Properties
from lab.providers.command.conforming import Failure
from lab.providers.command.operation import Operation
from lab.providers.command.reading import PlainProperties
from lab.providers.command.types import Struct


class Resource(ABC):
    """A resource type: its properties, and what its operations do.

    Operations get properties that conform to the type, and give the outputs that are not inputs.
    """

    type: str
    inputs: Struct
    state: Struct
    reads_state_to_delete: bool = True
    """Whether a delete does anything, and so needs the state."""

    @property
    def outputs(self) -> list[str]:
        """The outputs that are not inputs."""
        return [field.name for field in self.state if field.name not in self.inputs]

    @property
    def required_outputs(self) -> list[str]:
        """The outputs that are not inputs, and always there."""
        return [f.name for f in self.state if f.required and f.name not in self.inputs]

    def new_id(self, name: str) -> str:
        """Make the id of a new resource."""
        return name + secrets.token_hex(4)

    def preview_id(self, name: str) -> str:
        """Make the id of a resource that a preview creates."""
        return self.new_id(name)

    def failures(self, inputs: Properties) -> list[Failure]:
        """Find what is wrong with inputs beyond their types."""
        return []

    @abstractmethod
    async def create(self, operation: Operation, inputs: PlainProperties) -> Properties:
        """Make the resource."""

    @abstractmethod
    async def update(
        self, operation: Operation, state: PlainProperties, inputs: PlainProperties
    ) -> Properties | None:
        """Change the resource; None leaves its outputs as they are."""

    @abstractmethod
    async def delete(self, operation: Operation, state: PlainProperties) -> None:
        """Remove the resource."""

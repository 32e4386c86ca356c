"""What can go wrong in the container stand-in, in Docker's words."""

from __future__ import annotations

from collections.abc import Sequence


class DockerError(Exception):
    """A command failed; the message is what Docker prints.

    Attributes:
        status: the exit status that Docker has for it.
    """

    def __init__(self, message: str, status: int = 1) -> None:
        super().__init__(message)
        self.status = status


class PullError(DockerError):
    """An image can't be had."""


class UnknownImageError(DockerError):
    """The lab has nothing to run in place of an image."""

    def __init__(self, image: str) -> None:
        super().__init__(f"Error response from daemon: No such image: {image}")


class ComposeFileError(DockerError):
    """A Compose project can't be read."""


class MissingVariableError(DockerError):
    """`${NAME:?message}` without a value."""


class NameTakenError(DockerError):
    """There is a container of that name already."""

    def __init__(self, name: str, by: str) -> None:
        super().__init__(
            f'Error response from daemon: Conflict. The container name "/{name}" is already in use '
            f'by container "{by}". You have to remove (or rename) that container to be able to '
            "reuse that name.",
        )


class InvalidMountError(DockerError):
    """A volume without a path: its variable has no value."""

    def __init__(self, volume: str) -> None:
        super().__init__(
            'Error response from daemon: invalid mount config for type "volume": '
            f"invalid mount path: '{volume}' mount path must be absolute"
        )


class PortTakenError(DockerError):
    """A port that a container publishes isn't free."""

    def __init__(self, name: str, identity: str, reason: str) -> None:
        super().__init__(
            "Error response from daemon: driver failed programming external connectivity on "
            f"endpoint {name} ({identity}): {reason}"
        )


class NoSuchVolumeError(DockerError):
    """No volume of that name."""

    def __init__(self, name: str) -> None:
        super().__init__(f"Error: No such volume: {name}")


class VolumeInUseError(DockerError):
    """A volume that a container mounts was to be removed."""

    def __init__(self, name: str, users: Sequence[str]) -> None:
        super().__init__(
            f"Error response from daemon: remove {name}: volume is in use - [{', '.join(users)}]"
        )


class NoSuchContainerError(DockerError):
    """No container of that name or id."""

    def __init__(self, reference: str) -> None:
        super().__init__(f"Error response from daemon: No such container: {reference}")


class ContainerNotRunningError(DockerError):
    """A command was to run in a container that doesn't run."""

    def __init__(self, identity: str) -> None:
        super().__init__(f"Error response from daemon: Container {identity} is not running")


class ServiceNotRunningError(DockerError):
    """The same, of a project's service."""

    def __init__(self, name: str) -> None:
        super().__init__(f'service "{name}" is not running')


class TemplateError(DockerError):
    """A `--format` template that asks for what isn't there."""

"""The errors that end a command, and the exit statuses that tell them apart.

Source of the statuses: pulumi, sdk/go/common/util/cmdutil/exit.go.
"""

from __future__ import annotations

from typing import Final

EXIT_ERROR: Final = 1
EXIT_CONFIGURATION: Final = 2
EXIT_STACK_NOT_FOUND: Final = 6
EXIT_CANCELLED: Final = 8


class EngineError(Exception):
    """A command can't go on. Its text is for the operator and needs no trace."""

    exit_status = EXIT_ERROR


class UsageError(EngineError):
    """The command line asks for something that doesn't exist or doesn't fit together."""

    exit_status = EXIT_CONFIGURATION


class StackNotFoundError(EngineError):
    """The backend has no such stack."""

    exit_status = EXIT_STACK_NOT_FOUND

    def __init__(self, name: str) -> None:
        super().__init__(
            f"no stack named '{name}' found\n"
            f"  `pulumi stack ls` lists those there are, `pulumi stack init {name}` makes it"
        )


class StackLockedError(EngineError):
    """Another update of the stack runs, or one was killed and left its lock."""


class DeploymentFailedError(EngineError):
    """The deployment failed; what went wrong has been shown already."""


class DeploymentCancelledError(EngineError):
    """The deployment was stopped by the operator; that has been shown already."""

    exit_status = EXIT_CANCELLED


class ProviderError(EngineError):
    """A provider refused or failed a call.

    Attributes:
        code: gRPC status, as its name (`UNKNOWN`, `UNAVAILABLE`, ...).
    """

    def __init__(self, message: str, code: str = "UNKNOWN") -> None:
        super().__init__(message)
        self.code = code

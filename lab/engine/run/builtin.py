"""Functions of the engine itself that a program may call.

Source: pulumi, pkg/resource/deploy/builtins.go; pkg/backend/backend.go (GetStackResourceOutputs).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from lab.engine.model.state import ResourceState
from lab.engine.model.values import Properties, opened
from lab.engine.run.context import RefusedError

PACKAGE: Final = "pulumi"
_RESOURCE_OUTPUTS: Final = "pulumi:pulumi:readStackResourceOutputs"


def call(token: str, arguments: Properties, own: str, saved: Iterable[ResourceState]) -> Properties:
    """Call a function of the engine.

    Args:
        token: the function.
        arguments: by name.
        own: full name of the stack that is deployed.
        saved: its resources, as the state had them before this deployment.

    Raises:
        RefusedError: there's no such function here, or it's asked for another stack.
    """
    if token != _RESOURCE_OUTPUTS:
        raise RefusedError(f"the embedded engine has no function {token}")
    stack = opened(arguments.get("stackName"))
    if stack != own:
        raise RefusedError(
            f"{token}: found stackName {stack!r}; the embedded engine reads {own!r}, the stack "
            "that it deploys"
        )
    outputs: Properties = {
        state.urn: {"type": state.type, "outputs": dict(state.outputs)}
        for state in saved
        if not state.delete
    }
    return {"name": stack, "outputs": outputs}

"""A deployed stack as what has to be called to have it: inputs, in the order of dependencies.

Reads what `pulumi stack export --show-secrets` prints.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

_SIGNATURE = "4dabf18193072939515e22adb298388d"
_SECRET = "1b47061264138c4ac30d75fd1eb44270"  # noqa: S105 - the protocol's mark of a secret
_PROVIDER = "pulumi:providers:"


@dataclass(frozen=True)
class Created:
    """A resource that a provider has created.

    Attributes:
        urn: its name in the stack.
        type: such as `aws:ec2/vpc:Vpc`.
        id: what the provider called it.
        inputs: what the provider's Create got; secrets in plain text.
        outputs: what it answered.
        dependencies: URNs of the resources that were there before.
    """

    urn: str
    type: str
    id: str
    inputs: dict[str, Any]
    outputs: dict[str, Any]
    dependencies: tuple[str, ...]

    @property
    def package(self) -> str:
        """The provider's name."""
        return self.type.partition(":")[0]


@dataclass(frozen=True)
class PreviousState:
    """A stack.

    Attributes:
        resources: what providers have created.
        providers: the configuration of each provider, by its name.
        registered: how many resources there are in all, with components and providers.
    """

    resources: tuple[Created, ...]
    providers: dict[str, dict[str, Any]]
    registered: int

    @property
    def dependencies(self) -> dict[str, tuple[str, ...]]:
        """For each resource by URN, those that were there before."""
        return {one.urn: one.dependencies for one in self.resources}


def plain(value: Any) -> Any:
    """A value without the marks of secrets, as exported or as a provider answers it."""
    if isinstance(value, Mapping):
        if value.get(_SIGNATURE) == _SECRET:
            return plain(json.loads(value["plaintext"]) if "plaintext" in value else value["value"])
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [plain(item) for item in value]
    return value


def read(exported: str) -> PreviousState:
    """The stack in an exported deployment."""
    states = json.loads(exported)["deployment"]["resources"]
    custom = [state for state in states if state.get("custom")]
    providers = {
        state["type"].removeprefix(_PROVIDER): plain(state.get("inputs", {}))
        for state in custom
        if state["type"].startswith(_PROVIDER)
    }
    made = [state for state in custom if not state["type"].startswith(_PROVIDER)]
    urns = {state["urn"] for state in made}
    resources = tuple(
        Created(
            urn=state["urn"],
            type=state["type"],
            id=state["id"],
            inputs=plain(state.get("inputs", {})),
            outputs=plain(state.get("outputs", {})),
            dependencies=tuple(one for one in state.get("dependencies", ()) if one in urns),
        )
        for state in made
    )
    return PreviousState(resources, providers, len(states))

"""Property values: JSON, and two things that JSON hasn't: secrets and values not known yet.

Assets, archives and resource references stay objects that carry Pulumi's signature key.

Source: pulumi, sdk/go/common/resource/properties.go and sig/sig.go.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final, TypeAlias, Union

SIGNATURE: Final = "4dabf18193072939515e22adb298388d"
SECRET_SIGNATURE: Final = "1b47061264138c4ac30d75fd1eb44270"  # noqa: S105 - a marker
REFERENCE_SIGNATURE: Final = "5cf8f73096256a8f31e491e813e4eb8e"
OUTPUT_SIGNATURE: Final = "d0e6a833031e9bbcd3f4e8bde6ca49a4"
ASSET_SIGNATURE: Final = "c44067f5952c0a294b673a41bacd8c17"
ARCHIVE_SIGNATURE: Final = "0def7320c3a5731c473e5ecbe6d01bc7"


@dataclass(frozen=True, slots=True)
class Secret:
    """A value that is encrypted in state and never shown."""

    element: Value

    def __repr__(self) -> str:
        return "Secret(...)"


class Unknown:
    """A value that is known only after the update."""

    def __repr__(self) -> str:
        return "UNKNOWN"


UNKNOWN: Final = Unknown()

Value: TypeAlias = Union[  # noqa: UP007 - recursive
    bool, int, float, str, Secret, Unknown, list["Value"], dict[str, "Value"], None
]
Properties: TypeAlias = dict[str, Value]


def equal(one: Value, other: Value) -> bool:
    """Whether two values are the same, as Pulumi sees it: 1 is not true, a secret is not plain."""
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    if isinstance(one, int | float) and isinstance(other, int | float):
        return one == other
    if isinstance(one, Secret) and isinstance(other, Secret):
        return equal(one.element, other.element)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(equal, one, other))
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(equal(one[k], other[k]) for k in one)
    return type(one) is type(other) and one == other


def parts(value: Value) -> Iterator[Value]:
    """The value and everything inside it, secrets' contents included."""
    yield value
    if isinstance(value, Secret):
        yield from parts(value.element)
    elif isinstance(value, list):
        for item in value:
            yield from parts(item)
    elif isinstance(value, dict):
        for item in value.values():
            yield from parts(item)


def has_unknown(value: Value) -> bool:
    """Whether anything in the value is not known yet."""
    return any(part is UNKNOWN for part in parts(value))


def has_secret(value: Value) -> bool:
    """Whether anything in the value is secret."""
    return any(isinstance(part, Secret) for part in parts(value))


def opened(value: Value) -> Value:
    """The value with every secret replaced by what it holds."""
    if isinstance(value, Secret):
        return opened(value.element)
    if isinstance(value, list):
        return [opened(item) for item in value]
    if isinstance(value, dict):
        return {key: opened(item) for key, item in value.items()}
    return value


def copied(value: Value) -> Value:
    """A copy that shares no list or object with the value."""
    if isinstance(value, Secret):
        return Secret(copied(value.element))
    if isinstance(value, list):
        return [copied(item) for item in value]
    if isinstance(value, dict):
        return copied_properties(value)
    return value


def copied_properties(properties: Mapping[str, Value]) -> Properties:
    """A deep copy of a set of properties."""
    return {key: copied(item) for key, item in properties.items()}


def as_secret(value: Value) -> Secret:
    """The value as a secret; one that is secret already stays as it is."""
    return value if isinstance(value, Secret) else Secret(value)


def keep_secrets(outputs: Properties, inputs: Mapping[str, Value]) -> None:
    """Mark secret, in place, what a provider that doesn't know secrets gave back in plain.

    Source: annotateSecrets in pulumi, pkg/resource/plugin/provider_plugin.go.
    """
    for key, given in inputs.items():
        if key not in outputs:
            continue
        got = outputs[key]
        if isinstance(got, dict) and isinstance(given, dict):
            keep_secrets(got, given)
        elif has_secret(given):
            outputs[key] = as_secret(got)

"""What a table about a resource type says: its properties, and the calls of its life."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from lab.providers.aws.call import Call
from lab.providers.aws.facts import Additions, outputs_of, properties_of, secrets_of, told_of
from lab.providers.aws.rules import tags
from lab.providers.aws.schema import STRING_MAP, Check, Property, State, string


@dataclass(frozen=True)
class Change:
    """What a resource is, and what it shall be."""

    old: State
    new: State

    def differs(self, *names: str) -> bool:
        """Tell whether one of the properties is given a new value."""
        return any(
            self.new.get(name) is not None and self.old.get(name) != self.new.get(name)
            for name in names
        )


Create: TypeAlias = Callable[[Call, State], str]
"""Makes the resource from its inputs and returns its id; does not wait."""

Settle: TypeAlias = Callable[[Call, str, State], None]
"""Waits until a new resource can be used."""

Read: TypeAlias = Callable[[Call, str, State], State | None]
"""Returns the outputs by id and last known state, or None if there is no such resource."""


@dataclass(frozen=True)
class Located:
    """What an import is about: the resource's own id, and as much as `read` needs to know."""

    identifier: str
    state: State


Locate: TypeAlias = Callable[[Call, str], Located | None]
"""Finds a resource by the id that an import gives, or None if there is no such resource."""

Delete: TypeAlias = Callable[[Call, str, State], None]
"""Removes the resource and waits until it is gone; one that is gone already is no error."""

Apply: TypeAlias = Callable[[Call, str, Change], None]
"""Brings some properties of a resource to their new values."""


@dataclass(frozen=True)
class Update:
    """One step of an update: runs when one of its properties is to change.

    It also runs after a create, for those properties that the create call cannot set.
    A preview of it doesn't know the outputs that it unsettles.
    """

    properties: frozenset[str]
    apply: Apply
    unsettles: tuple[str, ...] = ()


def update(apply: Apply, *properties: str, unsettles: tuple[str, ...] = ()) -> Update:
    """A step that brings these properties to their new values."""
    return Update(frozenset(properties), apply, unsettles)


Retag: TypeAlias = Callable[[Call, str, Mapping[str, str], Mapping[str, str]], None]
"""Brings the tags of what they hang on from one map to another."""


@dataclass(frozen=True)
class AutoName:
    """A name that is made from the resource's, with a random end, if none is given.

    Attributes:
        name: The property that gets it.
        prefix: The property that may stand in for it; None if there is no such.
        limit: The most characters that the name may have.
    """

    name: str
    prefix: str | None = None
    limit: int = 255


def _no_settling(call: Call, identifier: str, inputs: State) -> None:
    """Usable at once."""


def _no_more_replacing(old: State, new: State) -> Iterator[str]:
    yield from ()


def _tagged_by_id(identifier: str, state: State) -> str:
    return identifier


@dataclass(frozen=True, kw_only=True)
class ResourceType:
    """One resource type.

    Attributes:
        name: Its name in Pulumi.
        noun: Its name in messages.
        inputs: The properties that a program may set and that the lab has.
        outputs: Properties that the lab only tells, besides those that only AWS sets.
        create, settle, read, updates, delete: The calls of its life.
        locate: Where it's imported by another id than its own, how to find it by that.
        checks: Conditions on several properties.
        also_replaces: Names the properties whose change replaces, where that depends on values.
        replaces_by_aws: Likewise, where AWS has to be asked about the resource with this id.
        provider_only: Properties that steer the provider and that AWS does not know.
        autoname: The property that gets a name if none is given.
        taggable: Has `tags` and `tagsAll`.
        tag_target: What its tags hang on.
        retag: How they are changed; as EC2's by default.
        secrets: The properties that are secret whatever the inputs are.
        regional: Has `region`.
    """

    name: str
    noun: str
    inputs: Additions
    create: Create
    read: Read
    delete: Delete
    outputs: frozenset[str] = frozenset()
    settle: Settle = _no_settling
    locate: Locate | None = None
    updates: tuple[Update, ...] = ()
    checks: tuple[Check, ...] = ()
    also_replaces: Callable[[State, State], Iterator[str]] = _no_more_replacing
    replaces_by_aws: Callable[[Call, str, State, State], Iterator[str]] | None = None
    provider_only: frozenset[str] = frozenset()
    autoname: AutoName | None = None
    tag_target: Callable[[str, State], str] = _tagged_by_id
    retag: Retag | None = None
    regional: bool = True
    properties: Mapping[str, Property] = field(init=False)
    secrets: frozenset[str] = field(init=False)
    taggable: bool = field(init=False)

    def __post_init__(self) -> None:
        told = told_of(self.name)
        common: dict[str, Property] = {}
        if taggable := "tags" in told:
            common["tags"] = STRING_MAP.but(rules=(tags,))
            common["tagsAll"] = STRING_MAP.but(computed=True, settable=False)
        if self.regional:
            common["region"] = string(computed=True, replaces=True)
        mine = properties_of(told, self.inputs)
        if self.autoname:
            # Pulumi names what the real provider wants a name for.
            name, prefix = self.autoname.name, self.autoname.prefix
            mine[name] = mine[name].but(required=False, computed=True)
            if prefix:
                mine[prefix] = mine[prefix].but(replaces=mine[name].replaces)
        object.__setattr__(self, "properties", {**mine, **common})
        object.__setattr__(self, "outputs", self.outputs | outputs_of(told))
        object.__setattr__(self, "secrets", secrets_of(told))
        object.__setattr__(self, "taggable", taggable)

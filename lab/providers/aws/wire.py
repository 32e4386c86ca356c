"""Between protocol messages and the plain values that tables work with."""

from __future__ import annotations

import copy
import re
from collections.abc import Collection, Iterable, Mapping
from typing import Any, Final

from pulumi.runtime.proto import provider_pb2

from lab.providers.aws.diff import Difference, Effect
from lab.providers.aws.schema import Failure, State
from lab.providers.base import Properties, Secret, Value, contains_secret, reveal

_KINDS: Final = {
    (Effect.ADD, False): provider_pb2.PropertyDiff.ADD,
    (Effect.ADD, True): provider_pb2.PropertyDiff.ADD_REPLACE,
    (Effect.DELETE, False): provider_pb2.PropertyDiff.DELETE,
    (Effect.DELETE, True): provider_pb2.PropertyDiff.DELETE_REPLACE,
    (Effect.UPDATE, False): provider_pb2.PropertyDiff.UPDATE,
    (Effect.UPDATE, True): provider_pb2.PropertyDiff.UPDATE_REPLACE,
}
_STEP: Final = re.compile(r'\["([^"]*)"\]|\[(\d+)\]|([^.\[\]]+)')


def plain(properties: Properties) -> State:
    """The properties without secret wrappers."""
    return {name: reveal(value) for name, value in properties.items()}


def secret_names(properties: Properties) -> frozenset[str]:
    """The properties that are secret, hold something secret, or repeat what is."""
    names = {name for name, value in properties.items() if contains_secret(value)}
    return frozenset(names | {"tagsAll"} if "tags" in names else names)


def marked_secret(
    state: Mapping[str, Value], like: Properties, always: Collection[str] = ()
) -> Properties:
    """Wrap again what was secret in the properties that the state was made from.

    Args:
        state: What to wrap.
        like: These properties.
        always: What is secret whatever they are.
    """
    names = {*secret_names(like), *always}
    return {name: Secret(value) if name in names else value for name, value in state.items()}


def failures_answer(
    failures: Iterable[Failure], secret: Collection[str]
) -> list[provider_pb2.CheckFailure]:
    """What a check refuses, without any secret value."""
    return [
        provider_pb2.CheckFailure(
            property=failure.path,
            reason="the value is secret and not valid"
            if _top(failure.path) in secret
            else failure.reason,
        )
        for failure in failures
    ]


def diff_answer(
    found: list[Difference],
    deletes_before_replace: bool,
) -> provider_pb2.DiffResponse:
    """The differences as engines read them."""
    replaces = sorted({difference.name for difference in found if difference.replaces})
    return provider_pb2.DiffResponse(
        changes=provider_pb2.DiffResponse.DIFF_SOME
        if found
        else provider_pb2.DiffResponse.DIFF_NONE,
        diffs=sorted({difference.name for difference in found}),
        replaces=replaces,
        deleteBeforeReplace=bool(replaces) and deletes_before_replace,
        detailedDiff={
            difference.path: provider_pb2.PropertyDiff(
                kind=_KINDS[difference.effect, difference.replaces]
            )
            for difference in found
        },
        hasDetailedDiff=True,
    )


def keeping_ignored(paths: Iterable[str], old: State, new: State) -> State:
    """Put what is at the paths of `ignoreChanges` back to what it is now."""
    kept = copy.deepcopy(new)
    for path in paths:
        steps: list[str | int] = [
            int(index) if index else quoted or name for quoted, index, name in _STEP.findall(path)
        ]
        if steps:
            _restore(old, kept, steps)
    return kept


def _restore(old: Any, new: Any, steps: list[str | int]) -> None:
    step, *rest = steps
    if rest:
        before, after = _item(old, step), _item(new, step)
        if isinstance(after, dict | list):
            _restore(before, after, rest)
        return
    before = _item(old, step)
    if isinstance(new, dict) and isinstance(step, str):
        if before is None:
            new.pop(step, None)
        else:
            new[step] = before
    elif isinstance(new, list) and isinstance(step, int) and step < len(new):
        new[step] = before


def _item(value: Any, step: str | int) -> Any:
    if isinstance(value, dict):
        return value.get(step)
    if isinstance(value, list) and isinstance(step, int) and step < len(value):
        return value[step]
    return None


def _top(path: str) -> str:
    return path.replace("[", ".").split(".")[0]

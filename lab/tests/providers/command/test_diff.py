from __future__ import annotations

import pytest
from pulumi.runtime.proto import provider_pb2

from .harness import LOCAL, REMOTE, Provider
from .values import UNKNOWN, Properties, secret, text_asset

KIND = provider_pb2.PropertyDiff

Kinds = dict[str, int]


def kinds(answer: provider_pb2.DiffResponse) -> Kinds:
    changed = answer.changes == provider_pb2.DiffResponse.DIFF_SOME
    assert answer.hasDetailedDiff
    assert changed == bool(answer.detailedDiff)
    return {path: diff.kind for path, diff in answer.detailedDiff.items()}


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ({"create": "a"}, {"create": "a"}, {}),
        ({"create": "a"}, {"create": "b"}, {"create": KIND.UPDATE}),
        ({"create": "a"}, {"create": "a", "delete": "b"}, {"delete": KIND.ADD}),
        ({"create": "a", "update": "b"}, {"create": "a"}, {"update": KIND.DELETE}),
        ({"stdin": "a"}, {"stdin": "b"}, {"stdin": KIND.UPDATE}),
        ({"create": "a"}, {"create": secret("a")}, {"create": KIND.UPDATE}),
        ({"create": secret("a")}, {"create": secret("a")}, {}),
        ({"create": "a"}, {"create": UNKNOWN}, {"create": KIND.UPDATE}),
        ({"create": "a"}, {"create": secret(UNKNOWN)}, {}),
        ({"create": "a"}, {"create": "a", "version": "1", "__internal": 1}, {}),
        ({"create": "a", "stdin": None}, {"create": "a", "dir": None}, {}),
        ({"addPreviousOutputInEnv": True}, {"addPreviousOutputInEnv": True}, {}),
        (
            {"environment": {"A": "1", "B": "2"}},
            {"environment": {"A": "2", "C.d": "3"}},
            {
                "environment.A": KIND.UPDATE,
                "environment.B": KIND.DELETE,
                'environment["C.d"]': KIND.ADD,
            },
        ),
    ],
)
def test_changed_inputs_update(
    provider: Provider, old: Properties, new: Properties, expected: Kinds
) -> None:
    answer = provider.diff(LOCAL, old, new)

    assert kinds(answer) == expected
    assert not answer.replaces


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        (None, ["a"], {"triggers": KIND.ADD_REPLACE}),
        (["a"], None, {"triggers": KIND.DELETE_REPLACE}),
        (["a"], UNKNOWN, {"triggers": KIND.UPDATE_REPLACE}),
        (["a"], secret(["a"]), {"triggers": KIND.UPDATE_REPLACE}),
        (secret(["a"]), secret(["b"]), {"triggers": KIND.UPDATE_REPLACE}),
    ],
)
def test_triggers_that_come_go_or_become_secret_replace(
    provider: Provider, old: object, new: object, expected: Kinds
) -> None:
    answer = provider.diff(LOCAL, {"triggers": old}, {"triggers": new})

    assert kinds(answer) == expected
    assert list(answer.replaces) == ["triggers"]


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        (["a"], ["b"], {"triggers[0]": KIND.UPDATE}),
        (["a"], ["a", "b"], {"triggers[1]": KIND.ADD}),
        (["a"], [], {"triggers[0]": KIND.DELETE}),
        ([1], [True], {"triggers[0]": KIND.UPDATE}),
        (["a"], [UNKNOWN], {"triggers[0]": KIND.UPDATE}),
        ([{"a": 1}], [{"a": 2}], {"triggers[0].a": KIND.UPDATE}),
    ],
)
def test_one_changed_trigger_updates_unless_the_sdk_asks_to_replace(
    provider: Provider, old: object, new: object, expected: Kinds
) -> None:
    answer = provider.diff(LOCAL, {"triggers": old}, {"triggers": new})

    assert kinds(answer) == expected
    assert list(answer.diffs) == ["triggers"]
    assert not answer.replaces


def test_a_changed_connection_updates_as_a_whole(provider: Provider) -> None:
    old = {"create": "a", "connection": secret({"host": "a"})}
    new = {"create": "a", "connection": secret({"host": "b"})}

    assert kinds(provider.diff(REMOTE, old, new)) == {"connection": KIND.UPDATE}


def test_assets_differ_by_their_hash(provider: Provider) -> None:
    old = {"triggers": [text_asset("a", "1")]}

    same = provider.diff(LOCAL, old, {"triggers": [text_asset("b", "1")]})
    other = provider.diff(LOCAL, old, {"triggers": [text_asset("a", "2")]})

    assert kinds(same) == {}
    assert kinds(other) == {"triggers[0]": KIND.UPDATE}


def test_ignored_changes_take_the_value_of_the_state(provider: Provider) -> None:
    old = {"create": "a"}

    answer = provider.diff(LOCAL, old, {"create": "b"}, olds=old, ignore=["create"])

    assert kinds(answer) == {}

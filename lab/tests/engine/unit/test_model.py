"""The pure core: values, paths, diffs, graphs, aliases."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lab.engine.model import aliases, paths, urn
from lab.engine.model.diff import Diff, PropertyDiff, compare, join, with_replacements
from lab.engine.model.goal import Alias, Goal
from lab.engine.model.graph import DependencyGraph, deletion_waves
from lab.engine.model.state import ResourceState
from lab.engine.model.values import UNKNOWN, Secret, copied, equal, has_secret, opened

plain = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3)
    ),
    max_leaves=8,
)


def thing(name: str, *needs: ResourceState, parent: str = "", custom: bool = True) -> ResourceState:
    return ResourceState(
        urn=urn.make("dev", "demo", "", "t:i:T", name),
        type="t:i:T",
        custom=custom,
        id=name,
        parent=parent,
        dependencies=[one.urn for one in needs],
    )


@given(plain, plain)
def test_values_are_equal_when_they_are_of_one_kind_and_content(one: object, other: object) -> None:
    assert equal(one, one)  # type: ignore[arg-type]
    assert equal(one, other) == equal(other, one)  # type: ignore[arg-type]


def test_true_is_not_one_and_a_secret_is_not_plain() -> None:
    assert not equal(True, 1)
    assert not equal(Secret("a"), "a")
    assert equal(Secret([1]), Secret([1.0]))
    assert not equal(UNKNOWN, "a")


@given(plain)
def test_an_opened_secret_is_what_it_was(value: object) -> None:
    hidden = {"a": [Secret(value)]}  # type: ignore[arg-type]
    assert has_secret(hidden)  # type: ignore[arg-type]
    assert opened(hidden) == {"a": [value]}  # type: ignore[arg-type]
    assert copied(hidden) == hidden  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("a", ("a",)),
        ("a.b.c", ("a", "b", "c")),
        ("a[0].b", ("a", 0, "b")),
        ("a[*].b", ("a", "*", "b")),
        ('tags["a.b"]', ("tags", "a.b")),
        ('["x y"].z', ("x y", "z")),
        (r'a["say \"hi\""]', ("a", 'say "hi"')),
        (r'a["b\c\\d"]', ("a", r"b\c\\d")),
        ("a..b", ("a", "b")),
        ('a.b"c]', ("a", 'b"c]')),
        ("*", ("*",)),
    ],
)
def test_paths_are_read(text: str, path: paths.Path) -> None:
    assert paths.parse(text) == path


@pytest.mark.parametrize("text", ["a[", "a[x]", 'a["b', r'a["b\"]'])
def test_a_text_that_is_no_path_is_refused(text: str) -> None:
    with pytest.raises(paths.PathSyntaxError, match="is no property path"):
        paths.parse(text)


# Pulumi has no way to write a key that ends with a backslash.
KEYS = st.text(min_size=1, max_size=6).filter(lambda key: not key.endswith("\\"))


@given(st.lists(KEYS | st.integers(0, 9), min_size=1, max_size=4))
def test_a_written_path_reads_back(steps: list[str | int]) -> None:
    steps = [str(steps[0]).replace("*", "x"), *steps[1:]]
    text = ""
    for step in steps:
        text = join(text, step)
    assert paths.parse(text) == tuple(steps)


@pytest.mark.parametrize(
    ("path", "old", "new", "result"),
    [
        ("a", {"a": 1}, {"a": 2, "b": 3}, {"a": 1, "b": 3}),
        ("a", {}, {"a": 2}, {}),
        ("a.b", {"a": {"b": 1}}, {"a": {"b": 2, "c": 3}}, {"a": {"b": 1, "c": 3}}),
        ("a[0]", {"a": [1]}, {"a": [2]}, {"a": [1]}),
        ("a[*].b", {"a": [{"b": 1}]}, {"a": [{"b": 2}]}, {"a": [{"b": 1}]}),
        ("*", {"a": 1}, {"a": 2, "b": 3}, {"a": 1}),
        ("a.b", {"a": Secret({"b": 1})}, {"a": {"b": 2}}, {"a": {"b": Secret(1)}}),
    ],
)
def test_ignored_paths_are_put_back(path: str, old: object, new: object, result: object) -> None:
    assert paths.reset(paths.parse(path), old, new)  # type: ignore[arg-type]
    assert new == result


@pytest.mark.parametrize(
    ("path", "old", "new"),
    [
        ("a[1]", {"a": [1, 2]}, {"a": [1]}),
        ("a.b", {"a": {"b": 1}}, {}),
        ("a[*]", {"a": [1, 2]}, {"a": [1]}),
    ],
)
def test_a_path_that_cannot_be_put_back_is_told(path: str, old: object, new: object) -> None:
    assert not paths.reset(paths.parse(path), old, new)  # type: ignore[arg-type]


def test_a_path_covers_what_lies_under_it() -> None:
    assert paths.covers(("a", "*"), ("a", 0, "b"))
    assert not paths.covers(("a", "b"), ("a",))


def test_a_comparison_names_each_difference() -> None:
    diff = compare(
        {"same": 1, "gone": 1, "deep": {"a": [1, 2]}, "hidden": Secret("x")},
        {"same": 1, "new": 1, "deep": {"a": [1, 3]}, "hidden": "x"},
    )
    assert diff.changed
    assert diff.changed_keys == ("deep", "gone", "new")
    assert diff.detailed == {
        "deep.a[1]": PropertyDiff("update"),
        "gone": PropertyDiff("delete"),
        "new": PropertyDiff("add"),
    }


def test_replace_on_changes_turns_an_update_into_a_replacement() -> None:
    diff = Diff(changed=True, changed_keys=("a", "b"), detailed={"a.x": PropertyDiff("update")})
    changed = with_replacements(diff, ["a"], init_errors=False)
    assert changed.replace_keys == ("a",)
    assert changed.detailed == {"a.x": PropertyDiff("update-replace")}
    assert not with_replacements(diff, ["c"], init_errors=False).replaces


def test_a_chosen_element_of_a_list_replaces_though_the_key_alone_is_not_chosen() -> None:
    diff = Diff(
        changed=True, changed_keys=("triggers",), detailed={"triggers[1]": PropertyDiff("update")}
    )
    assert not diff.replaces
    chosen = with_replacements(diff, ["triggers[*]"], init_errors=False)
    assert chosen.replaces
    assert not chosen.replace_keys


def test_deletes_go_in_waves_dependents_first() -> None:
    a = thing("a")
    b, c = thing("b", a), thing("c", a)
    d = thing("d", b, c)
    waves = deletion_waves(DependencyGraph([a, b, c, d]), [a, b, c, d])
    assert [sorted(one.name for one in wave) for wave in waves] == [["d"], ["b", "c"], ["a"]]


def test_what_depends_on_a_component_depends_on_its_children() -> None:
    group = thing("group", custom=False)
    child = thing("child", parent=group.urn)
    user = thing("user", group)
    graph = DependencyGraph([group, child, user])
    assert {one.name for one in graph.dependencies(user)} == {"group", "child"}
    waves = deletion_waves(graph, [group, child, user])
    assert [one.name for wave in waves for one in wave] == ["user", "child", "group"]


def test_dependents_are_found_through_others() -> None:
    a = thing("a")
    b = thing("b", a)
    c = thing("c", b)
    graph = DependencyGraph([a, b, c])
    assert [one.name for one in graph.dependents(a)] == ["b", "c"]
    assert graph.dependents(a, [b.urn]) == []
    assert {one.name for one in graph.all_dependencies(c)} == {"a", "b"}


def test_two_states_of_one_name_are_two_resources() -> None:
    old = thing("a")
    old.delete = True
    new = thing("a")
    waves = deletion_waves(DependencyGraph([new, old]), [old])
    assert waves == [[old]]


def test_aliases_give_former_names() -> None:
    root = urn.stack_urn("dev", "demo")
    goal = Goal(
        type="t:i:T",
        name="new",
        custom=True,
        parent=root,
        aliases=(Alias(name="old"), Alias(no_parent=True), Alias(urn="urn:pulumi:x")),
    )
    assert aliases.candidates(goal, "dev", "demo", {}) == [
        urn.make("dev", "demo", "", "t:i:T", "old"),
        urn.make("dev", "demo", "", "t:i:T", "new"),
        "urn:pulumi:x",
    ]


def test_references_follow_a_renamed_resource() -> None:
    old = thing("old")
    new = thing("new")
    new.aliases = [old.urn]
    user = thing("user", old)
    user.property_dependencies = {"x": [old.urn]}
    fixed = aliases.normalised([new, user])
    assert fixed[0].aliases == []
    assert fixed[1].dependencies == [new.urn]
    assert fixed[1].property_dependencies == {"x": [new.urn]}
    assert user.dependencies == [old.urn]


def test_a_provider_reference_reads_back() -> None:
    text = "urn:pulumi:dev::demo::pulumi:providers:aws::default_7_1_0::0-1-2"
    assert str(urn.Reference.parse(text)) == text
    with pytest.raises(ValueError, match="expected a provider as URN::ID"):
        urn.Reference.parse("aws")

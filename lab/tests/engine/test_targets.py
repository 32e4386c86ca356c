"""`--target`, `--replace` and refresh, with either engine."""

from __future__ import annotations

import json

from lab.tests.engine.harness import Stack

PAIRS = """
    value = config.get("value") or "one"
    a = Thing("a", value=value)
    b = Thing("b", value=a.echo)
    c = Thing("c", value=value)
"""


def urn(name: str) -> str:
    return f"urn:pulumi:dev::demo::testing:index:Thing::{name}"


def test_only_the_target_is_updated(stack: Stack) -> None:
    stack.program(PAIRS)
    stack.must_up()
    stack.configure(value="two")
    stack.forget_calls()
    stack.must_up("--target", urn("c"))
    assert stack.calls("update") == ["update c"]
    resources = stack.resources()
    assert resources["a"]["inputs"]["value"] == "one"
    assert resources["c"]["inputs"]["value"] == "two"
    assert stack.steps() == {"a": "update", "b": "update"}


def test_dependents_of_a_target_are_updated_when_asked(stack: Stack) -> None:
    stack.program(PAIRS)
    stack.must_up()
    stack.configure(value="two")
    stack.forget_calls()
    stack.must_up("--target", urn("a"), "--target-dependents")
    assert stack.calls("update") == ["update a", "update b"]


def test_what_is_not_targeted_is_not_created(stack: Stack) -> None:
    stack.program(PAIRS)
    stack.must_up("--target", urn("c"))
    assert stack.objects() == ["c"]
    stack.must_up()
    assert stack.objects() == ["a", "b", "c"]


def test_a_target_that_needs_what_is_not_made_is_refused(stack: Stack) -> None:
    stack.program(PAIRS)
    done = stack.up("--target", urn("b"))
    assert done.code != 0
    assert urn("a") in done.text
    assert stack.objects() == []


def test_only_the_target_is_destroyed(stack: Stack) -> None:
    stack.program(PAIRS)
    stack.must_up()
    assert stack.destroy("--target", urn("c")).code == 0
    assert stack.objects() == ["a", "b"]
    assert stack.steps() == {"c": "create"}


def test_destroying_a_target_that_others_need_is_refused(stack: Stack) -> None:
    stack.program(PAIRS)
    stack.must_up()
    done = stack.destroy("--target", urn("a"))
    assert done.code != 0
    assert urn("b") in done.text
    assert stack.objects() == ["a", "b", "c"]
    assert stack.destroy("--target", urn("a"), "--target-dependents").code == 0
    assert stack.objects() == ["c"]


def test_a_target_that_does_not_exist_is_named(stack: Stack) -> None:
    stack.program(PAIRS)
    done = stack.up("--target", urn("nosuch"))
    assert done.code != 0
    assert "nosuch" in done.text


def test_replace_replaces_what_did_not_change(stack: Stack) -> None:
    stack.program(PAIRS)
    stack.must_up()
    assert stack.steps("--replace", urn("a")) == {"a": "replace"}
    before = stack.resources()["a"]["id"]
    stack.must_up("--replace", urn("a"))
    assert stack.resources()["a"]["id"] != before
    assert stack.objects() == ["a", "b", "c"]


def test_refresh_takes_in_what_is_there(stack: Stack) -> None:
    stack.program(PAIRS)
    stack.must_up()
    live = next((stack.things / "objects").glob("c-*.json"))
    live.write_text(json.dumps({**json.loads(live.read_text()), "value": "drifted"}))
    done = stack.refresh()
    assert done.code == 0, done.text
    assert "~ 1 updated" in done.out
    assert stack.resources()["c"]["inputs"]["value"] == "drifted"
    assert stack.steps() == {"c": "update"}


def test_refresh_forgets_what_is_gone_and_up_makes_it_anew(stack: Stack) -> None:
    stack.program(PAIRS)
    stack.must_up()
    next((stack.things / "objects").glob("a-*.json")).unlink()
    done = stack.refresh()
    assert done.code == 0, done.text
    resources = stack.resources()
    assert "a" not in resources
    assert resources["b"].get("dependencies") in (None, [])
    stack.must_up()
    assert stack.objects() == ["a", "b", "c"]


def test_a_preview_of_a_refresh_changes_nothing(stack: Stack) -> None:
    stack.program(PAIRS)
    stack.must_up()
    next((stack.things / "objects").glob("a-*.json")).unlink()
    before = stack.resources()
    assert stack.run("refresh", "--preview-only").code == 0
    assert stack.resources() == before


def test_up_with_refresh_repairs(stack: Stack) -> None:
    stack.program(PAIRS)
    stack.must_up()
    next((stack.things / "objects").glob("c-*.json")).unlink()
    assert stack.steps() == {}
    stack.must_up("--refresh")
    assert stack.objects() == ["a", "b", "c"]


def test_up_with_refresh_counts_each_resource_once(stack: Stack) -> None:
    stack.program(PAIRS)
    stack.must_up()
    live = next((stack.things / "objects").glob("c-*.json"))
    live.write_text(json.dumps({**json.loads(live.read_text()), "value": "drifted"}))
    assert "~ 1 updated" in stack.must_up("--refresh").out

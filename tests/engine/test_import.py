"""Taking over what exists into a state that doesn't know it, with either engine."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.engine.harness import Completed, Stack, interrupt

PROGRAM = """
    group = Group("group")
    a = Thing("a", opts(parent=group), value="one")
    Thing("b", value=a.token)
"""
GROUP_TYPE = "demo:index:Group"
THING_TYPE = "testing:index:Thing"
NOTHING = {"version": 3, "deployment": {"manifest": {"time": "0001-01-01T00:00:00Z"}}}
KEPT = ("id", "inputs", "outputs", "parent", "type", "urn", "custom")


def thing(name: str, id_: str, **more: Any) -> dict[str, Any]:
    return {"type": THING_TYPE, "name": name, "id": id_, "version": "1.2.3", **more}


def write(stack: Stack, content: dict[str, Any]) -> str:
    path = stack.folder / "import.json"
    path.write_text(json.dumps(content))
    return str(path)


def take_over(stack: Stack, *resources: dict[str, Any], table: Any = None) -> Completed:
    file = write(stack, {"nameTable": table or {}, "resources": list(resources)})
    return stack.run("import", "--file", file, "--yes", "--skip-preview", "--generate-code=false")


def must_take_over(stack: Stack, *resources: dict[str, Any], table: Any = None) -> None:
    done = take_over(stack, *resources, table=table)
    assert done.code == 0, done.text


def exists(stack: Stack, name: str, **inputs: Any) -> str:
    """Make an object that no state knows; returns its id."""
    id_ = f"{name}-1-1"
    outputs = {**inputs, "token": f"token of {name}", "echo": inputs.get("value")}
    (stack.things / "objects" / f"{id_}.json").write_text(json.dumps(outputs))
    return id_


@pytest.fixture
def lost(stack: Stack) -> tuple[Stack, dict[str, dict[str, Any]]]:
    """A stack that has lost its state, and what stood there."""
    stack.program(PROGRAM)
    stack.must_up()
    before = stack.resources()
    file = stack.folder / "nothing.json"
    file.write_text(json.dumps(NOTHING))
    assert stack.run("stack", "import", "--file", str(file)).code == 0
    stack.forget_calls()
    return stack, before


def test_a_lost_state_comes_back_as_it_was(lost: tuple[Stack, dict[str, Any]]) -> None:
    stack, before = lost
    wanted = stack.listed()["resources"]
    must_take_over(stack, *(one | {"id": before[one["name"]].get("id", "")} for one in wanted))
    after = stack.resources()
    assert after.keys() == before.keys()
    for name in ("a", "b", "group", "demo-dev"):
        assert {k: after[name].get(k) for k in KEPT} == {k: before[name].get(k) for k in KEPT}
    assert after["default_1_2_3"]["inputs"] == before["default_1_2_3"]["inputs"]
    stack.must_up("--expect-no-changes")
    assert stack.calls("create", "update", "delete") == []


def test_a_resource_gets_the_id_that_its_provider_gives(stack: Stack) -> None:
    id_ = exists(stack, "a")
    must_take_over(stack, thing("a", "name:a"))
    assert stack.resources()["a"]["id"] == id_
    assert "importID" not in stack.resources()["a"]


def test_what_is_imported_is_protected(stack: Stack) -> None:
    must_take_over(stack, thing("a", exists(stack, "a")))
    assert stack.resources()["a"]["protect"] is True


def test_protection_can_be_left_out(stack: Stack) -> None:
    file = write(stack, {"resources": [thing("a", exists(stack, "a"))]})
    done = stack.run("import", "-f", file, "--yes", "--protect=false", "--generate-code=false")
    assert done.code == 0, done.text
    assert "protect" not in stack.resources()["a"]


def test_secrets_stay_secret(stack: Stack) -> None:
    stack.program('Thing("a", value=pulumi.Output.secret("hush, a secret"))')
    stack.must_up()
    id_ = stack.resources()["a"]["id"]
    assert stack.run("state", "delete", stack.resources()["a"]["urn"], "--yes").code == 0
    must_take_over(stack, thing("a", id_))
    imported = stack.resources()["a"]
    assert imported["inputs"]["value"]["ciphertext"]
    assert imported["outputs"]["echo"]["ciphertext"]
    assert "hush" not in json.dumps(stack.checkpoint())


def test_an_id_that_leads_nowhere_is_an_error_that_names_the_resource(stack: Stack) -> None:
    id_ = exists(stack, "a")
    done = take_over(
        stack,
        {"type": GROUP_TYPE, "name": "g", "component": True},
        thing("a", id_),
        thing("gone", "gone-7-7", parent="g"),
    )
    assert done.code != 0
    assert "resource 'gone-7-7' does not exist" in done.text
    assert "testing:index:Thing (gone)" in done.text
    assert {"a", "g"} <= stack.resources().keys()
    assert "gone" not in stack.resources()
    assert stack.checkpoint().get("pending_operations") is None


def test_a_resource_that_is_in_the_state_with_that_id_stays_as_it_is(stack: Stack) -> None:
    id_ = exists(stack, "a", value="one")
    must_take_over(stack, thing("a", id_))
    before = stack.resources()["a"]
    stack.forget_calls()
    must_take_over(stack, thing("a", id_), thing("b", exists(stack, "b")))
    assert stack.resources()["a"] == before
    assert stack.calls("read") == ["read b"]


def test_a_resource_that_is_in_the_state_with_another_id_is_an_error(stack: Stack) -> None:
    must_take_over(stack, thing("a", exists(stack, "a")))
    before = stack.resources()["a"]
    done = take_over(stack, thing("a", exists(stack, "b")))
    assert done.code != 0
    assert f"resource '{before['urn']}' already exists" in done.text
    assert stack.resources()["a"] == before


def test_a_parent_is_found_by_its_name_in_the_file_and_in_the_name_table(stack: Stack) -> None:
    group = {"type": GROUP_TYPE, "name": "inner", "logicalName": "g", "component": True}
    must_take_over(stack, thing("a", exists(stack, "a"), parent="inner"), group)
    urn = stack.resources()["g"]["urn"]
    assert stack.resources()["a"]["parent"] == urn
    must_take_over(stack, thing("b", exists(stack, "b"), parent="it"), table={"it": urn})
    assert stack.resources()["b"]["parent"] == urn


def test_a_parent_that_nobody_knows_is_an_error(stack: Stack) -> None:
    done = take_over(stack, thing("a", exists(stack, "a"), parent="nobody"))
    assert done.code != 0
    assert "'nobody'" in done.text
    assert stack.resources() == {}


def test_a_parent_that_is_not_in_the_state_is_an_error(stack: Stack) -> None:
    urn = "urn:pulumi:dev::demo::demo:index:Group::g"
    done = take_over(stack, thing("a", exists(stack, "a"), parent="g"), table={"g": urn})
    assert done.code != 0
    assert f"unknown parent '{urn}'" in done.text
    assert "a" not in stack.resources()


def test_an_explicit_provider_is_made_from_its_inputs(stack: Stack) -> None:
    provider = {
        "type": "pulumi:providers:testing",
        "name": "mine",
        "inputs": {"account": "red"},
        "version": "1.2.3",
    }
    must_take_over(stack, thing("a", exists(stack, "a"), provider="mine"), provider)
    made = stack.resources()["mine"]
    assert made["inputs"]["account"] == "red"
    assert stack.resources()["a"]["provider"] == f"{made['urn']}::{made['id']}"


def test_the_configuration_of_the_stack_is_the_default_providers(stack: Stack) -> None:
    stack.configure(testing__account="blue")
    must_take_over(stack, thing("a", exists(stack, "a")))
    assert stack.entries("configure")[-1]["args"]["account"] == "blue"


def test_an_entry_whose_id_was_not_filled_in_is_not_imported(stack: Stack) -> None:
    done = take_over(stack, thing("a", "<PLACEHOLDER>"))
    assert done.code != 0
    assert "<PLACEHOLDER>" in done.text
    assert "a" not in stack.resources()


def test_entries_that_say_too_little_are_told_together(stack: Stack) -> None:
    nameless, without_id = {"type": THING_TYPE, "id": "x"}, {"type": THING_TYPE, "name": "b"}
    done = take_over(stack, nameless, without_id)
    assert done.code != 0
    assert "has no name" in done.text
    assert "has no id" in done.text.lower()


def test_inputs_that_the_provider_would_refuse_are_a_warning(stack: Stack) -> None:
    done = take_over(stack, thing("a", exists(stack, "a", refuse=True)))
    assert done.code == 0, done.text
    assert "not today" in done.text
    assert stack.resources()["a"]["inputs"] == {"refuse": True}


def test_a_preview_of_an_import_looks_and_changes_nothing(stack: Stack) -> None:
    file = write(stack, {"resources": [thing("a", exists(stack, "a"))]})
    done = stack.run("import", "--file", file, "--preview-only", "--generate-code=false")
    assert done.code == 0, done.text
    assert "1 to import" in done.out
    assert stack.calls("read") == ["read a"]
    assert stack.resources() == {}


def test_nothing_is_imported_unasked(stack: Stack) -> None:
    file = write(stack, {"resources": [thing("a", exists(stack, "a"))]})
    done = stack.run("import", "--file", file, "--generate-code=false")
    assert done.code != 0
    assert "--yes" in done.text
    assert stack.resources() == {}


def test_an_import_is_in_the_history(stack: Stack) -> None:
    must_take_over(stack, thing("a", exists(stack, "a")))
    done = stack.run("stack", "history", "--json")
    entry = done.json[0]
    assert entry["kind"] == "resource-import"
    assert entry["result"] == "succeeded"
    assert entry["resourceChanges"]["import"] == 1


def test_an_import_that_is_stopped_keeps_what_it_has_and_can_be_run_again(stack: Stack) -> None:
    group = {"type": GROUP_TYPE, "name": "g", "component": True}
    resources = [group, thing("a", exists(stack, "a"), parent="g")]
    file = write(stack, {"resources": resources})
    stack.hold("read", "a")
    arguments = ("--yes", "--skip-preview", "--generate-code=false")
    process = stack.start("import", "--file", file, *arguments)
    stack.wait_for_call("read a")
    interrupt(process)
    process.communicate(timeout=120)
    assert process.returncode != 0
    assert "g" in stack.resources()
    assert "a" not in stack.resources()
    stack.release()
    must_take_over(stack, *resources)
    assert "a" in stack.resources()


def test_a_file_that_is_not_there_is_named(stack: Stack, tmp_path: Path) -> None:
    done = stack.run("import", "--file", str(tmp_path / "none.json"), "--yes")
    assert done.code != 0
    assert "none.json" in done.text

"""What a preview would create, as a file to import from, with either engine."""

from __future__ import annotations

import json

from tests.engine.harness import Stack

PROGRAM = """
    group = Group("group")
    a = Thing("a", opts(parent=group), value="one")
    Thing("b", value=a.token)
"""
GROUP_TYPE = "demo:index:Group"
THING_TYPE = "testing:index:Thing"


def test_a_preview_lists_what_it_would_create_with_a_place_for_each_id(stack: Stack) -> None:
    stack.program(PROGRAM)
    found = stack.listed()
    assert sorted(found["resources"], key=lambda one: one["name"]) == [
        {
            "type": THING_TYPE,
            "name": "a",
            "id": "<PLACEHOLDER>",
            "parent": "group",
            "version": "1.2.3",
        },
        {"type": THING_TYPE, "name": "b", "id": "<PLACEHOLDER>", "version": "1.2.3"},
        {"type": GROUP_TYPE, "name": "group", "component": True},
    ]
    assert not found.get("nameTable")
    assert stack.objects() == []


def test_resources_of_one_name_get_names_of_their_own_in_the_file(stack: Stack) -> None:
    stack.program(
        """
        group = Group("x")
        Thing("x", opts(parent=group))
        """
    )
    first, second = stack.listed()["resources"]
    assert (first["name"], first.get("logicalName")) == ("x", None)
    assert (second["name"], second["logicalName"], second["parent"]) == ("xThing", "x", "x")


def test_the_parent_that_is_there_already_stands_in_the_name_table(stack: Stack) -> None:
    stack.program('Group("group")')
    stack.must_up()
    urn = stack.resources()["group"]["urn"]
    stack.program(PROGRAM)
    found = stack.listed()
    assert sorted(one["name"] for one in found["resources"]) == ["a", "b"]
    assert found["nameTable"] == {"group": urn}


def test_an_explicit_provider_is_listed_and_named_by_its_resources(stack: Stack) -> None:
    stack.program(
        """
        mine = Provider("mine", account="red")
        Thing("a", opts(provider=mine))
        """
    )
    provider, resource = stack.listed()["resources"]
    assert provider["name"] == resource["provider"] == "mine"
    assert provider["inputs"]["account"] == "red"
    assert "id" not in provider


def test_the_list_and_the_json_of_a_preview_do_not_mix(stack: Stack) -> None:
    stack.program(PROGRAM)
    path = stack.folder / "import.json"
    done = stack.preview("--json", "--import-file", str(path))
    assert done.code == 0
    assert {step["op"] for step in done.json["steps"]} == {"create"}
    assert len(json.loads(path.read_text())["resources"]) == 3


def test_a_preview_that_fails_writes_no_list(stack: Stack) -> None:
    stack.program('Thing("a", refuse=True)')
    path = stack.folder / "import.json"
    assert stack.preview("--import-file", str(path)).code != 0
    assert not path.exists()

"""Stacks and their state, with either engine, and from one engine to the other."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from lab.directory import PROJECT
from lab.tests.engine.conftest import needs_cli
from lab.tests.engine.harness import Stack

RUNBOOK = PROJECT / "docs" / "runbook.md"
PROGRAM = """
    secret = config.require_secret("password")
    group = Group("g")
    a = Thing("a", opts(parent=group, protect=True), value=secret)
    b = Thing("b", opts(depends_on=[a], ignore_changes=["x"]), value=[1, 2.5, None, True])
    pulumi.export("password", secret)
    pulumi.export("list", b.echo)
"""


@pytest.fixture
def filled(stack: Stack) -> Stack:
    stack.run("config", "set", "--secret", "password", "correct-horse")
    stack.program(PROGRAM)
    stack.must_up()
    return stack


def test_stacks_are_listed(stack: Stack) -> None:
    assert stack.run("stack", "init", "other").code == 0
    rows = {row["name"]: row for row in stack.run("stack", "ls", "--json").json}
    assert set(rows) == {"dev", "other"}
    assert rows["other"]["current"] is True
    assert "dev" in stack.run("stack", "ls").out


def test_a_stack_that_does_not_exist_is_an_error(stack: Stack) -> None:
    done = stack.run("stack", "select", "nosuch")
    assert done.code == 6
    assert "no stack named 'nosuch' found" in done.text


def test_a_stack_of_the_same_name_is_refused(stack: Stack) -> None:
    done = stack.run("stack", "init", "dev")
    assert done.code != 0
    assert "already exists" in done.text


def test_a_stack_with_resources_is_not_removed(filled: Stack) -> None:
    done = filled.run("stack", "rm", "--yes")
    assert done.code != 0
    assert "still has" in done.text
    assert filled.run("stack", "rm", "--yes", "--force").code == 0
    assert filled.run("stack", "ls", "--json").json == []


def test_an_output_that_is_not_there_is_an_error(filled: Stack) -> None:
    done = filled.run("stack", "output", "nosuch")
    assert done.code != 0
    assert "does not have output property 'nosuch'" in done.text
    assert filled.run("stack", "output", "list").out.strip() == "[1,2.5,null,true]"


def test_the_resources_are_shown_as_a_tree(filled: Stack) -> None:
    out = filled.run("stack").out
    assert "demo:index:Group" in out
    assert "└─ testing:index:Thing" in out


def test_exported_state_can_be_imported(filled: Stack) -> None:
    exported = filled.run("stack", "export")
    assert "correct-horse" not in exported.out
    assert exported.json["version"] == 3
    filled.run("stack", "rm", "--yes", "--force", "--preserve-config")
    filled.run("stack", "init", "dev")
    (filled.folder / "state.json").write_text(exported.out)
    done = filled.run("stack", "import", "--file", str(filled.folder / "state.json"))
    assert done.code == 0, done.text
    filled.must_up("--expect-no-changes")
    assert filled.outputs()["password"] == "correct-horse"


def test_state_exported_in_plain_is_encrypted_again_by_import(filled: Stack) -> None:
    exported = filled.run("stack", "export", "--show-secrets").out
    assert "correct-horse" in exported
    done = filled.run("stack", "import", stdin=exported)
    assert done.code == 0, done.text
    assert "correct-horse" not in json.dumps(filled.checkpoint())
    filled.must_up("--expect-no-changes")


@needs_cli
def test_the_other_engine_carries_on_with_the_same_files(filled: Stack) -> None:
    other = Stack(filled.folder, "pulumi" if filled.engine == "embedded" else "embedded")
    other.must_up("--expect-no-changes")
    assert other.outputs() == {"password": "correct-horse", "list": [1, 2.5, None, True]}
    other.run("config", "set", "--secret", "password", "another-one")
    other.must_up()
    filled.must_up("--expect-no-changes")
    assert filled.outputs()["password"] == "another-one"
    filled.program("")
    assert filled.run("state", "unprotect", "--all", "--yes").code == 0
    assert other.destroy().code == 0
    assert filled.objects() == []


@needs_cli
def test_the_other_engine_imports_what_was_exported_and_sees_no_change(filled: Stack) -> None:
    exported = filled.run("stack", "export").out
    filled.run("stack", "rm", "--yes", "--force", "--preserve-config")
    other = Stack(filled.folder, "pulumi" if filled.engine == "embedded" else "embedded")
    assert other.run("stack", "init", "dev").code == 0
    done = other.run("stack", "import", stdin=exported)
    assert done.code == 0, done.text
    done = other.preview("--expect-no-changes")
    assert done.code == 0, done.text
    assert other.steps() == {}
    assert other.outputs()["password"] == "correct-horse"


def test_each_update_is_in_the_history(filled: Stack, tmp_path: Path) -> None:
    folder = filled.folder / "state/.pulumi/history/demo/dev"
    entries = [json.loads(file.read_text()) for file in sorted(folder.glob("*.history.json"))]
    assert [(one["kind"], one["result"]) for one in entries] == [("update", "succeeded")]
    assert "correct-horse" not in json.dumps(entries)


def test_preview_as_json_has_the_same_form(filled: Stack) -> None:
    filled.run("config", "set", "--secret", "password", "another-one")
    document = filled.preview("--json").json
    assert {"config", "steps", "duration", "changeSummary"} <= set(document)
    step = next(one for one in document["steps"] if one["op"] == "update")
    assert {"op", "urn", "provider", "oldState", "newState"} <= set(step)
    assert {"id", "outputs"} <= set(step["oldState"])
    assert not {"id", "outputs"} & set(step["newState"])
    assert step["diffReasons"] == ["value"]
    assert step["detailedDiff"] == {"value": {"kind": "update", "inputDiff": True}}
    assert document["changeSummary"] == {"same": 3, "update": 1}


def test_the_state_after_an_earlier_update_is_put_back_as_the_runbook_says(stack: Stack) -> None:
    (copy,) = re.findall(r"^cp (\S+) (\S+)$", RUNBOOK.read_text(), re.MULTILINE)
    kept, state = (
        text.replace("openvidu-enterprise", "demo").replace("prod", "dev") for text in copy
    )
    stack.program("Thing('a', value=config.get('x'))\npulumi.export('x', config.get('x'))")
    for value in ("one", "two"):
        stack.configure(x=value)
        stack.must_up()
    folder = stack.folder / "state"
    earlier = min(folder.glob(kept.replace("…", "*")))
    (folder / state).write_bytes(earlier.read_bytes())
    assert stack.run("stack", "output", "x").out == "one\n"
    stack.configure(x="one")
    # What runs is asked, and is other than the state knows.
    stack.must_up("--refresh")
    assert stack.run("stack", "export", "--version", "1").code != 0

"""Create, update, replace, delete: what a stack goes through with either engine."""

from __future__ import annotations

import hashlib

from lab.tests.engine.harness import Stack

TWO_THINGS = """
    a = Thing("a", value=config.get("value") or "one", unique=config.get("unique") or "x")
    b = Thing("b", value=a.token)
    pulumi.export("token", a.token)
    pulumi.export("echo", b.echo)
"""


def test_a_preview_shows_creates_and_touches_nothing(stack: Stack) -> None:
    stack.program(TWO_THINGS)
    before = stack.checkpoint()
    assert stack.steps() == {"demo-dev": "create", "a": "create", "b": "create"}
    assert stack.objects() == []
    assert stack.checkpoint() == before
    assert stack.calls("create") == []


def test_up_creates_in_order_and_gives_outputs(stack: Stack) -> None:
    stack.program(TWO_THINGS)
    done = stack.must_up()
    assert stack.objects() == ["a", "b"]
    assert stack.calls("create", "created") == ["create a", "created a", "create b", "created b"]
    assert stack.outputs() == {"token": "token of a", "echo": "token of a"}
    assert "+ 3 created" in done.out
    assert 'token: "token of a"' in done.out


def test_a_second_up_changes_nothing(stack: Stack) -> None:
    stack.program(TWO_THINGS)
    stack.must_up()
    before = stack.checkpoint()["resources"]
    stack.forget_calls()
    done = stack.must_up("--expect-no-changes")
    assert "3 unchanged" in done.out
    assert stack.calls("create", "update", "delete") == []
    assert stack.checkpoint()["resources"] == before


def test_a_changed_value_updates(stack: Stack) -> None:
    stack.program(TWO_THINGS)
    stack.must_up()
    stack.configure(value="two")
    assert stack.steps() == {"a": "update"}
    done = stack.must_up()
    assert "[diff: ~value]" in done.out
    assert stack.resources()["a"]["outputs"]["echo"] == "two"


def test_changed_properties_and_outputs_are_marked(stack: Stack) -> None:
    stack.program(
        """
        value = config.get("value") or "one"
        Thing("a", kept="same", value=value, tags={"a": "1", "b": value}, __hidden=value)
        pulumi.export("kept", "same")
        pulumi.export("value", value)
        """
    )
    stack.must_up()
    stack.configure(value="two")
    shown = stack.preview("--diff").out
    assert '~ value: "one" => "two"' in shown or '~ value : "one" => "two"' in shown
    assert '~ b: "one" => "two"' in shown
    assert 'a: "1"' in shown
    assert "__hidden" not in shown
    lines = stack.must_up().out.splitlines()
    at = lines.index("Outputs:")
    assert lines[at + 1 : at + 3] == ['    kept : "same"', '  ~ value: "one" => "two"']
    assert "[diff: ~__hidden" not in "".join(lines)


def test_a_replacement_is_created_before_the_original_is_deleted(stack: Stack) -> None:
    stack.program(TWO_THINGS)
    stack.must_up()
    old = stack.resources()["a"]["id"]
    stack.configure(unique="y")
    assert stack.steps()["a"] == "replace"
    stack.forget_calls()
    done = stack.must_up()
    assert "[diff: ~unique]" in done.out
    assert stack.calls("create", "delete") == ["create a", "delete a"]
    assert stack.entries("delete")[0]["id"] == old
    assert stack.objects() == ["a", "b"]
    assert stack.resources()["a"]["id"] != old


def test_a_resource_gone_from_the_program_is_deleted(stack: Stack) -> None:
    stack.program(TWO_THINGS)
    stack.must_up()
    stack.program('a = Thing("a", value="one", unique="x")')
    assert stack.steps() == {"b": "delete"}
    stack.must_up()
    assert stack.objects() == ["a"]
    assert stack.outputs() == {}


def test_destroy_deletes_in_reverse_order(stack: Stack) -> None:
    stack.program(
        """
        a = Thing("a")
        b = Thing("b", value=a.token)
        c = Thing("c", opts(depends_on=[b]))
        """
    )
    stack.must_up()
    stack.forget_calls()
    done = stack.destroy()
    assert done.code == 0, done.text
    assert stack.calls("delete", "deleted") == [
        "delete c",
        "deleted c",
        "delete b",
        "deleted b",
        "delete a",
        "deleted a",
    ]
    assert stack.checkpoint().get("resources") is None
    assert stack.objects() == []


def test_depends_on_orders_creates_and_deletes(stack: Stack) -> None:
    stack.program(
        """
        last = Thing("z")
        first = Thing("a", opts(depends_on=[last]))
        """
    )
    stack.must_up()
    assert stack.calls("create") == ["create z", "create a"]
    assert stack.resources()["a"]["dependencies"] == [stack.resources()["z"]["urn"]]
    stack.destroy()
    assert stack.calls("delete") == ["delete a", "delete z"]


def test_independent_resources_are_made_at_the_same_time(stack: Stack) -> None:
    stack.program('things = [Thing(f"t{number}") for number in range(3)]')
    for number in range(3):
        stack.hold("create", f"t{number}")
    process = stack.start("up", "--yes", "--skip-preview", "--parallel", "3")
    for number in range(3):
        stack.wait_for_call(f"create t{number}")
    stack.release()
    process.communicate()
    assert process.returncode == 0


def test_parallel_one_makes_one_after_the_other(stack: Stack) -> None:
    stack.program('things = [Thing(f"t{number}") for number in range(3)]')
    stack.must_up("--parallel", "1")
    kinds = [one["op"] for one in stack.entries("create", "created")]
    assert kinds == ["create", "created"] * 3


def test_stack_outputs_of_unknown_values_are_shown_as_such_in_a_preview(stack: Stack) -> None:
    stack.program(TWO_THINGS)
    done = stack.preview()
    assert "token" in done.out
    assert "[unknown]" in done.out


def test_unknown_values_reach_the_provider_in_a_preview(stack: Stack) -> None:
    stack.program(TWO_THINGS)
    steps = stack.preview("--json").json["steps"]
    inputs = {one["urn"].rsplit("::", 1)[-1]: one["newState"].get("inputs") for one in steps}
    assert inputs["b"] == {"value": "04da6b54-80e4-46f7-96ec-b56ff0331ba9"}


def test_outputs_of_a_component_are_in_state(stack: Stack) -> None:
    stack.program(
        """
        group = Group("g")
        a = Thing("a", opts(parent=group))
        group.register_outputs({"token": a.token})
        """
    )
    stack.must_up()
    resources = stack.resources()
    assert resources["g"]["outputs"] == {"token": "token of a"}
    assert resources["a"]["parent"] == resources["g"]["urn"]
    assert resources["a"]["urn"].endswith("demo:index:Group$testing:index:Thing::a")


def test_two_resources_of_one_name_are_refused(stack: Stack) -> None:
    stack.program('Thing("a")\nThing("a")')
    done = stack.up()
    assert done.code != 0
    assert "Duplicate resource URN" in done.text


def test_a_failing_program_says_where_and_deletes_nothing(stack: Stack) -> None:
    stack.program('a = Thing("a")')
    stack.must_up()
    stack.program('b = Thing("b")\nraise ValueError("out of luck")')
    done = stack.up()
    assert done.code != 0
    assert "ValueError: out of luck" in done.text
    assert "__main__.py" in done.text
    assert stack.objects()[0] == "a"
    assert "delete a" not in stack.calls()


def test_a_run_error_is_shown_without_a_trace(stack: Stack) -> None:
    stack.program('raise pulumi.RunError("nodeCount: got 0, expected at least 1")')
    done = stack.preview()
    assert done.code != 0
    assert "nodeCount: got 0, expected at least 1" in done.text
    assert "Traceback" not in done.text


def test_what_the_program_prints_is_shown(stack: Stack) -> None:
    stack.program('print("hello there")\npulumi.log.warn("careful")')
    done = stack.must_up()
    assert "hello there" in done.out
    assert "warning: careful" in done.out


def test_what_a_provider_logs_is_shown(stack: Stack) -> None:
    stack.program('Thing("a", logs=["made a start", "status:half way"])')
    done = stack.must_up()
    assert "made a start" in done.out
    assert "half way" in done.out.split("Diagnostics:")[0]
    assert "half way" not in done.out.split("Diagnostics:")[1]


def test_time_limits_reach_the_provider(stack: Stack) -> None:
    stack.program(
        """
        limits = pulumi.CustomTimeouts(create="1m30s", update="5m", delete="1h")
        Thing("a", opts(custom_timeouts=limits), value=config.get("value"))
        """
    )
    stack.must_up()
    stack.configure(value="two")
    stack.must_up()
    stack.destroy()
    limits = {one["op"]: one["timeout"] for one in stack.entries("create", "update", "delete")}
    assert limits == {"create": 90, "update": 300, "delete": 3600}


def test_a_changed_file_changes_the_asset(stack: Stack) -> None:
    stack.program('Thing("a", file=pulumi.FileAsset("notes.txt"), text=pulumi.StringAsset("x"))')
    notes = stack.project / "notes.txt"
    notes.write_text("one")
    stack.must_up()
    found = stack.resources()["a"]["inputs"]
    assert found["file"]["hash"] == hashlib.sha256(b"one").hexdigest()
    assert found["text"]["hash"] == hashlib.sha256(b"x").hexdigest()
    stack.must_up("--expect-no-changes")
    notes.write_text("two")
    assert stack.steps() == {"a": "update"}

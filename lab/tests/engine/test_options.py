"""Resource options: what each of them does with either engine."""

from __future__ import annotations

from lab.tests.engine.harness import Stack


def test_delete_before_replace_deletes_first(stack: Stack) -> None:
    stack.program('Thing("a", opts(delete_before_replace=True), unique=config.get("unique"))')
    stack.must_up()
    stack.configure(unique="y")
    assert stack.steps() == {"a": "replace"}
    stack.forget_calls()
    stack.must_up()
    assert stack.calls("create", "delete") == ["delete a", "create a"]
    assert stack.objects() == ["a"]
    assert "pendingReplacement" not in stack.resources()["a"]


def test_delete_before_replace_takes_along_what_must_be_replaced_too(stack: Stack) -> None:
    stack.program(
        """
        a = Thing("a", unique=config.get("unique"), dbr=True)
        b = Thing("b", unique=a.id)
        c = Thing("c", value=a.id)
        d = Thing("d", unique=b.id)
        """
    )
    stack.must_up()
    stack.configure(unique="y")
    steps = stack.steps()
    assert steps == {"a": "replace", "b": "replace", "c": "update", "d": "replace"}
    reasons = {
        f"{one['op']} {one['urn'].rsplit('::', 1)[-1]}": one["replaceReasons"]
        for one in stack.preview("--json").json["steps"]
        if one.get("replaceReasons")
    }
    assert reasons == {"replace a": ["unique"]}
    stack.forget_calls()
    stack.must_up()
    calls = stack.calls("create", "delete", "update")
    assert calls[:4] == ["delete d", "delete b", "delete a", "create a"]
    assert sorted(calls[4:]) == ["create b", "create d", "update c"]
    assert stack.objects() == ["a", "b", "c", "d"]
    stack.must_up("--expect-no-changes")


def test_deleted_with_spares_the_delete(stack: Stack) -> None:
    stack.program(
        """
        a = Thing("a")
        b = Thing("b", opts(deleted_with=a))
        """
    )
    stack.must_up()
    stack.forget_calls()
    stack.destroy()
    assert stack.calls("delete") == ["delete a"]
    assert stack.checkpoint().get("resources") is None


def test_deleted_with_is_replaced_along(stack: Stack) -> None:
    stack.program(
        """
        a = Thing("a", unique=config.get("unique"))
        b = Thing("b", opts(deleted_with=a))
        """
    )
    stack.must_up()
    stack.configure(unique="y")
    assert stack.steps() == {"a": "replace", "b": "replace"}


def test_replace_with_is_replaced_along(stack: Stack) -> None:
    stack.program(
        """
        a = Thing("a", unique=config.get("unique"))
        b = Thing("b", opts(replace_with=[a]))
        """
    )
    stack.must_up()
    stack.configure(unique="y")
    assert stack.steps() == {"a": "replace", "b": "replace"}
    stack.must_up()
    stack.must_up("--expect-no-changes")


def test_a_protected_resource_is_not_deleted(stack: Stack) -> None:
    stack.program('Thing("a", opts(protect=True))\nThing("b")')
    stack.must_up()
    done = stack.destroy()
    assert done.code != 0
    assert "protect" in done.text
    assert stack.objects()[0] == "a"
    assert "delete a" not in stack.calls()
    urn = stack.resources()["a"]["urn"]
    assert stack.run("state", "unprotect", urn, "--yes").code == 0
    assert stack.destroy().code == 0
    assert stack.objects() == []


def test_a_protected_resource_is_not_replaced(stack: Stack) -> None:
    stack.program('Thing("a", opts(protect=True), unique=config.get("unique"))')
    stack.must_up()
    stack.configure(unique="y")
    assert stack.preview().code != 0
    stack.forget_calls()
    done = stack.up()
    assert done.code != 0
    assert "unable to replace resource" in done.text
    assert stack.calls("create", "delete") == []


def test_children_inherit_protection(stack: Stack) -> None:
    stack.program(
        """
        group = Group("g", opts(protect=True))
        Thing("a", opts(parent=group))
        """
    )
    stack.must_up()
    assert stack.resources()["a"]["protect"] is True


def test_ignored_changes_stay_as_they_were(stack: Stack) -> None:
    stack.program(
        """
        value = config.get("value") or "one"
        Thing("a", opts(ignore_changes=["value", "tags.b"]), value=value, other=value,
              tags={"a": value, "b": value})
        """
    )
    stack.must_up()
    stack.configure(value="two")
    assert stack.steps() == {"a": "update"}
    stack.must_up()
    inputs = stack.resources()["a"]["inputs"]
    assert inputs["value"] == "one"
    assert inputs["other"] == "two"
    assert inputs["tags"] == {"a": "two", "b": "one"}


def test_replace_on_changes_replaces(stack: Stack) -> None:
    stack.program(
        """
        options = opts(replace_on_changes=["rules[*].port"])
        Thing("a", options, value=config.get("value"), rules=[{"port": config.get_int("port")}])
        """
    )
    stack.must_up()
    stack.configure(value="two")
    assert stack.steps() == {"a": "update"}
    stack.configure(port="443")
    # The provider reports `rules` as a whole, which the path does not cover.
    assert stack.steps() == {"a": "update"}
    stack.program(
        """
        options = opts(replace_on_changes=["value"])
        Thing("a", options, value=config.get("value"), rules=[{"port": config.get_int("port")}])
        """
    )
    assert stack.steps() == {"a": "replace"}


def test_a_replacement_trigger_replaces(stack: Stack) -> None:
    stack.program('Thing("a", opts(replacement_trigger=config.get("trigger") or "1"))')
    stack.must_up()
    stack.must_up("--expect-no-changes")
    stack.configure(trigger="2")
    assert stack.steps() == {"a": "replace"}
    stack.must_up()
    stack.must_up("--expect-no-changes")


def test_retain_on_delete_forgets_without_a_delete(stack: Stack) -> None:
    stack.program('Thing("a", opts(retain_on_delete=True))')
    stack.must_up()
    stack.program("")
    stack.must_up()
    assert stack.calls("delete") == []
    assert stack.objects() == ["a"]
    assert "a" not in stack.resources()


def test_an_alias_keeps_the_resource_under_a_new_name(stack: Stack) -> None:
    stack.program(
        """
        a = Thing("a", value="one")
        b = Thing("b", value=a.token)
        """
    )
    stack.must_up()
    old = stack.resources()["a"]["id"]
    stack.program(
        """
        a = Thing("renamed", opts(aliases=[pulumi.Alias(name="a")]), value="one")
        b = Thing("b", value=a.token)
        """
    )
    assert stack.steps() == {}
    stack.must_up("--expect-no-changes")
    resources = stack.resources()
    assert resources["renamed"]["id"] == old
    assert "a" not in resources
    assert resources["b"]["dependencies"] == [resources["renamed"]["urn"]]


def test_children_follow_the_alias_of_their_parent(stack: Stack) -> None:
    stack.program(
        """
        group = Group("g")
        Thing("g-a", opts(parent=group))
        """
    )
    stack.must_up()
    stack.program(
        """
        group = Group("h", opts(aliases=[pulumi.Alias(name="g")]))
        Thing("h-a", opts(parent=group))
        """
    )
    assert stack.steps() == {}
    stack.must_up()
    assert stack.calls("create", "delete") == ["create g-a"]
    assert stack.resources()["h-a"]["parent"] == stack.resources()["h"]["urn"]


def test_a_resource_moves_into_a_component_by_alias(stack: Stack) -> None:
    stack.program('Thing("a")')
    stack.must_up()
    stack.program(
        """
        group = Group("g")
        Thing("a", opts(parent=group, aliases=[pulumi.Alias(parent=pulumi.ROOT_STACK_RESOURCE)]))
        """
    )
    assert stack.steps() == {"g": "create"}


def test_an_existing_resource_can_be_read(stack: Stack) -> None:
    stack.program('Thing("a", value="one")')
    stack.must_up()
    id_ = stack.resources()["a"]["id"]
    stack.program(
        f"""
        Thing("a", value="one")
        seen = Thing("seen", opts(id="{id_}"))
        pulumi.export("echo", seen.echo)
        """
    )
    stack.must_up()
    assert stack.outputs() == {"echo": "one"}
    assert stack.resources()["seen"]["external"] is True
    stack.forget_calls()
    stack.program('Thing("a", value="one")')
    stack.must_up()
    assert stack.calls("delete") == []
    assert stack.objects() == ["a"]


def test_an_input_that_the_provider_refuses_stops_before_anything_is_made(stack: Stack) -> None:
    stack.program('Thing("a", refuse=True)')
    done = stack.up()
    assert done.code != 0
    assert "refuse" in done.text
    assert "not today" in done.text
    assert stack.objects() == []

"""Providers and their functions, with either engine."""

from __future__ import annotations

from pathlib import Path

from lab.tests.engine.harness import Stack, wait_until


def test_the_default_provider_carries_the_version_and_the_configuration(stack: Stack) -> None:
    stack.configure(testing__account="blue")
    stack.program('Thing("a")')
    stack.must_up()
    resources = stack.resources()
    provider = resources["default_1_2_3"]
    assert provider["type"] == "pulumi:providers:testing"
    assert provider["inputs"] == {"__internal": {}, "account": "blue", "version": "1.2.3"}
    assert resources["a"]["provider"] == f"{provider['urn']}::{provider['id']}"
    assert stack.entries("configure")[0]["args"]["account"] == "blue"


def test_the_default_provider_is_kept(stack: Stack) -> None:
    stack.program('Thing("a")')
    stack.must_up()
    before = stack.resources()["default_1_2_3"]["id"]
    stack.must_up()
    assert stack.resources()["default_1_2_3"]["id"] == before


def test_a_change_that_replaces_the_provider_replaces_its_resources(stack: Stack) -> None:
    stack.configure(testing__account="blue")
    stack.program('Thing("a")')
    stack.must_up()
    stack.configure(testing__account="green")
    assert stack.steps() == {"a": "replace"}
    stack.must_up()
    assert stack.objects() == ["a"]
    stack.must_up("--expect-no-changes")


def test_a_change_that_does_not_replace_the_provider_configures_it_anew(stack: Stack) -> None:
    stack.configure(testing__colour="blue")
    stack.program('Thing("a")')
    stack.must_up()
    stack.configure(testing__colour="green")
    assert stack.steps() == {}
    stack.forget_calls()
    stack.must_up()
    assert stack.entries("configure")[0]["args"]["colour"] == "green"


def test_an_explicit_provider_is_a_resource(stack: Stack) -> None:
    stack.program(
        """
        mine = Provider("mine", account="red")
        a = Thing("a", opts(provider=mine))
        group = Group("g", opts(providers=[mine]))
        b = Thing("b", opts(parent=group, provider=mine))
        pulumi.export("config", lookup("x", provider=mine)["config"])
        """
    )
    steps = stack.steps()
    assert steps["mine"] == "create"
    stack.must_up()
    resources = stack.resources()
    provider = resources["mine"]
    assert resources["a"]["provider"] == f"{provider['urn']}::{provider['id']}"
    assert resources["b"]["provider"] == resources["a"]["provider"]
    assert stack.outputs() == {"config": "red"}
    stack.must_up("--expect-no-changes")
    assert stack.destroy().code == 0
    assert stack.objects() == []


def test_children_inherit_the_provider_of_their_component(stack: Stack) -> None:
    stack.program(
        """
        mine = Provider("mine", account="red")
        outer = Group("outer", opts(providers=[mine]))
        inner = Group("inner", opts(parent=outer))
        pulumi.CustomResource("testing:index:Thing", "a", {}, opts(parent=inner))
        """
    )
    stack.must_up()
    resources = stack.resources()
    assert resources["a"]["provider"].startswith(resources["mine"]["urn"])


def test_a_function_of_a_provider_can_be_called(stack: Stack) -> None:
    stack.program('pulumi.export("found", lookup("me")["result"])')
    assert "found me" in stack.preview().out
    stack.must_up()
    assert stack.outputs() == {"found": "found me"}


def test_a_function_that_fails_says_why(stack: Stack) -> None:
    stack.fail("invoke", "me", "the database is on fire")
    stack.program('lookup("me")')
    done = stack.up()
    assert done.code != 0
    assert "the database is on fire" in done.text


def test_a_provider_that_is_not_there_is_named(stack: Stack) -> None:
    stack.program('pulumi.CustomResource("nosuch:index:Thing", "a", {}, opts(version="1.0.0"))')
    done = stack.preview()
    assert done.code != 0
    assert "nosuch" in done.text


def test_a_provider_that_depends_on_something_unknown_waits_for_it(stack: Stack) -> None:
    stack.program(
        """
        first = Thing("first")
        late = Provider("late", account=first.token)
        a = Thing("a", opts(provider=late), value="one")
        """
    )
    steps = stack.steps()
    assert steps["a"] == "create"
    stack.must_up()
    configured = [one["args"].get("account") for one in stack.entries("configure")]
    assert "token of first" in configured


def test_a_provider_is_started_once_however_many_ask_for_it(stack: Stack) -> None:
    stack.program('things = [Thing(f"t{number}") for number in range(8)]')
    stack.must_up()
    stack.forget_calls()
    assert stack.destroy("--parallel", "8").code == 0
    assert len(stack.entries("configure")) == 1


def test_a_replacement_is_checked_once_more_as_a_new_resource(stack: Stack) -> None:
    stack.program('Thing("a", unique=config.get("unique") or "x")')
    stack.must_up()
    (first,) = stack.entries("check")
    assert first["fresh"]
    assert len(bytes.fromhex(first["seed"])) == 32
    stack.configure(unique="y")
    stack.forget_calls()
    stack.must_up()
    compared, anew = stack.entries("check")
    assert (compared["fresh"], anew["fresh"]) == (False, True)
    assert compared["seed"] == anew["seed"] != first["seed"]


def test_children_of_a_provider_do_not_outlive_it(stack: Stack) -> None:
    stack.program('Thing("a", child=True)')
    stack.must_up()
    child = Path("/proc") / (stack.things / "child").read_text()
    wait_until(lambda: not runs(child), "the provider's child to end")


def runs(process: Path) -> bool:
    """Whether a process lives, and isn't only waiting to be reaped."""
    try:
        return (process / "stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False

"""Policy packs with the CLI and the lab's language host, which tells them the configuration."""

from __future__ import annotations

from pathlib import Path

import pytest

from lab.tests.engine.conftest import needs_cli
from lab.tests.engine.harness import ROOT, Stack

pytestmark = [needs_cli, pytest.mark.parametrize("template", ["pulumi"], indirect=True)]

PACK = """
import pulumi
from pulumi_policy import (
    EnforcementLevel, PolicyPack, ResourceValidationPolicy, StackValidationPolicy,
)

def small(args, report):
    if args.props.get("value") == "big":
        report(f"{args.name} is big")

def named(args, report):
    if args.name == "nameless":
        report("give it a name")

most = pulumi.Config().get_int("most") or 2

def few(args, report):
    things = [one for one in args.resources if one.resource_type == "testing:index:Thing"]
    if len(things) > most:
        report(f"{len(things)} things", things[-1].urn)

PolicyPack(
    name="house-rules",
    enforcement_level=EnforcementLevel.MANDATORY,
    policies=[
        ResourceValidationPolicy("small", "Things are small.", small),
        ResourceValidationPolicy(
            "named", "Things have names.", named, enforcement_level=EnforcementLevel.ADVISORY
        ),
        StackValidationPolicy("few", "Things are few.", few),
    ],
)
"""


@pytest.fixture
def pack(stack: Stack) -> Path:
    folder = stack.folder / "pack"
    folder.mkdir()
    (folder / "__main__.py").write_text(PACK)
    runtime = f"runtime:\n  name: python\n  options:\n    virtualenv: {ROOT / '.venv'}\n"
    (folder / "PulumiPolicy.yaml").write_text(runtime)
    return folder


def test_a_mandatory_policy_stops_an_update_before_the_resource_is_made(
    stack: Stack, pack: Path
) -> None:
    stack.program('Thing("a", value="big")\nThing("b")')
    preview = stack.preview("--policy-pack", str(pack))
    assert preview.code != 0
    assert "a is big" in preview.text
    assert "house-rules" in preview.text
    done = stack.up("--policy-pack", str(pack))
    assert done.code != 0
    assert "a is big" in done.text
    assert "a" not in stack.objects()
    stack.must_up()
    assert stack.objects() == ["a", "b"]


def test_an_advisory_policy_is_told_and_stops_nothing(stack: Stack, pack: Path) -> None:
    stack.program('Thing("nameless", value="small")')
    done = stack.must_up("--policy-pack", str(pack))
    assert "give it a name" in done.text
    assert stack.objects() == ["nameless"]


def test_a_policy_of_the_stack_sees_every_resource(stack: Stack, pack: Path) -> None:
    stack.program('for name in "abc":\n    Thing(name)')
    done = stack.preview("--policy-pack", str(pack))
    assert done.code != 0
    assert "3 things" in done.text
    stack.program('for name in "ab":\n    Thing(name)')
    assert stack.preview("--policy-pack", str(pack)).code == 0


def test_a_pack_sees_the_configuration(stack: Stack, pack: Path) -> None:
    stack.program('for name in "abc":\n    Thing(name)')
    stack.configure(most="3")
    assert stack.preview("--policy-pack", str(pack)).code == 0


def test_what_the_project_s_own_pack_has_checked_is_told_when_all_of_it_holds(
    stack: Stack,
) -> None:
    stack.program('Thing("a")')
    done = stack.preview("--policy-pack", str(ROOT / "policy"))
    assert done.code == 0, done.text
    assert "resources follow all 12 policies: documented-ports, " in done.text

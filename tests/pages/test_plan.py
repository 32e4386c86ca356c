"""No block of the pages is forgotten: each is typed in the nightly run, or says why it isn't."""

from __future__ import annotations

import re

import pytest

from lab.directory import PROJECT
from tests.pages.blocks import PAGES, Block, blocks
from tests.pages.plan import PLAN, NotHere, Tried

_NAMED = re.compile(r"\btests/[\w/]+\.py")


@pytest.mark.parametrize("page", PAGES)
def test_each_block_is_typed_or_has_a_reason(page: str) -> None:
    found, planned = blocks(page), PLAN[page]
    fits = [
        (str(block), block.text.startswith(one.begins))
        for block, one in zip(found, planned, strict=False)
    ]
    assert [block for block, fit in fits if not fit] == [], "the first of these isn't in PLAN"
    assert [str(block) for block in found[len(planned) :]] == []
    assert [one.begins for one in planned[len(found) :]] == []


def test_the_plan_has_no_other_page() -> None:
    assert tuple(PLAN) == PAGES


@pytest.mark.parametrize("page", PAGES)
def test_what_is_said_of_a_command_is_said_of_one_that_is_there(page: str) -> None:
    for block, one in zip(blocks(page), PLAN[page], strict=True):
        if isinstance(one, Tried):
            assert {*one.keys, *one.without} <= {*block.commands}, block


def test_a_test_that_a_reason_names_is_there() -> None:
    steps = [one for page in PLAN.values() for one in page]
    reasons = [
        reason
        for one in steps
        for reason in ([one.reason] if isinstance(one, NotHere) else one.without.values())
    ]
    assert all(reasons)
    named = {file for reason in reasons for file in _NAMED.findall(reason)}
    assert named
    assert {file for file in named if not (PROJECT / file).exists()} == set()


def test_a_block_is_taken_apart_as_somebody_types_it() -> None:
    text = (
        "cp a b && source b && pulumi up     # remark\n"
        "lab run -- timeout 5 \\\n  pulumi preview  # two\n"
    )
    assert Block("README.md", 1, text).commands == [
        "cp a b && source b",
        "pulumi up",
        "lab run -- timeout 5 pulumi preview",
    ]


def test_what_a_command_says_before_its_keys_are_typed_is_a_pattern() -> None:
    steps = [one for page in PLAN.values() for one in page if isinstance(one, Tried)]
    asked = [pattern for one in steps for pattern, _ in one.keys.values()]
    assert asked
    for pattern in asked:
        # As the terminal looks for it: at the end.
        re.compile(f"(?:{pattern})$")

"""Each block of the pages is typed in their order, in a terminal, on a machine that had nothing.

Typed on its own: `uv run pytest -m matrix tests/pages -k scaling`.
"""

from __future__ import annotations

import pytest

from tests.pages.blocks import PAGES, Block, blocks
from tests.pages.conftest import Desk
from tests.pages.plan import OWN_LABS, PLAN, Tried
from tests.pages.terminal import Answer

pytestmark = [pytest.mark.lab, pytest.mark.matrix, pytest.mark.xdist_group("pages")]

_USUAL = (Answer(r"\[yes/no\] ?", "yes\n"), Answer(r"\[y/N\]: ?", "y\n"))
_TYPED = [
    pytest.param(page, block, tried, id=str(block))
    for page in PAGES
    for block, tried in zip(blocks(page), PLAN[page], strict=True)
    if isinstance(tried, Tried)
]


@pytest.mark.timeout(4500)
@pytest.mark.parametrize(("page", "block", "tried"), _TYPED)
def test_what_a_page_says_works_as_it_stands(
    page: str, block: Block, tried: Tried, desk: Desk
) -> None:
    desk.turn_to(page)
    lab = OWN_LABS.get(page, "")
    for command in tried.before:
        desk.ok(command, _USUAL, lab)
    for command in block.commands:
        if command not in tried.without:
            told = tried.keys.get(command)
            answers = [Answer(r"value: ?", f"{tried.value}\n"), *_USUAL]
            answers += [Answer(*told)] if told else []
            desk.ok(command, answers, lab, selected=tried.makes_stack)
    for command in tried.after:
        desk.ok(command, _USUAL, lab)

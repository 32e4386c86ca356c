"""What may be concluded from what witnesses say: the whole table, as the docs show it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from membership.answers import (
    Answers,
    Health,
    MediaNode,
    Refused,
    Silent,
    Unconnected,
    Unknown,
    Unreachable,
)
from membership.witnesses import (
    RULES,
    Conclusion,
    Observation,
    Statement,
    Testimony,
    Witness,
    Word,
    as_json,
    conclude,
    from_json,
)
from openvidu.api import RUNNING, WAITING_IDLE_TO_TERMINATE

LISTED = MediaNode("media_2", "10.5.0.7", RUNNING, ("call-1",))
DRAINS = replace(LISTED, status=WAITING_IDLE_TO_TERMINATE)
NOBODY = Unknown("GET … answered 502")
NO_API = Unconnected("GET …: Connection refused")
NO_WAY = Unreachable("no route to host")
HANGS = Unknown("no answer in time on port 4443")
SERVING, DRAINING = Conclusion.SERVING, Conclusion.DRAINING
LEFT, DEAD, UNKNOWN = Conclusion.LEFT, Conclusion.DEAD, Conclusion.UNKNOWN


def said(**words: Word) -> Testimony:
    return {Witness(who): Statement(word, "it says so") for who, word in words.items()}


RUNS, STOPPED, NOTHING = Word.RUNS, Word.STOPPED, Word.UNKNOWN


@pytest.mark.parametrize(
    ("listed", "health", "words", "conclusion"),
    [
        (LISTED, Answers(200), {}, SERVING),
        (LISTED, Answers(500), {}, SERVING),
        (DRAINS, Answers(200), {}, DRAINING),
        (NOBODY, Answers(200), {}, SERVING),
        (None, Silent(), {}, LEFT),
        (LISTED, Silent(), {}, UNKNOWN),
        (NOBODY, Silent(), {}, UNKNOWN),
        (Refused(401, "no"), Silent(), {}, UNKNOWN),
        *((listed, NO_WAY, {}, UNKNOWN) for listed in (None, LISTED, DRAINS, NOBODY, NO_API)),
        *((listed, HANGS, {}, UNKNOWN) for listed in (None, LISTED, DRAINS, NOBODY, NO_API)),
        (None, NO_WAY, {"aws": RUNS, "machine": NOTHING, "peers": NOTHING}, UNKNOWN),
        (None, NO_WAY, {"aws": STOPPED}, DEAD),
        (None, NO_WAY, {"machine": STOPPED, "aws": RUNS}, LEFT),
        (None, NO_WAY, {"machine": RUNS}, SERVING),
        (DRAINS, NO_WAY, {"machine": RUNS}, DRAINING),
        (None, NO_WAY, {"peers": RUNS, "machine": NOTHING}, SERVING),
        (None, NO_WAY, {"peers": STOPPED}, UNKNOWN),
        # A port that refuses may be a firewall's: its machine decides, once it's asked.
        (None, Silent(), {"machine": NOTHING, "peers": STOPPED, "aws": RUNS}, UNKNOWN),
        (None, Silent(), {"machine": RUNS, "peers": STOPPED}, SERVING),
        (None, Silent(), {"machine": STOPPED}, LEFT),
        (LISTED, NO_WAY, {"peers": STOPPED}, UNKNOWN),
        (NOBODY, NO_WAY, {"peers": STOPPED}, UNKNOWN),
        # Who says that it runs keeps it, whatever others say.
        (None, NO_WAY, {"machine": RUNS, "aws": STOPPED, "peers": STOPPED}, SERVING),
        (None, Silent(), {"peers": RUNS}, SERVING),
        (LISTED, Answers(200), {"aws": STOPPED, "machine": STOPPED}, SERVING),
        (LISTED, Answers(200), {"operator": STOPPED}, SERVING),
        (LISTED, NO_WAY, {"operator": STOPPED, "machine": RUNS}, SERVING),
        (LISTED, NO_WAY, {"operator": STOPPED, "machine": NOTHING}, DEAD),
    ],
)
def test_what_is_concluded(
    listed: MediaNode | Unknown | Refused | None,
    health: Health,
    words: dict[str, Word],
    conclusion: Conclusion,
) -> None:
    seen = Observation(listed, health, alone=False, testimony=said(**words))
    assert conclude(seen) is conclusion


@pytest.mark.parametrize(("listed", "conclusion"), [(NOBODY, LEFT), (NO_API, UNKNOWN)])
def test_of_the_last_node_something_has_to_answer_in_its_place(
    listed: Unknown, conclusion: Conclusion
) -> None:
    assert conclude(Observation(listed, Silent(), alone=True)) is conclusion


def test_testimony_is_carried_as_text() -> None:
    testimony = said(machine=RUNS, aws=STOPPED)
    assert from_json(as_json(testimony)) == testimony


@pytest.mark.parametrize("text", ["", "[]", '{"moon": ["runs", ""]}', '{"aws": "runs"}', "{"])
def test_what_is_no_testimony_is_refused(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - of any text
        from_json(text)


def test_the_docs_show_the_table() -> None:
    page = Path("docs/scaling.md").read_text()
    rows = "".join(f"| {rule.seen} | {rule.conclusion.value} |\n" for rule in RULES)
    assert rows in page

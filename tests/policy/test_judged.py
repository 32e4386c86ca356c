"""What is told of policies that hold."""

from __future__ import annotations

from policy.judged import Judged


def test_policies_that_hold_are_told_by_name_with_how_many_resources_there_are() -> None:
    judged = Judged()
    for name in ("tags", "tags", "membership"):
        judged.note(name, violated=False)
    told = "Policy pack: 143 resources follow all 2 policies: tags, membership"
    assert judged.end(143) == told


def test_of_a_policy_that_was_violated_once_nothing_more_is_told() -> None:
    judged = Judged()
    for violated in (False, True, False):
        judged.note("tags", violated=violated)
    assert judged.end(2) is None
    # The engine may run the pack for an update after its preview.
    judged.note("tags", violated=False)
    assert judged.end(2) == "Policy pack: 2 resources follow all 1 policies: tags"


def test_a_pack_whose_policies_are_all_switched_off_claims_nothing() -> None:
    assert Judged().end(2) is None

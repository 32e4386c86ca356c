"""Whether a node may leave now, for every cluster of a few nodes."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from membership.disruption_budget import Later, Never, Now, Other, may_leave

OTHERS = st.lists(st.builds(Other, st.just("node"), leaving=st.booleans(), serving=st.booleans()))


@given(st.booleans(), OTHERS, st.integers(1, 3))
def test_a_cluster_that_stays_always_keeps_a_serving_node(
    leaving: bool, others: list[Other], most: int
) -> None:
    decided = may_leave(leaving=leaving, others=others, max_unavailable=most, last_node=False)
    staying = [other for other in others if not other.leaving]
    if decided == Now() and (staying or not leaving):
        assert any(other.serving for other in staying)


@given(OTHERS, st.integers(1, 3), st.booleans())
def test_no_more_than_max_unavailable_are_replaced_at_a_time(
    others: list[Other], most: int, last_node: bool
) -> None:
    decided = may_leave(leaving=False, others=others, max_unavailable=most, last_node=last_node)
    out = [other for other in others if not other.leaving and not other.serving]
    if decided == Now():
        assert len(out) < most


@given(OTHERS)
def test_nodes_that_leave_for_good_never_wait_for_one_another(others: list[Other]) -> None:
    decided = may_leave(leaving=True, others=others, max_unavailable=1, last_node=False)
    assert not isinstance(decided, Later)


def test_the_last_node_goes_with_the_cluster_only() -> None:
    gone = Other("node-1", leaving=True, serving=False)
    dead = Other("node-3", leaving=False, serving=False)
    decide = {"max_unavailable": 1, "last_node": False}
    assert may_leave(leaving=True, others=[gone], **decide) == Now()
    assert isinstance(may_leave(leaving=True, others=[gone, dead], **decide), Never)
    assert isinstance(may_leave(leaving=False, others=[gone], **decide), Never)
    assert isinstance(may_leave(leaving=False, others=[dead], **decide), Later)

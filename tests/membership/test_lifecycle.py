"""Any cluster, any operation, any fault: the invariants hold, and the same command completes it.

In the manner of Pulumi's lifecycle fuzzing: a random valid state, one operation, one fault; then
it's healed, and run again. `pytest --hypothesis-profile=thorough` tries many more.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Collection
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, given, note, settings
from hypothesis import strategies as st

from tests.membership.simulation.broken import BROKEN, Broken, late_is_gone
from tests.membership.simulation.deployment import Deployment, Operation, Scenario
from tests.membership.simulation.faults import Fault, Kind
from tests.membership.simulation.invariants import Violation
from tests.membership.simulation.network import AWS, BASE, OPERATOR, Cut, Slow, node


@st.composite
def cuts(draw: Callable[..., object], nodes: int) -> tuple[Cut, ...]:
    """Between any two, one way or both; some end together."""
    parties = [OPERATOR, BASE, AWS, *(node(number) for number in range(1, nodes + 1))]
    found: list[Cut] = []
    for _ in range(draw(st.integers(0, 3))):
        one, other = draw(st.lists(st.sampled_from(parties), min_size=2, max_size=2, unique=True))
        at, lasts = draw(st.floats(0, 40)), draw(st.floats(0.5, 120))
        found.append(Cut(one, other, at, lasts))
        if draw(st.booleans()):
            found.append(Cut(other, one, at, lasts))
    return tuple(found)


@st.composite
def slows(draw: Callable[..., object], nodes: int) -> tuple[Slow, ...]:
    """Between any two, in one direction or both: within the limits of a request, or beyond."""
    parties = [OPERATOR, BASE, AWS, *(node(number) for number in range(1, nodes + 1))]
    found: list[Slow] = []
    pairs = st.one_of(
        st.lists(st.sampled_from(parties), min_size=2, max_size=2, unique=True),
        # What drains look at most.
        st.sampled_from(parties[3:]).map(lambda one: [BASE, one]),
    )
    for _ in range(draw(st.integers(0, 3))):
        one, other = draw(pairs)
        at, lasts = draw(st.floats(0, 40)), draw(st.floats(1, 120))
        takes = draw(st.one_of(st.floats(0.1, 5), st.floats(5, 60)))
        found.append(Slow(one, other, at, lasts, takes))
        if draw(st.booleans()):
            found.append(Slow(other, one, at, lasts, takes))
    return tuple(found)


@st.composite
def scenarios(
    draw: Callable[..., object],
    kinds: Collection[Kind] = tuple(Kind),
    operations: Collection[Operation] = tuple(Operation),
    *,
    cut: bool = True,
    slow: bool = True,
) -> Scenario:
    count = draw(st.integers(1, 5))
    calls = draw(
        st.lists(
            st.lists(st.floats(0.5, 60), max_size=3).map(tuple), min_size=count, max_size=count
        )
    )
    numbers = st.integers(1, count)
    operation = draw(st.sampled_from(tuple(operations))) if count > 1 else Operation.REMOVE
    most = count - 1 if operation is Operation.CHANGE_OF_MIND else count
    fault = Fault(
        draw(st.sampled_from(tuple(kinds))),
        at=draw(st.floats(0, 40)),
        lasts=draw(st.floats(0.5, 60)),
        node=draw(numbers),
        step=draw(st.integers(1, 60)),
    )
    return Scenario(
        tuple(calls),
        operation,
        frozenset(draw(st.sets(numbers, min_size=1, max_size=most))),
        fault,
        draw(cuts(count)) if cut else (),
        draw(slows(count)) if slow else (),
        draw(st.integers(1, 2)),
        draw(st.integers(0, 2**16)),
    )


def play(scenario: Scenario, broken: Broken | None = None) -> None:
    with tempfile.TemporaryDirectory(dir="/dev/shm") as folder:
        base = {"base_type": broken.base_type} if broken and broken.base_type else {}
        deployment = Deployment(scenario, Path(folder), **base)
        try:
            deployment.play()
        finally:
            note("\n".join(deployment.said))


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(scenarios())
def test_the_invariants_hold(scenario: Scenario) -> None:
    play(scenario)


@pytest.mark.parametrize("broken", BROKEN, ids=lambda broken: broken.name)
def test_a_broken_drain_is_found(broken: Broken, monkeypatch: pytest.MonkeyPatch) -> None:
    broken.install(monkeypatch)

    @settings(
        # It ends with the first that shows it: after two or three hundred at most, as a rule.
        max_examples=2000,
        deadline=None,
        derandomize=True,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(scenarios(broken.under, broken.by, cut=broken.cut, slow=False))
    def search(scenario: Scenario) -> None:
        try:
            play(scenario, broken)
        except Violation as violation:
            if violation.invariant is broken.breaks:
                raise

    with pytest.raises(Violation):
        search()


def test_a_connection_that_is_taken_late_is_not_taken_for_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The link is slow in one direction; a drain that does so cuts calls."""
    slow = Slow(BASE, node(1), at=0, lasts=120, takes=8)
    scenario = Scenario(((50.0,), (50.0,)), Operation.REMOVE, frozenset({1}), slows=(slow,))
    for name in ("as it is", "broken"):
        (tmp_path / name).mkdir()
    Deployment(scenario, tmp_path / "as it is").play()
    late_is_gone(monkeypatch)
    with pytest.raises(Violation, match="after its node has left"):
        Deployment(scenario, tmp_path / "broken").play()

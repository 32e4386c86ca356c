"""What was waited for."""

from __future__ import annotations

from lab.bench.critical_path import Span, critical_path, seconds_in_calls

CALLS = {
    "network": Span(1, 2),
    "base": Span(2.5, 6),
    "node-1": Span(2.5, 4),
    "node-2": Span(2.5, 5),
    "join-1": Span(6.5, 7),
    "join-2": Span(6.5, 8),
}
DEPENDENCIES = {
    "base": ["network"],
    "node-1": ["network"],
    "node-2": ["network"],
    "join-1": ["base", "node-1"],
    "join-2": ["base", "node-2"],
}


def test_the_path_leads_back_from_the_call_that_ended_last() -> None:
    assert critical_path(CALLS, DEPENDENCIES) == ["network", "base", "join-2"]


def test_time_in_calls_counts_only_the_path() -> None:
    path = critical_path(CALLS, DEPENDENCIES)
    assert seconds_in_calls(path, CALLS) == 1 + 3.5 + 1.5


def test_dependencies_that_no_provider_was_called_for_are_passed_over() -> None:
    dependencies = {**DEPENDENCIES, "network": ["component"]}
    assert critical_path(CALLS, dependencies)[0] == "network"


def test_without_calls_there_is_no_path() -> None:
    assert critical_path({}, DEPENDENCIES) == []

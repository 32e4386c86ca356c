"""A preview refuses what the real provider refuses, and nothing that AWS takes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import pytest

from lab.providers.aws.check import check
from lab.providers.aws.facts import settable_names, told_of
from lab.providers.aws.resources import RESOURCE_TYPES
from lab.providers.aws.schema import Failure
from lab.tests.providers.aws.refusals import TOLD


def _changes(*groups: str) -> Iterator[Any]:
    for token, told in TOLD.items():
        for group in groups:
            for index, change in enumerate(getattr(told, group)):
                name = f"{token.rpartition(':')[2]}-{group}-{index}-{'-'.join(change)}"
                yield pytest.param(token, change, id=name)


def _failures(token: str, change: dict[str, Any]) -> Sequence[Failure]:
    given = {**TOLD[token].good, **change}
    kind = RESOURCE_TYPES[token]
    return check(kind, name="thing", given=given, before={}, seed=b"", default_tags={}).failures


@pytest.mark.parametrize("token", TOLD)
def test_what_is_changed_passes(token: str) -> None:
    assert _failures(token, {}) == []


@pytest.mark.parametrize(("token", "change"), list(_changes("refused", "stricter")))
def test_a_bad_value_is_refused(token: str, change: dict[str, Any]) -> None:
    assert _failures(token, change)


@pytest.mark.parametrize(("token", "change"), list(_changes("passes")))
def test_what_aws_takes_passes(token: str, change: dict[str, Any]) -> None:
    assert _failures(token, change) == []


@pytest.mark.parametrize("token", TOLD)
def test_what_only_the_real_provider_has_is_refused_as_what_the_lab_lacks(token: str) -> None:
    missing = settable_names(told_of(token)) - set(RESOURCE_TYPES[token].properties)
    reasons = {each.path: each.reason for each in _failures(token, dict.fromkeys(missing, "x"))}
    assert set(reasons) == missing
    assert all(reason.startswith("the lab doesn't have it") for reason in reasons.values())


def test_a_field_that_only_the_real_provider_has_is_refused_as_what_the_lab_lacks() -> None:
    check = {"healthCheck": {"enabled": True}}
    (failure,) = _failures("aws:lb/targetGroup:TargetGroup", check)
    assert failure.path == "healthCheck.enabled"
    assert failure.reason.startswith("the lab doesn't have it")

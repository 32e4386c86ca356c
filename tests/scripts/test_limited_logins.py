"""A firewall that limits logins lets a program in again that pauses as ours does."""

from __future__ import annotations

import itertools
from collections.abc import Iterable

import pytest

from lab.providers.command.retrying import pause_before
from remote.session import PAUSES

SECONDS, HITS = 30.0, 6
"""Of `ufw limit`."""


def tries_until_let_in(pauses: Iterable[float]) -> int | None:
    """How many tries it takes after as many logins at once as are let in; None for all in vain.

    Source: linux, net/netfilter/xt_recent.c: a try is noted by --set, and once more by --update
    where it's refused.
    """
    noted, now = [0.0] * (HITS - 1), 0.0
    for number, pause in enumerate(itertools.chain([0.0], pauses), start=1):
        now += pause
        noted.append(now)
        if sum(now - one < SECONDS for one in noted) < HITS:
            return number
        noted.append(now)
    return None


def test_whoever_pauses_as_a_session_does_is_let_in_again() -> None:
    assert tries_until_let_in(PAUSES) is not None


@pytest.mark.parametrize("tries", [60, 1000])
def test_whoever_tries_every_five_seconds_never_is(tries: int) -> None:
    # So does pulumi-command, which is why such a host is warned of.
    assert tries_until_let_in(map(pause_before, range(1, tries))) is None

"""The rules of a network that is cut."""

from __future__ import annotations

import pytest

from lab.openvidu.surroundings import partition


@pytest.mark.parametrize("how", ["drop", "reject"])
@pytest.mark.parametrize("far", ["base", "peers", "operator", "all"])
def test_a_machine_that_is_cut_off_reaches_itself(far: str, how: str) -> None:
    rules = partition("10.5.0.8", far, "both", how)
    for hook, device in (("input", "iifname"), ("output", "oifname")):
        _, _, chain = rules.partition(f"hook {hook} priority -10; ")
        assert chain.startswith(f'{device} "lo" accept; ip ')

"""Which Docker Compose starts which OpenVidu: told alike in Python and on machines."""

from __future__ import annotations

import pytest

from components.remote import text_of
from openvidu.compose import (
    FIRST_THAT_NEVER_RETURNS,
    FIRST_THAT_RETURNS_AGAIN,
    compose_below,
    works,
)
from openvidu.release import BASE, MASTER, NODE, Product


@pytest.mark.parametrize(
    ("version", "compose", "starts"),
    [
        ("2.30.0", "2.38.2", True),
        ("2.30.0", "2.5.0", True),
        ("2.30.0", "2.39.0", False),
        ("2.32.0", "v2.40.3", False),
        ("2.32.0", "2.40.3+ds1-0ubuntu1~24.04.1", False),
        ("2.32.0", "5.5.0", False),
        ("2.32.0", "5.5.1", False),
        ("2.30.0", "5.6.0", True),
        ("2.32.0", "v5.6.1", True),
        ("2.32.0", "6.0.0", True),
        ("2.32.0", "", False),
        ("2.32.1", "5.5.0", True),
        ("2.32.2", "2.26.1", True),
        ("latest", "5.5.0", True),
    ],
)
def test_a_nodes_start_ends_with_a_compose_that_suits_it(
    version: str, compose: str, starts: bool
) -> None:
    assert works(NODE, version, compose) is starts


@pytest.mark.parametrize("product", [BASE, MASTER])
def test_base_and_master_start_with_any(product: Product) -> None:
    assert works(product, "2.30.0", "5.5.0")
    assert compose_below(product, "2.30.0") is None


def test_machines_are_told_the_same_number() -> None:
    script = text_of("start-node.sh")
    assert f"\ncompose_below={FIRST_THAT_NEVER_RETURNS}\n" in script
    assert f"\ncompose_from={FIRST_THAT_RETURNS_AGAIN}\n" in script

"""Which Docker Compose works with which version of OpenVidu.

A node's start before 2.32.1 waits with `up --exit-code-from` for a service that has
`restart: always`. Up to Compose 2.38 that returns when the service has ended; from 2.39 on Compose
goes with the service through each of its restarts, and the start never ends; from 5.6 on it ends
again. Later versions of OpenVidu use `run`, which returns.

Source: repository, enterprise-ha, node, program `openvidu`, `start_openvidu`; measured with Compose
2.26.1, 5.6.0 and 5.6.1 (returns), 2.40.3 and 5.5.1 (doesn't): tests/conformance/test_restarts.py;
what 5.5 has came with 2.39.0.
"""

from __future__ import annotations

import re

from openvidu.release import LATEST, NODE, Product, ordered

FIRST_THAT_NEVER_RETURNS = "2.39"
"""Of Docker Compose."""
FIRST_THAT_RETURNS_AGAIN = "5.6"
"""Likewise."""
_FIRST_WITH_RUN = (2, 32, 1)
"""Of OpenVidu."""


def compose_below(product: Product, version: str) -> str | None:
    """The first Docker Compose that doesn't work with a version of OpenVidu; None where all do.

    Args:
        product: what is started.
        version: fixed, or `latest`.
    """
    if product is not NODE or version == LATEST or ordered(version) >= _FIRST_WITH_RUN:
        return None
    return FIRST_THAT_NEVER_RETURNS


def told(product: Product, version: str) -> dict[str, str]:
    """What scripts on machines are told of it: empty where all Composes work.

    Args:
        product: what is started.
        version: fixed, or `latest`.
    """
    below = compose_below(product, version) or ""
    return {"COMPOSE_BELOW": below, "COMPOSE_FROM": FIRST_THAT_RETURNS_AGAIN if below else ""}


def works(product: Product, version: str, compose: str) -> bool:
    """Whether a Docker Compose starts a version of OpenVidu.

    Args:
        product: what is started.
        version: of OpenVidu: fixed, or `latest`.
        compose: what `docker compose version --short` says, as `2.40.3` or `v2.40.3+ds1`; where
            that is no version, only an OpenVidu that takes all of them works.
    """
    below = compose_below(product, version)
    if below is None:
        return True
    found = re.match(r"v?(\d+(?:\.\d+)*)", compose)
    if found is None:
        return False
    given = ordered(found[1])
    return given < ordered(below) or given >= ordered(FIRST_THAT_RETURNS_AGAIN)

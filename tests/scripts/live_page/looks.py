"""Looks at a cluster of which tests say how it is."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from scripts.cluster_status import MachineStatus, Session, Status, Usage
from scripts.fullness import Store
from tests.scripts.test_status import BASE, ONE, TWO

NOW = datetime.now(UTC)
HOSTILE = "<img src=x onerror=\"document.title='broken in'\">"
CALL = Session(HOSTILE, 2, NOW - timedelta(minutes=65))
SERVING = replace(TWO, state="serving", calls=1, participants=2, sessions=(CALL,), balanced=True)
DRAINING = replace(SERVING, state="draining")
LEFT = replace(TWO, state="left", health=None, calls=0, sessions=(), balanced=False)
UNSEEN = replace(SERVING, state="no answer", health=None, calls=None, sessions=None, usage=None)


def cluster(*nodes: MachineStatus, state: str = "UP") -> Status:
    balanced = [one.private_ip for one in nodes if one.balanced and one.private_ip]
    stores = [Store("redis", "1 % of 8 GB in use")]
    until = NOW + timedelta(days=60)
    return Status({"clusterStatus": state}, [BASE, *nodes], until, balanced, stores=stores)


FIRST = replace(ONE, usage=Usage(40, 50))

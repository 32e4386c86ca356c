"""A node's place in the cluster while its processes end."""

from __future__ import annotations

import asyncio
from typing import cast

from lab.openvidu.node.cluster import Cluster, Json
from lab.openvidu.node.membership import Membership, Report
from lab.openvidu.node.webhooks import Courier
from openvidu.api import RUNNING

NODE: Json = {"status": RUNNING}


class SlowCluster:
    """Redis that takes a turn of the event loop for everything, and two for a heartbeat."""

    def __init__(self) -> None:
        self.registered = False

    async def join(self, _: Json, __: dict[str, Json]) -> bool:
        await asyncio.sleep(0)
        self.registered = True
        return True

    async def beat(self, _: Json) -> bool:
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        self.registered = True
        return False

    async def leave(self) -> None:
        await asyncio.sleep(0)
        self.registered = False


class Silent:
    """Sends no webhook."""

    def send(self, _: list[Json]) -> None:
        return


def test_a_heartbeat_on_its_way_does_not_register_a_node_that_leaves() -> None:
    async def leave_during_a_heartbeat() -> bool:
        cluster = SlowCluster()
        here = Membership("10.5.0.6", cast("Cluster", cluster), cast("Courier", Silent()), "")
        await here.take(Report(NODE, complete=True))
        assert cluster.registered
        await asyncio.gather(here.take(Report(NODE)), here.leave())
        return cluster.registered

    assert not asyncio.run(leave_during_a_heartbeat())

"""The container `openvidu-server`: sessions, on 5443, of a node or of a single master.

A node's reports every change to the replication manager before it answers, so that the cluster's
picture is never behind what a client was told. Source: repository of OpenVidu 2.30.0, service
`openvidu-server` (MULTI_MASTER_REPLICATION_MANAGER_WEBHOOK); REST reference.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
from pathlib import Path

from lab.openvidu.master.endpoints import MasterEndpoints
from lab.openvidu.master.house import MasterHouse, is_master
from lab.openvidu.node.endpoints import Endpoints
from lab.openvidu.node.house import House
from lab.openvidu.node.recordings import Uploader
from lab.openvidu.web.server import listen, log, run
from openvidu import ports

_COLLECT_EVERY = 900.0


async def serve(stopping: asyncio.Event) -> None:
    """Serve until asked to stop; the sessions end then."""
    uploader = Uploader(os.environ, Path.cwd())
    house, endpoints = _master(uploader) if is_master(os.environ) else _node(uploader)
    server = await listen(endpoints.handle, ports.API)
    log("OpenVidu Server is ready")
    tasks = [asyncio.create_task(house.keep_reporting()), asyncio.create_task(_collect(house))]
    await stopping.wait()
    server.close()
    for task in tasks:
        task.cancel()
    await house.close()


def _node(uploader: Uploader) -> tuple[House, Endpoints]:
    house = House(os.environ, uploader)
    return house, Endpoints(house, os.environ)


def _master(uploader: Uploader) -> tuple[House, Endpoints]:
    house = MasterHouse(os.environ, uploader)
    return house, MasterEndpoints(house, os.environ)


async def _collect(house: House) -> None:
    """End sessions that nobody joined.

    Source: OPENVIDU_SESSIONS_GARBAGE_INTERVAL (900) and ..._THRESHOLD (3600).
    """
    interval = float(os.environ.get("OPENVIDU_SESSIONS_GARBAGE_INTERVAL") or _COLLECT_EVERY)
    threshold = float(os.environ.get("OPENVIDU_SESSIONS_GARBAGE_THRESHOLD") or 3600)
    while interval > 0:
        await asyncio.sleep(interval)
        with contextlib.suppress(ConnectionError):
            await house.collect(threshold)


if __name__ == "__main__":
    run(serve)

"""The container `openvidu-server`: sessions, on 5443, of a node or of a single master.

A node's reports every change to the replication manager before it answers, so that the cluster's
picture is never behind what a client was told. Its `.env` wins over its environment. Source:
repository of OpenVidu 2.30.0, service `openvidu-server` (MULTI_MASTER_REPLICATION_MANAGER_WEBHOOK),
and `OpenviduConfig.getValue`; REST reference.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import Mapping
from pathlib import Path

from lab.openvidu.master.endpoints import MasterEndpoints
from lab.openvidu.master.server_state import MasterState, is_master
from lab.openvidu.node.endpoints import Endpoints
from lab.openvidu.node.recordings import Uploader
from lab.openvidu.node.server_state import ServerState
from lab.openvidu.web.server import listen, log, run
from openvidu import environment, ports

_COLLECT_EVERY = 900.0


async def serve(stopping: asyncio.Event) -> None:
    """Serve until asked to stop; the sessions end then."""
    values = {**os.environ, **environment.parse(Path(".env").read_text())}
    uploader = Uploader(values, Path.cwd())
    make = _master if is_master(values) else _node
    server_state, endpoints = make(values, uploader)
    server = await listen(endpoints.handle, ports.API)
    log("OpenVidu Server is ready")
    tasks = [
        asyncio.create_task(server_state.keep_reporting()),
        asyncio.create_task(_collect(server_state, values)),
    ]
    await stopping.wait()
    server.close()
    for task in tasks:
        task.cancel()
    await server_state.close()


def _node(values: Mapping[str, str], uploader: Uploader) -> tuple[ServerState, Endpoints]:
    server_state = ServerState(values, uploader)
    return server_state, Endpoints(server_state)


def _master(values: Mapping[str, str], uploader: Uploader) -> tuple[ServerState, Endpoints]:
    server_state = MasterState(values, uploader)
    return server_state, MasterEndpoints(server_state)


async def _collect(server_state: ServerState, values: Mapping[str, str]) -> None:
    """End sessions that nobody joined.

    Source: OPENVIDU_SESSIONS_GARBAGE_INTERVAL (900) and ..._THRESHOLD (3600).
    """
    interval = float(values.get("OPENVIDU_SESSIONS_GARBAGE_INTERVAL") or _COLLECT_EVERY)
    threshold = float(values.get("OPENVIDU_SESSIONS_GARBAGE_THRESHOLD") or 3600)
    while interval > 0:
        await asyncio.sleep(interval)
        with contextlib.suppress(ConnectionError):
            await server_state.collect(threshold)


if __name__ == "__main__":
    run(serve)

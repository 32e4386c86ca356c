"""Serves the lab's HTTP handlers on a port of the loopback address."""

from __future__ import annotations

import asyncio
import queue
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from lab.openvidu.web.messages import Handler
from lab.openvidu.web.server import listen


@contextmanager
def serving(handler: Handler, tls: ssl.SSLContext | None = None) -> Iterator[str]:
    """The URL under which a handler answers, until the block ends."""
    ports: queue.Queue[int] = queue.Queue()
    stop = threading.Event()

    async def serve() -> None:
        server = await listen(handler, 0, host="127.0.0.1", tls=tls)
        ports.put(server.sockets[0].getsockname()[1])
        await asyncio.to_thread(stop.wait)

    thread = threading.Thread(target=asyncio.run, args=(serve(),))
    thread.start()
    port = ports.get()
    try:
        yield f"http://127.0.0.1:{port}" if tls is None else f"https://localhost:{port}"
    finally:
        stop.set()
        thread.join()

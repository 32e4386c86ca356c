"""Leads a browser on this computer to a page that a command serves where the operator works.

That is a network of the lab's own: its loopback address isn't this computer's. A socket stays in
the network that it was made in, whoever has it: this one listens out here, and is handed in.
Source: network_namespaces(7).
"""

from __future__ import annotations

import asyncio
import os
import socket
import subprocess
import sys
from asyncio import StreamReader, StreamWriter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import partial

from lab.cloud.facts import PROJECT
from lab.cloud.launch import Supervisor
from lab.errors import LabError

_LOOPBACK = "127.0.0.1"
_CHUNK = 2**16


@contextmanager
def led_in(supervisor: Supervisor, port: int) -> Iterator[int]:
    """Lead whoever connects to a port of this computer to the same port in a lab.

    Args:
        supervisor: the lab's.
        port: which; any that is free where it's 0.

    Returns:
        the port, until the block ends.

    Raises:
        LabError: nothing can listen there.
    """
    try:
        listening = socket.create_server((_LOOPBACK, port))
    except OSError as error:
        raise LabError(
            f"can't listen at {_LOOPBACK}, port {port}: {error.strerror}.\n"
            "  Next: uv run lab status --web"
        ) from None
    with listening:
        number, found = listening.fileno(), int(listening.getsockname()[1])
        command = [sys.executable, "-m", "lab.page_relay", str(number), str(found)]
        with subprocess.Popen(
            supervisor.enter(command),
            stdin=subprocess.DEVNULL,
            pass_fds=[number],
            cwd=PROJECT,
            # Ctrl-C is for the command whose page it is.
            start_new_session=True,
        ) as relay:
            try:
                yield found
            finally:
                relay.terminate()


async def lead(listening: socket.socket, port: int) -> None:
    """Lead whoever connects to a port of the loopback address here, for ever."""
    server = await asyncio.start_server(partial(_join, port), sock=listening)
    async with server:
        await server.serve_forever()


async def _join(port: int, reader: StreamReader, writer: StreamWriter) -> None:
    try:
        there, back = await asyncio.open_connection(_LOOPBACK, port)
    except OSError:
        # The page isn't there yet, or no more.
        writer.close()
        return
    await asyncio.gather(_pass(reader, back), _pass(there, writer))


async def _pass(source: StreamReader, target: StreamWriter) -> None:
    with suppress(ConnectionError):
        while chunk := await source.read(_CHUNK):
            target.write(chunk)
            await target.drain()
    target.close()


if __name__ == "__main__":
    os.set_inheritable(int(sys.argv[1]), False)
    asyncio.run(lead(socket.socket(fileno=int(sys.argv[1])), int(sys.argv[2])))

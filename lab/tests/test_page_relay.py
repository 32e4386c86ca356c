"""Who connects to the socket that is handed in is led to a page, byte by byte, and to its end."""

from __future__ import annotations

import asyncio
import socket

import pytest

from lab.errors import LabError
from lab.page_relay import lead, led_in
from tests.ports import closed_port


async def _echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write((await reader.readline()).upper())
    writer.close()


async def _asked(listening: socket.socket, port: int) -> bytes:
    """What comes back of a line, until the other side ends."""
    relay = asyncio.create_task(lead(listening, port))
    reader, writer = await asyncio.open_connection(*listening.getsockname())
    writer.write(b"hello\n")
    try:
        return await asyncio.wait_for(reader.read(), 30)
    finally:
        writer.close()
        relay.cancel()


def test_what_is_asked_reaches_the_page_and_its_answer_comes_back() -> None:
    async def both() -> bytes:
        page = await asyncio.start_server(_echo, "127.0.0.1", 0)
        async with page:
            return await _asked(
                socket.create_server(("127.0.0.1", 0)), page.sockets[0].getsockname()[1]
            )

    assert asyncio.run(both()) == b"HELLO\n"


def test_a_page_that_is_not_there_ends_the_connection() -> None:
    listening = socket.create_server(("127.0.0.1", 0))
    assert asyncio.run(_asked(listening, closed_port())) == b""


def test_a_port_that_is_taken_is_told_with_what_to_type() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        told = pytest.raises(LabError, match=f"port {port}: .*\n  Next: uv run lab status --web")
        with told, led_in(None, port):  # type: ignore[arg-type]  # nobody is asked for
            pass

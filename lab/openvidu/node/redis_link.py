"""A Redis client for the few commands that the replication manager needs.

Small because each node starts one: the usual client takes longer to import than the whole
replication manager takes to start.
Source of the protocol: "Redis serialization protocol specification", RESP2.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from lab.openvidu import faults

Reply = bytes | int | None | list["Reply"]
_SECONDS = 5.0


class RedisError(Exception):
    """Redis doesn't answer, or refuses."""


@dataclass(frozen=True)
class Address:
    """Where Redis is, and its password; empty for one that wants none."""

    host: str
    port: int
    password: str


class RedisLink:
    """One connection that is made anew when it is lost."""

    def __init__(self, address: Address) -> None:
        self._address = address
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None
        self._lock = asyncio.Lock()

    async def call(self, *words: str) -> Reply:
        """Send one command.

        Raises:
            RedisError: no connection, no answer within 5 s, or an error as the answer.
        """
        return (await self.pipeline([words]))[0]

    async def pipeline(self, commands: Sequence[Sequence[str]]) -> list[Reply]:
        """Send several commands at once, as one transaction.

        Raises:
            RedisError: as `call`.
        """
        if faults.look("redis-unreachable"):
            raise RedisError(f"{self._address.host}:{self._address.port} does not answer")
        async with self._lock:
            try:
                async with asyncio.timeout(_SECONDS):
                    reader, writer = self._streams or await self._connect()
                    return await _exchange(
                        reader, writer, [("MULTI",), *commands, ("EXEC",)], len(commands)
                    )
            except (OSError, asyncio.IncompleteReadError, EOFError) as error:
                self.close()
                raise RedisError(
                    f"{self._address.host}:{self._address.port}: {error or 'no answer'}"
                ) from error
            except RedisError:
                self.close()
                raise

    def close(self) -> None:
        """Let the connection go."""
        if self._streams:
            self._streams[1].close()
            self._streams = None

    async def _connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        streams = await asyncio.open_connection(self._address.host, self._address.port)
        self._streams = streams
        if self._address.password:
            streams[1].write(_encode(("AUTH", self._address.password)))
            await _read_reply(streams[0])
        return streams


async def _exchange(
    reader: asyncio.StreamReader,
    writer: asyncio.StreamWriter,
    commands: Sequence[Sequence[str]],
    queued: int,
) -> list[Reply]:
    writer.write(b"".join(map(_encode, commands)))
    await writer.drain()
    for _ in range(queued + 1):
        await _read_reply(reader)
    replies = await _read_reply(reader)
    if not isinstance(replies, list):
        raise RedisError("the transaction was not carried out")
    return replies


def _encode(words: Sequence[str]) -> bytes:
    encoded = [word.encode() for word in words]
    parts = [b"*%d\r\n" % len(encoded)]
    parts += [b"$%d\r\n%s\r\n" % (len(word), word) for word in encoded]
    return b"".join(parts)


async def _read_reply(reader: asyncio.StreamReader) -> Reply:
    line = (await reader.readuntil(b"\r\n"))[:-2]
    kind, rest = line[:1], line[1:]
    match kind:
        case b"+":
            return rest
        case b"-":
            raise RedisError(rest.decode(errors="replace"))
        case b":":
            return int(rest)
        case b"$":
            length = int(rest)
            return None if length < 0 else (await reader.readexactly(length + 2))[:-2]
        case b"*":
            length = int(rest)
            return None if length < 0 else [await _read_reply(reader) for _ in range(length)]
        case _:
            raise RedisError(f"not an answer of Redis: {line!r}")

"""One command in an SSH session, its environment set variable by variable.

AsyncSSH sends the environment without asking for an answer. Whether the server takes a variable
has to be known before the command starts, so the channel is opened here, step by step.

Source: RFC 4254, 6.4 and 6.10; golang.org/x/crypto/ssh, session.go (order, wording of errors).
"""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable
from contextlib import suppress

import asyncssh
from asyncssh.channel import SSHClientChannel
from asyncssh.packet import String

from lab.providers.base import ProviderError

_WINDOW = 2 * 1024 * 1024
_PACKET = 32 * 1024

Take = Callable[[bytes, bool], None]
"""Takes a chunk that was printed, and whether it is of standard error."""


class Channel(SSHClientChannel[bytes]):
    """A session that asks the server about each variable before it runs the command."""

    @classmethod
    async def open(cls, connection: asyncssh.SSHClientConnection, take: Take) -> Channel:
        """Open a session.

        Raises:
            ProviderError: The server refuses it, or the connection is lost.
        """
        loop = asyncio.get_running_loop()
        channel = cls(connection, loop, "strict", None, "strict", _WINDOW, _PACKET)
        try:
            packet = await channel._open(b"session")
        except (asyncssh.ChannelOpenError, OSError) as error:
            raise ProviderError(f"ssh: can't open a session: {error}") from error
        packet.check_end()
        channel.ending = Ending(take)
        channel._session = channel.ending
        channel.ending.connection_made(channel)
        return channel

    ending: Ending

    async def set_variable(self, name: str, value: str) -> str | None:
        """Set a variable of the environment.

        Returns:
            None if the server accepts it, else why it is not set.
        """
        try:
            accepted = await self._make_request(b"env", String(name), String(value))
        except (asyncssh.Error, OSError):
            return "EOF"
        return None if accepted else "ssh: setenv failed"

    async def run(self, command: str, stdin: str) -> str | None:
        """Run the command until the server closes the session.

        Returns:
            None if it succeeded, else how it ended.

        Raises:
            ProviderError: `take` raised it.
        """
        try:
            if not await self._make_request(b"exec", String(command)):
                return f"ssh: command {command} failed"
        except (asyncssh.Error, OSError):
            return "EOF"
        self.ending.session_started()
        self._reading = self._loop.create_task(self._start_reading())
        with suppress(OSError):  # the command may end without reading it all
            self.write(stdin.encode())
            self.write_eof()
        return await self.ending.result


class Ending(asyncssh.SSHClientSession[bytes]):
    """Follows a session to its end."""

    def __init__(self, take: Take) -> None:
        self._take = take
        self._status: int | None = None
        self._signal: tuple[str, str] | None = None
        self.result: asyncio.Future[str | None] = asyncio.get_running_loop().create_future()

    def connection_made(self, chan: SSHClientChannel[bytes]) -> None:
        """Keep the channel, to end it when its output can't be taken."""
        self._channel = chan

    def data_received(self, data: bytes, datatype: int | None) -> None:
        """Pass on what was printed."""
        try:
            self._take(data, datatype == asyncssh.EXTENDED_DATA_STDERR)
        except ProviderError as error:
            if not self.result.done():
                self.result.set_exception(error)
            self._channel.abort()

    def exit_status_received(self, status: int) -> None:
        """Note the exit status."""
        self._status = status

    def exit_signal_received(self, signal: str, core_dumped: bool, msg: str, lang: str) -> None:
        """Note the signal that ended the command."""
        self._signal = (signal, msg)

    def connection_lost(self, exc: Exception | None) -> None:
        """The session is closed, orderly or not."""
        if not self.result.done():
            self.result.set_result(self.describe())

    def describe(self) -> str | None:
        """Say how the command ended, as Go's SSH library does; None is success."""
        if self._status is None and self._signal is None:
            return "wait: remote command exited without exit status or exit signal"
        if self._signal is None:
            return f"Process exited with status {self._status}" if self._status else None
        name, message = self._signal
        number = getattr(signal, f"SIG{name}", 0)
        reason = f". Reason was: {message}" if message else ""
        return f"Process exited with status {128 + number} from signal {name}{reason}"

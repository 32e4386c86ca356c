"""One call of the engine: the resource it is about, where to log, and when to stop."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from lab.providers.base import EngineLog, ProviderError

CANCELED: Final = "context canceled"
DEADLINE_EXCEEDED: Final = "context deadline exceeded"


class Operation:
    """What a running create, update, delete or function call needs to know of the engine's side."""

    def __init__(self, log: EngineLog, urn: str) -> None:
        self._log = log
        self._urn = urn
        self._stopped = asyncio.Event()
        self._reason = ""
        self.left = False
        """Whether the provider is about to end, and leaves what the operation has started."""

    def debug(self, message: str) -> None:
        """Log a line that shows only with the engine's debug output."""
        self._log.debug(message, self._urn)

    def status(self, message: str) -> None:
        """Show a note beside the resource until the next one."""
        self._log.status(message, self._urn)

    def warning(self, message: str) -> None:
        """Log a warning under the resource."""
        self._log.warning(message, self._urn)

    def error(self, message: str) -> None:
        """Log an error under the resource."""
        self._log.error(message, self._urn)

    def stop(self, reason: str) -> None:
        """Ask the operation to end. The first reason stays."""
        self._reason = self._reason or reason
        self._stopped.set()

    @property
    def stop_reason(self) -> str | None:
        """Why the operation is to end, or None while it may go on."""
        return self._reason or None

    async def stopped(self) -> None:
        """Wait until the operation is asked to end."""
        await self._stopped.wait()

    async def pause(self, seconds: float) -> None:
        """Wait for some time.

        Raises:
            ProviderError: The operation is to end, or was asked to before the time was over.
        """
        try:
            await asyncio.wait_for(self._stopped.wait(), seconds)
        except TimeoutError:
            return
        raise ProviderError(self._reason)


class Operations:
    """All operations that run in this provider.

    After Cancel, new ones begin as already stopped, as contexts do in the real provider.
    """

    def __init__(self, log: EngineLog) -> None:
        self._log = log
        self._running: set[Operation] = set()
        self._canceled = False

    @asynccontextmanager
    async def begin(self, urn: str, timeout: float = 0) -> AsyncIterator[Operation]:
        """Run one operation; a time-out of 0 seconds means none.

        All of its log has reached the engine when it ends.
        """
        operation = Operation(self._log, urn)
        self._running.add(operation)
        loop = asyncio.get_running_loop()
        timer = loop.call_later(timeout, operation.stop, DEADLINE_EXCEEDED) if timeout else None
        if self._canceled:
            operation.stop(CANCELED)
        try:
            yield operation
        finally:
            self._running.discard(operation)
            if timer is not None:
                timer.cancel()
            await asyncio.to_thread(self._log.flush)

    def leave(self) -> None:
        """Leave what runs as it is: the provider is about to end."""
        for operation in self._running:
            operation.left = True

    def cancel(self) -> None:
        """Ask all operations to end, also those to come."""
        self._canceled = True
        for operation in self._running:
            operation.stop(CANCELED)

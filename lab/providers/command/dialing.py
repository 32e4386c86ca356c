"""Connecting to the machine that the input `connection` names, through its proxy if it has one.

Source: pulumi-command 1.2.1, remote/connection.go.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager

import asyncssh

from lab.providers.base import ProviderError
from lab.providers.command.endpoints import Endpoint, read_endpoint
from lab.providers.command.handshakes import shake_hands
from lab.providers.command.operation import Operation
from lab.providers.command.reading import PlainProperties
from lab.providers.command.retrying import DialError, dial_with_retry
from lab.providers.command.tcp import dial_tcp


@asynccontextmanager
async def connected(
    operation: Operation, inputs: PlainProperties
) -> AsyncIterator[asyncssh.SSHClientConnection]:
    """Connect, dialling again as often as the endpoint's `dialErrorLimit` says.

    A stopped operation ends at the next pause between two attempts; a connection that is open
    stays open until the block is done.

    Args:
        operation: The call that it is part of.
        inputs: The properties of the resource; `connection` is read.

    Raises:
        ProviderError: A key can't be read, all attempts failed, or the operation was stopped.
    """
    connection = inputs.object("connection")
    if connection is None:
        raise ProviderError("property 'connection': expected an object, found nothing")
    async with AsyncExitStack() as stack:
        endpoint = await _read(stack, connection)
        proxy_inputs = connection.object("proxy")
        if proxy_inputs is None:
            client = await _dial(operation, "Dial", endpoint)
        else:
            with _naming_the_proxy():
                proxy = await _read(stack, proxy_inputs)
                tunnel = await _dial(operation, "Dial proxy", proxy)
                await stack.enter_async_context(tunnel)
                client = await _dial_through(operation, tunnel, endpoint)
        yield await stack.enter_async_context(client)


async def _read(stack: AsyncExitStack, inputs: PlainProperties) -> Endpoint:
    endpoint = await read_endpoint(inputs)
    if endpoint.agent is not None:
        stack.callback(endpoint.agent.close)
    return endpoint


async def _dial(
    operation: Operation, what: str, endpoint: Endpoint
) -> asyncssh.SSHClientConnection:
    async def dial() -> asyncssh.SSHClientConnection:
        connection = await dial_tcp(endpoint.host, endpoint.port, endpoint.dial_timeout)
        return await shake_hands(endpoint, connection)

    return await dial_with_retry(operation, what, endpoint.dial_error_limit, dial)


async def _dial_through(
    operation: Operation, tunnel: asyncssh.SSHClientConnection, endpoint: Endpoint
) -> asyncssh.SSHClientConnection:
    """Dial the endpoint from the proxy, then shake hands with it: each with its own attempts.

    As in the real provider, all handshakes use the one connection that the proxy made: after the
    first that failed, the others find it closed (measured).
    """
    outcome: asyncssh.SSHClientConnection | DialError

    async def dial() -> asyncssh.SSHClientConnection | DialError:
        try:
            return await shake_hands(endpoint, None, tunnel)
        except asyncssh.ChannelOpenError as error:
            raise DialError(f"ssh: rejected: connect failed ({error.reason})") from error
        except DialError as error:
            return error

    limit = endpoint.dial_error_limit
    outcome = await dial_with_retry(operation, "Dial from proxy", limit, dial)

    async def take_outcome() -> asyncssh.SSHClientConnection:
        nonlocal outcome
        if isinstance(outcome, DialError):
            failure, outcome = outcome, DialError("ssh: handshake failed: EOF")
            raise failure
        return outcome

    return await dial_with_retry(operation, "Dial", limit, take_outcome)


@contextmanager
def _naming_the_proxy() -> Iterator[None]:
    try:
        yield
    except ProviderError as error:
        raise ProviderError(f"proxy: {error}") from error

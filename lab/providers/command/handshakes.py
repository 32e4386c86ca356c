"""The SSH handshake: the server's host key, then the user's authentication.

Source: pulumi-command 1.2.1, remote/connection.go; golang.org/x/crypto/ssh (order of methods, each
once; wording of errors).
"""

from __future__ import annotations

import socket
from collections.abc import Sequence
from typing import Final

import asyncssh

from lab.providers.command.endpoints import Endpoint
from lab.providers.command.errnos import reason_of
from lab.providers.command.retrying import DialError

_SHA1_RSA: Final = "ssh-rsa"
_METHODS: Final = ("publickey", "password", "keyboard-interactive")


class _Login(asyncssh.SSHClient):
    """Answers the server's requests for authentication, and notes which methods were tried."""

    def __init__(self, endpoint: Endpoint) -> None:
        self._endpoint = endpoint
        self.tried = ["none"]
        self._connection: asyncssh.SSHClientConnection | None = None

    def connection_made(self, conn: asyncssh.SSHClientConnection) -> None:
        self._connection = conn

    @property
    def met_a_server(self) -> bool:
        """Whether the other side has said that it speaks SSH."""
        return bool(self._connection and self._connection.get_extra_info("server_version"))

    async def public_key_auth_requested(
        self,
    ) -> list[asyncssh.SSHKey] | list[asyncssh.SSHKeyPair] | None:
        key, agent = self._endpoint.key, self._endpoint.agent
        if (key is None and agent is None) or not self._first_try("publickey"):
            return None
        if key is not None:
            return [key]
        try:
            return list(await agent.get_keys()) if agent else None
        except ValueError:  # the agent is gone, or does not speak its protocol
            return None

    def password_auth_requested(self) -> str | None:
        if self._endpoint.password is None or not self._first_try("password"):
            return None
        return self._endpoint.password

    def kbdint_auth_requested(self) -> str | None:
        if self._endpoint.password is None or not self._first_try("keyboard-interactive"):
            return None
        return ""

    def kbdint_challenge_received(
        self, name: str, instructions: str, lang: str, prompts: Sequence[tuple[str, bool]]
    ) -> Sequence[str]:
        return [self._endpoint.password or ""] * len(prompts)

    def _first_try(self, method: str) -> bool:
        if method in self.tried:
            return False
        self.tried.append(method)
        return True


async def shake_hands(
    endpoint: Endpoint,
    connection: socket.socket | None,
    tunnel: asyncssh.SSHClientConnection | None = None,
) -> asyncssh.SSHClientConnection:
    """Begin an SSH session over a TCP connection, or over one that `tunnel` opens.

    There is no limit of time.

    Raises:
        DialError: The handshake failed, whatever the reason, a wrong host key included.
        asyncssh.ChannelOpenError: The tunnel can't reach the endpoint.
    """
    login = _Login(endpoint)
    try:
        return await asyncssh.connect(
            endpoint.host,
            endpoint.port,
            sock=connection,
            tunnel=tunnel or (),
            config=None,
            client_factory=lambda: login,
            username=endpoint.user,
            client_keys=None,
            public_key_auth=True,
            preferred_auth=_METHODS,
            agent_forwarding=False,
            gss_host=None,
            known_hosts=None if endpoint.host_key is None else ([endpoint.host_key], [], []),
            server_host_key_algs=_host_key_algorithms(endpoint),
            compression_algs=("none",),
            connect_timeout=None,
            login_timeout=0,
        )
    except asyncssh.ChannelOpenError:
        raise
    except (OSError, asyncssh.Error) as error:
        raise DialError(f"ssh: handshake failed: {_reason(error, endpoint, login)}") from error


def _host_key_algorithms(endpoint: Endpoint) -> str | tuple[str, ...]:
    """Give the one algorithm that the real provider offers for a host key.

    For an RSA key that is `ssh-rsa`, which servers of today refuse: measured.
    """
    key = endpoint.host_key
    return "default" if key is None else (key.get_algorithm(),)


def _refused_sha1(endpoint: Endpoint, login: _Login) -> bool:
    """Tell whether an SSH server ended a handshake in which we offered only SHA-1.

    Whether it says so, or its closing the connection is seen first, is a matter of timing.
    """
    return _host_key_algorithms(endpoint) == (_SHA1_RSA,) and login.met_a_server


def _reason(error: OSError | asyncssh.Error, endpoint: Endpoint, login: _Login) -> str:
    match error:
        case asyncssh.HostKeyNotVerifiable():
            reason = "ssh: host key mismatch"
        case asyncssh.PermissionDenied():
            tried = " ".join(login.tried)
            reason = (
                f"ssh: unable to authenticate, attempted methods [{tried}], "
                "no supported methods remain"
            )
        case asyncssh.Error() | OSError() if _refused_sha1(endpoint, login):
            reason = (
                f"ssh: no common algorithm for host key; we offered: [{_SHA1_RSA}], which "
                "pulumi-command takes for RSA keys and servers of today refuse: set hostKey to "
                "the server's ed25519 or ecdsa key"
            )
        case asyncssh.ConnectionLost():
            reason = "EOF"
        case asyncssh.DisconnectError():
            reason = f"ssh: {error.reason}"
        case OSError():
            reason = reason_of(error)
        case _:
            reason = str(error)
    return reason

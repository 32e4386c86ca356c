"""Where to connect to over SSH, as whom, and with what: the input `connection`.

Source: pulumi-command 1.2.1, remote/connection.go.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from typing import Final

import asyncssh

from lab.providers.base import ProviderError
from lab.providers.command.errnos import reason_of
from lab.providers.command.reading import PlainProperties
from lab.providers.command.tables import DIAL_ERROR_LIMIT, PER_DIAL_TIMEOUT

_SSH_PORT: Final = 22


@dataclass(frozen=True)
class Endpoint:
    """An SSH server and how to log in to it.

    Attributes:
        dial_timeout: Seconds for the TCP connection; None is no limit. The SSH handshake that
            follows has none, as in the real provider (read).
        key: Tried first. An agent is asked only where there is no key: the real provider tries
            each method of authentication once.
        host_key: What the server has to prove to have; None takes any server.
    """

    user: str
    host: str
    port: int
    dial_error_limit: int
    dial_timeout: float | None
    key: asyncssh.SSHKey | None = field(repr=False)
    password: str | None = field(repr=False)
    agent: asyncssh.SSHAgentClient | None
    host_key: asyncssh.SSHKey | None

    @property
    def address(self) -> str:
        """Host and port as one text."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


async def read_endpoint(inputs: PlainProperties) -> Endpoint:
    """Read the properties of a connection or a proxy.

    Raises:
        ProviderError: A key can't be read, or the agent can't be reached.
    """
    host_key = inputs.text("hostKey")
    key = inputs.text("privateKey")
    agent_path = inputs.text("agentSocketPath")
    if agent_path is None:
        agent_path = os.environ.get("SSH_AUTH_SOCK") or None
    timeout = inputs.whole("perDialTimeout", default=PER_DIAL_TIMEOUT)
    return Endpoint(
        user=inputs.text("user") or "",
        host=inputs.required_text("host"),
        port=inputs.whole("port", default=_SSH_PORT),
        dial_error_limit=inputs.whole("dialErrorLimit", default=DIAL_ERROR_LIMIT),
        dial_timeout=timeout or None,
        key=None if key is None else _private_key(key, inputs.text("privateKeyPassword")),
        password=inputs.text("password"),
        agent=None if agent_path is None else await _agent(agent_path),
        host_key=None if host_key is None else _host_key(host_key),
    )


def _host_key(text: str) -> asyncssh.SSHKey:
    """Read a line of an authorized_keys file; what stands before the key is skipped."""
    for line in text.splitlines():
        words = line.split()
        for start in range(len(words) - 1):
            try:
                return asyncssh.import_public_key(" ".join(words[start : start + 2]))
            except asyncssh.KeyImportError:
                continue
    raise ProviderError("failed to parse host key: ssh: no key found")


def _private_key(text: str, passphrase: str | None) -> asyncssh.SSHKey:
    try:
        key = asyncssh.import_private_key(text)
    except asyncssh.KeyEncryptionError as error:
        return _encrypted_key(text, passphrase, error)
    except asyncssh.KeyImportError as error:
        if "assphrase" in str(error):
            return _encrypted_key(text, passphrase, error)
        raise ProviderError("ssh: no key found") from None  # the cause would quote the key
    if passphrase is not None:
        raise ProviderError("ssh: key is not password protected")
    return key


def _encrypted_key(text: str, passphrase: str | None, cause: Exception) -> asyncssh.SSHKey:
    if passphrase is None:
        raise ProviderError("ssh: this private key is passphrase protected") from cause
    try:
        return asyncssh.import_private_key(text, passphrase)
    except asyncssh.KeyEncryptionError as error:
        if "bcrypt" in str(error):
            raise ProviderError(
                "privateKey is in OpenSSH's format with a passphrase, which takes the Python "
                "package bcrypt: install it, or convert the key with 'ssh-keygen -p -m PEM -f KEY'"
            ) from error
        raise ProviderError("x509: decryption password incorrect") from error
    except asyncssh.KeyImportError as error:
        raise ProviderError("x509: decryption password incorrect") from error


async def _agent(path: str) -> asyncssh.SSHAgentClient:
    try:
        return await asyncssh.connect_agent(path)
    except OSError as error:
        raise ProviderError(f"dial unix {path}: connect: {reason_of(error)}") from error

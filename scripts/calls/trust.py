"""Whom to trust at the public URL, before a secret goes there.

A certificate counts where a browser on this machine would take it. A self-signed one counts where
it is the very one that the deployment's own machine shows, which is asked over SSH: that knows its
host key.
"""

from __future__ import annotations

import socket
import ssl

from scripts.calls.deployed import Deployed
from scripts.pulumi_cli import PulumiError

_SECONDS = 5.0
_SSH_SECONDS = 20.0


def by_authorities() -> ssl.SSLContext:
    """The authorities that this machine knows; SSL_CERT_FILE may name others."""
    return ssl.create_default_context()


def by_machine(deployed: Deployed) -> ssl.SSLContext:
    """The certificate that the deployment's own machine shows to itself, and no other.

    Raises:
        PulumiError: it can't be asked, or shows none.
    """
    told = deployed.main.ask("certificate", _SSH_SECONDS, PORT=str(deployed.port))
    try:
        return pinned(told)
    except (ssl.SSLError, ValueError):
        raise PulumiError(f"{deployed.main.name} shows no certificate on its own port") from None


def pinned(certificate: str) -> ssl.SSLContext:
    """One certificate, and no other.

    Args:
        certificate: as PEM.

    Raises:
        ssl.SSLError, ValueError: it's none.
    """
    context = ssl.create_default_context(cadata=certificate)
    # It's trusted for what it is: whatever name it's for, and with the fields that it has.
    context.check_hostname = False
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT
    return context


def shake_hands(host: str, port: int, tls: ssl.SSLContext) -> None:
    """Connect, look at the certificate, and say nothing.

    Raises:
        OSError: nobody answers; ssl.SSLCertVerificationError where it isn't whom to trust.
    """
    with (
        socket.create_connection((host, port), _SECONDS) as plain,
        tls.wrap_socket(plain, server_hostname=host),
    ):
        return

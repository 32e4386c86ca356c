"""Whether a certificate or key can be used as configured, before it reaches a machine."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from cryptography import x509
from cryptography.hazmat.primitives import serialization

from components.settings.mistakes import Mistake, set_command

_SET_CERTIFICATE = 'pulumi config set ownCertificate -- "$(cat certificate.pem)"'


def mistakes(certificate: str | None, private_key: str | None, domain: str | None) -> list[Mistake]:
    """What is wrong with an own certificate.

    Args:
        certificate: PEM chain, the server's certificate first; None when it isn't configured.
        private_key: PEM key; None when it isn't configured.
        domain: name or address that the certificate has to cover; None when it isn't known yet.
    """
    found = []
    if certificate is None:
        found.append(Mistake("ownCertificate", "is missing; owncert needs it", _SET_CERTIFICATE))
    if private_key is None:
        command = set_command("ownPrivateKey", "", secret=True)
        found.append(Mistake("ownPrivateKey", "is missing; owncert needs it", command))
    if certificate is None or private_key is None:
        return found
    server = x509.load_pem_x509_certificates(certificate.encode())[0]
    key = serialization.load_pem_private_key(private_key.encode(), password=None)
    if key.public_key() != server.public_key():
        problem = "doesn't belong to ownPrivateKey"
        found.append(Mistake("ownCertificate", problem, _SET_CERTIFICATE))
    if server.not_valid_after_utc <= datetime.now(UTC):
        problem = f"expired on {server.not_valid_after_utc:%Y-%m-%d}"
        found.append(Mistake("ownCertificate", problem, _SET_CERTIFICATE))
    names = _names(server)
    if domain and not any(_covers(name, domain) for name in names):
        problem = f"covers {', '.join(names) or 'no name'}, but not {domain}"
        found.append(Mistake("ownCertificate", problem, _SET_CERTIFICATE))
    return found


@dataclass(frozen=True)
class Chain:
    """A chain of certificates as PEM.

    Attributes:
        own: the server's.
        others: those that follow it; empty where there are none.
    """

    own: str
    others: str


def chain(certificate: str) -> Chain:
    """Take a PEM chain apart."""
    own, *others = x509.load_pem_x509_certificates(certificate.encode())
    pem = serialization.Encoding.PEM
    return Chain(
        own.public_bytes(pem).decode(),
        "".join(one.public_bytes(pem).decode() for one in others),
    )


def ssh_public_key(private_key: str) -> str:
    """The public half of an OpenSSH private key: its kind and the key, without a comment.

    Raises:
        ValueError: it's no such key.
        TypeError: it has a passphrase.
    """
    private = serialization.load_ssh_private_key(private_key.encode(), password=None)
    public = private.public_key().public_bytes(
        serialization.Encoding.OpenSSH, serialization.PublicFormat.OpenSSH
    )
    return public.decode()


def is_ssh_pair(public_key: str, private_key: str) -> bool:
    """Whether an OpenSSH public key belongs to an OpenSSH private key."""
    return ssh_public_key(private_key).split() == public_key.split()[:2]


def _names(certificate: x509.Certificate) -> list[str]:
    try:
        extension = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    except x509.ExtensionNotFound:
        return []
    names = extension.value.get_values_for_type(x509.DNSName)
    return [*names, *(str(ip) for ip in extension.value.get_values_for_type(x509.IPAddress))]


def _covers(name: str, domain: str) -> bool:
    if name.startswith("*."):
        return domain.lower().partition(".")[2] == name[2:].lower()
    return name.lower() == domain.lower()

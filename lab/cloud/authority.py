"""The lab's certificate authority: it signs what the public authorities would.

Hosts trust it, and so does whoever is given `DIR/ca/ca.pem`. It is made anew with each lab.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

_CERTIFICATE = Path("ca", "ca.pem")
_KEY = Path("ca", "key.pem")
_CA_DAYS = 3650
_DAYS = 90
"""Source: Let's Encrypt, "Why ninety-day lifetimes for certificates"."""


def create(directory: Path) -> Path:
    """Make the authority of the lab in `directory`, unless it is there.

    Returns:
        The authority's certificate, for a trust store.
    """
    certificate, key = directory / _CERTIFICATE, directory / _KEY
    if certificate.exists() and key.exists():
        return certificate
    certificate.parent.mkdir(parents=True, exist_ok=True)
    private = ec.generate_private_key(ec.SECP256R1())
    name = _name(f"OpenVidu lab {directory.name}")
    signed = (
        _builder(name, name, private.public_key(), _CA_DAYS)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_key_usage(signs=True), critical=True)
        .add_extension(
            x509.SubjectKeyIdentifier.from_public_key(private.public_key()), critical=False
        )
        .sign(private, hashes.SHA256())
    )
    key.touch(mode=0o600)
    key.write_text(_key_pem(private))
    certificate.write_text(_pem(signed))
    return certificate


class Issued(NamedTuple):
    """A certificate and its private key, as PEM: joined they are what servers read."""

    certificate: str
    key: str


def issue(names: list[str], *, directory: Path) -> Issued:
    """Sign a certificate for servers.

    Args:
        names: DNS names and IP addresses; the first becomes the common name.
        directory: the lab's directory.

    Raises:
        ValueError: no name was given.
        FileNotFoundError: the lab has no authority; it was never started.
    """
    if not names:
        raise ValueError("a certificate needs at least one name, such as openvidu.example.io")
    root = x509.load_pem_x509_certificate((directory / _CERTIFICATE).read_bytes())
    root_key = serialization.load_pem_private_key((directory / _KEY).read_bytes(), None)
    if not isinstance(root_key, ec.EllipticCurvePrivateKey):
        raise TypeError(f"{directory / _KEY}: expected an EC key, found {type(root_key).__name__}")
    private = ec.generate_private_key(ec.SECP256R1())
    signed = (
        _builder(_name(names[0]), root.subject, private.public_key(), _DAYS)
        .add_extension(x509.SubjectAlternativeName(list(map(_general, names))), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_key_usage(signs=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(root_key.public_key()),
            critical=False,
        )
        .sign(root_key, hashes.SHA256())
    )
    return Issued(_pem(signed), _key_pem(private))


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey, days: int
) -> x509.CertificateBuilder:
    # An hour back: hosts' clocks are this machine's, but a test may look at the past.
    start = datetime.now(UTC) - timedelta(hours=1)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(start + timedelta(days=days))
    )


def _name(text: str) -> x509.Name:
    # X.520 allows a common name of 64 characters; the subject alternative names count anyway.
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text[:64])])


def _general(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _key_usage(*, signs: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=True,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=signs,
        crl_sign=signs,
        encipher_only=False,
        decipher_only=False,
    )


def _pem(certificate: x509.Certificate) -> str:
    return certificate.public_bytes(serialization.Encoding.PEM).decode()


def _key_pem(key: ec.EllipticCurvePrivateKey) -> str:
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    ).decode()

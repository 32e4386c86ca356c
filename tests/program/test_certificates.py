"""An own certificate is refused before it reaches a machine where it can't serve users."""

from __future__ import annotations

import functools
import ipaddress
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from components.configuration import read
from components.mistakes import ConfigurationError
from tests.program.conftest import SECRETS

DOMAIN = "openvidu.example.io"


@functools.cache
def key(name: str) -> ec.EllipticCurvePrivateKey:
    """A private key; one of each name."""
    return ec.generate_private_key(ec.SECP256R1())


def certificate(
    *names: x509.GeneralName, lasts: timedelta = timedelta(days=30), signed_for: str = "own"
) -> str:
    """A certificate in PEM form, for a domain or an address."""
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "test")])
    until = datetime.now(UTC) + lasts
    builder = (
        x509.CertificateBuilder(subject, subject)
        .public_key(key(signed_for).public_key())
        .serial_number(1)
        .not_valid_before(until - timedelta(days=60))
        .not_valid_after(until)
    )
    if names:
        builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
    signed = builder.sign(key(signed_for), hashes.SHA256())
    return signed.public_bytes(serialization.Encoding.PEM).decode()


def configured(config: dict[str, str], pem: str, domain: str = DOMAIN) -> dict[str, str]:
    private = key("own").private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    own = {"certificateType": "owncert", "domainOrPublicIp": domain}
    return {**config, **own, "ownCertificate": pem, "ownPrivateKey": private.decode()}


@pytest.mark.parametrize(
    ("pem", "domain"),
    [
        (certificate(x509.DNSName(DOMAIN)), DOMAIN),
        (certificate(x509.DNSName("OpenVidu.Example.io")), DOMAIN),
        (certificate(x509.DNSName("other.io"), x509.DNSName("*.example.io")), DOMAIN),
        (certificate(x509.IPAddress(ipaddress.IPv4Address("203.0.113.5"))), "203.0.113.5"),
    ],
    ids=["name", "case", "wildcard", "address"],
)
def test_a_certificate_that_fits_is_taken(config: dict[str, str], pem: str, domain: str) -> None:
    assert read(configured(config, pem, domain), SECRETS).own_certificate == pem


@pytest.mark.parametrize(
    ("pem", "problem"),
    [
        (
            certificate(x509.DNSName(DOMAIN), lasts=-timedelta(days=1)),
            f"expired on {datetime.now(UTC) - timedelta(days=1):%Y-%m-%d}",
        ),
        (
            certificate(x509.DNSName(DOMAIN), signed_for="another"),
            "belongs to another private key than ownPrivateKey",
        ),
        (certificate(x509.DNSName("x.example.io")), f"covers x.example.io, but not {DOMAIN}"),
        (certificate(x509.DNSName("*.io")), f"covers *.io, but not {DOMAIN}"),
        (
            certificate(x509.DNSName("*.openvidu.example.io")),
            f"covers *.openvidu.example.io, but not {DOMAIN}",
        ),
        (certificate(), f"covers no name, but not {DOMAIN}"),
    ],
    ids=["expired", "key", "name", "wildcard above", "wildcard below", "no name"],
)
def test_a_certificate_that_does_not_fit_is_refused(
    config: dict[str, str], pem: str, problem: str
) -> None:
    with pytest.raises(ConfigurationError) as caught:
        read(configured(config, pem), SECRETS)
    assert [(one.key, one.problem) for one in caught.value.mistakes] == [
        ("ownCertificate", problem)
    ]
    assert "PRIVATE KEY" not in str(caught.value)


@pytest.mark.parametrize("missing", ["ownCertificate", "ownPrivateKey"])
def test_both_halves_are_needed(config: dict[str, str], missing: str) -> None:
    given = configured(config, certificate(x509.DNSName(DOMAIN)))
    del given[missing]
    with pytest.raises(ConfigurationError, match=f"{missing}: owncert needs it"):
        read(given, SECRETS)

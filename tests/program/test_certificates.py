"""An own certificate is refused before it reaches a machine where it can't serve users."""

from __future__ import annotations

import functools
import ipaddress
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes

from components.settings.mistakes import ConfigurationError
from components.settings.read import read
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
    own = {"certificateType": "owncert", "domainOrPublicIp": domain}
    return {**config, **own, "ownCertificate": pem, "ownPrivateKey": private(key("own"))}


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
            "doesn't belong to ownPrivateKey",
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
    with pytest.raises(ConfigurationError, match=f"{missing}: is missing; owncert needs it"):
        read(given, SECRETS)


OWN = certificate(x509.DNSName(DOMAIN))
CHAIN = OWN + certificate(x509.DNSName("ca.example.io"))
PARAMETERS = "-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n"


@pytest.mark.parametrize(
    "given",
    [
        CHAIN.replace("----\n-", "-----"),
        CHAIN.replace("\n", "\r\n"),
        f"subject=CN = test\n{CHAIN}\n\n",
        CHAIN.strip(),
    ],
    ids=["glued", "CRLF", "text before", "no last newline"],
)
def test_a_chain_is_written_anew_as_nginx_wants_it(config: dict[str, str], given: str) -> None:
    assert read(configured(config, given), SECRETS).own_certificate == CHAIN


@pytest.mark.parametrize(
    "shaped",
    [
        lambda pem: pem.replace("\n", "\r\n"),
        lambda pem: PARAMETERS + pem,
        lambda pem: OWN + pem,
        lambda pem: pem + OWN,
        lambda pem: pem.strip(),
    ],
    ids=["CRLF", "parameters", "certificate before", "certificate behind", "no last newline"],
)
@pytest.mark.parametrize("form", ["PKCS8", "TraditionalOpenSSL"])
def test_a_key_is_written_anew_too(
    config: dict[str, str], form: str, shaped: Callable[[str], str]
) -> None:
    given = configured(config, OWN)
    given["ownPrivateKey"] = shaped(private(key("own"), form))
    assert read(given, SECRETS).own_private_key == private(key("own"))


@pytest.mark.parametrize("name", ["ownCertificate", "sshPublicKey"])
def test_a_private_key_in_a_key_that_is_no_secret_is_refused_and_not_shown(
    config: dict[str, str], name: str
) -> None:
    pem = private(key("own"))
    given = {**configured(config, OWN), name: pem + OWN}
    with pytest.raises(ConfigurationError) as caught:
        read(given, SECRETS)
    (mistake,) = caught.value.mistakes
    assert mistake.key == name
    assert not any(line in str(caught.value) for line in pem.splitlines()[1:])
    assert name != "ownCertificate" or "belongs in ownPrivateKey" in mistake.problem


@pytest.mark.parametrize(
    "odd",
    [
        rsa.generate_private_key(65537, 1024),  # noqa: S505 - it's refused
        ed25519.Ed25519PrivateKey.generate(),
        ec.generate_private_key(ec.SECP256K1()),
    ],
    ids=["short", "ed25519", "curve"],
)
def test_a_kind_of_key_that_browsers_refuse_is_refused(
    config: dict[str, str], odd: PrivateKeyTypes
) -> None:
    given = configured(config, OWN)
    given["ownPrivateKey"] = private(odd)
    with pytest.raises(ConfigurationError, match="must be a key that nginx and browsers accept"):
        read(given, SECRETS)


def private(key: PrivateKeyTypes, form: str = "PKCS8") -> str:
    """A key in PEM form."""
    encoding, plain = serialization.Encoding.PEM, serialization.NoEncryption()
    return key.private_bytes(encoding, getattr(serialization.PrivateFormat, form), plain).decode()

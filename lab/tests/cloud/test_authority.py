"""The lab's certificate authority."""

from __future__ import annotations

from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.x509.verification import PolicyBuilder, Store

from lab.cloud import authority


def test_a_certificate_holds_for_its_name(tmp_path: Path) -> None:
    root = x509.load_pem_x509_certificate(authority.create(tmp_path).read_bytes())
    signed, key = authority.issue(["openvidu.example.io"], directory=tmp_path)
    leaf = x509.load_pem_x509_certificate(signed.encode())
    verifier = PolicyBuilder().store(Store([root]))
    verifier.build_server_verifier(x509.DNSName("openvidu.example.io")).verify(leaf, [])
    with pytest.raises(x509.verification.VerificationError):
        verifier.build_server_verifier(x509.DNSName("other.example.io")).verify(leaf, [])
    assert "PRIVATE KEY" in key


def test_a_certificate_can_be_for_an_address(tmp_path: Path) -> None:
    authority.create(tmp_path)
    signed, _ = authority.issue(["203.0.113.7"], directory=tmp_path)
    names = x509.load_pem_x509_certificate(signed.encode()).extensions
    alternative = names.get_extension_for_class(x509.SubjectAlternativeName).value
    assert alternative.get_values_for_type(x509.IPAddress) == [ip_address("203.0.113.7")]


def test_the_authority_stays_the_same(tmp_path: Path) -> None:
    first = authority.create(tmp_path).read_text()
    assert authority.create(tmp_path).read_text() == first


def test_its_key_is_private(tmp_path: Path) -> None:
    authority.create(tmp_path)
    assert (tmp_path / "ca" / "key.pem").stat().st_mode & 0o777 == 0o600


def test_a_certificate_needs_a_name(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="at least one name"):
        authority.issue([], directory=tmp_path)

"""The load balancer's certificate: who signs it, and what happens when nobody does."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from tests.lab.conftest import Lab

pytestmark = [pytest.mark.lab, pytest.mark.slow, pytest.mark.xdist_group("changed")]

OTHER, THIRD = "calls.example.io", "video.example.io"
IN_ZONE = "calls.example.net"
NEW_ZONE = """
import boto3, json
route53 = boto3.client("route53", region_name="eu-west-1")
made = route53.create_hosted_zone(Name="example.net", CallerReference="test")
print(json.dumps({"id": made["HostedZone"]["Id"].rpartition("/")[2]}))
"""


@pytest.fixture(scope="module")
def other_domain(cluster: Lab) -> Iterator[Lab]:
    """The example, which gets other domains and so other certificates; each test says which."""
    yield cluster
    cluster.ok("config", "set", "domainOrPublicIp", "openvidu.example.io")
    cluster.ok("config", "set", "certificateType", "letsencrypt")
    cluster.ok("up")


@pytest.mark.matrix
def test_a_refusal_of_lets_encrypt_ends_the_update_and_says_what_to_check(
    other_domain: Lab,
) -> None:
    lab = other_domain
    lab.ok("config", "set", "domainOrPublicIp", OTHER)
    lab.ok("fault", "set", "letsencrypt", "reason=too many failed authorizations", "times=1")
    refused = lab.run("up")
    assert refused.status != 0
    address = lab.json("status", "--json")["hosts"]["base"]["publicIp"]
    for told in (
        f"no certificate for {OTHER} (letsencrypt)",
        "Detail: too many failed authorizations",
        f"{OTHER} must lead to {address}; here it leads to {address}",
        "pulumi config set letsencryptEmail",
        "pulumi config set certificateType selfsigned && pulumi up",
    ):
        assert told in refused.out
    listening = lab.on("base", "ss -tln")
    assert [port for port in (80, 443, 5443, 6379) if f":{port} " in listening] == [80, 6379]
    # What the state knows as started is what was before: it has to be started all the same.
    lab.ok("config", "set", "domainOrPublicIp", "openvidu.example.io")
    lab.ok("up")
    assert "OpenVidu Call" in lab.ok("curl", "https://openvidu.example.io/")
    lab.ok("config", "set", "domainOrPublicIp", OTHER)
    lab.ok("up")
    assert "OpenVidu Call" in lab.ok("curl", f"https://{OTHER}/")


@pytest.mark.matrix
def test_lets_encrypt_is_not_asked_before_the_domain_leads_to_the_base(other_domain: Lab) -> None:
    lab = other_domain
    lab.ok("config", "set", "domainOrPublicIp", THIRD)
    lab.supervisor.control.set_dns(THIRD, "198.51.100.99")
    # 'lab up' would point the domain to the base, as its owner does.
    refused = lab.run("run", "--", "pulumi", "up", "--yes", "--skip-preview", "--non-interactive")
    assert refused.status != 0
    assert f"{THIRD} doesn't lead to this machine alone; nothing was started" in refused.out
    assert "here it leads to 198.51.100.99" in refused.out
    lab.ok("up")
    assert "OpenVidu Call" in lab.ok("curl", f"https://{THIRD}/")


@pytest.mark.matrix
def test_a_hosted_zone_gets_the_domain_before_the_base_starts_with_it(other_domain: Lab) -> None:
    lab = other_domain
    made = lab.json("run", "--", "python", "-c", NEW_ZONE)
    lab.ok("config", "set", "domainOrPublicIp", IN_ZONE)
    lab.ok("config", "set", "hostedZoneId", made["id"])
    # Only the zone knows the name.
    lab.supervisor.control.set_dns(IN_ZONE, None)
    lab.ok("run", "--", "pulumi", "up", "--yes", "--skip-preview", "--non-interactive")
    assert "OpenVidu Call" in lab.ok("curl", f"https://{IN_ZONE}/")
    lab.ok("config", "set", "hostedZoneId", "")


@pytest.mark.matrix
def test_a_certificate_of_ones_own_is_served_and_so_is_its_renewal(
    other_domain: Lab, tmp_path: Path
) -> None:
    lab = other_domain
    lab.ok("config", "set", "domainOrPublicIp", OTHER)
    lab.ok("config", "set", "certificateType", "owncert")
    for days in (30, 90):
        chain, key = tmp_path / f"{days}.pem", tmp_path / f"{days}.key"
        sign(OTHER, days, chain, key)
        lab.ok("config", "set", "ownCertificate", chain.read_text())
        lab.ok("config", "set", "--secret", "ownPrivateKey", key.read_text())
        lab.ok("up")
        page = lab.ok("curl", f"https://{OTHER}/", "--cacert", str(chain))
        assert "OpenVidu Call" in page
        assert key.read_text().splitlines()[1] not in lab.ok("state")


EC = ("ec", "-pkeyopt", "ec_paramgen_curve:P-256")


def sign(domain: str, days: int, chain: Path, key: Path, kind: Sequence[str] = EC) -> None:
    """Make a pair for a domain."""
    command = ["openssl", "req", "-x509", "-newkey", *kind]
    command += ["-nodes", "-days", str(days), "-subj", f"/CN={domain}"]
    command += ["-addext", f"subjectAltName=DNS:{domain}"]
    command += ["-keyout", str(key), "-out", str(chain)]
    subprocess.run(command, check=True, capture_output=True)

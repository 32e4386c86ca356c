"""What a lab is made of: addresses that never change.

The addresses come from ranges that are kept for documentation and benchmarks (RFC 5737,
RFC 2544, RFC 3927): none of them is anybody's on the internet.
"""

from __future__ import annotations

from ipaddress import IPv4Network
from pathlib import Path

from openvidu.downloads import HOSTS

OPERATOR_ADDRESS = "198.51.100.10"
"""Where the operator's desk is: what a host sees as the source of the operator's SSH."""

API_ADDRESS, API_PORT = "169.254.10.1", 5000
"""Where the fake AWS listens; hosts can't reach it."""
API_URL = f"http://{API_ADDRESS}:{API_PORT}"

MIRROR_ADDRESS = "198.18.0.2"
"""Where the simulated OpenVidu's downloads, packages and images come from."""
ACME_ADDRESS = "198.18.0.3"
"""Where the stand-in for Let's Encrypt listens."""
DNS_ADDRESS = MIRROR_ADDRESS
"""Where machines with an `/etc/hosts` of their own ask for all other names."""

TURN_ADDRESS, TURN_NAMES = "198.18.0.5", ("turn.example.io",)
"""Where the TURN server is that the examples call the operator's own."""
TURN_SECRET = "secret-of-the-operators-turn-server"  # noqa: S105 - the lab's, for a rehearsal
"""What it shares with the cluster's nodes."""

AWS_ADDRESS = "198.18.0.4"
"""Where machines find the fake AWS under AWS's own names, with TLS."""
METADATA_ADDRESS = "169.254.169.254"
"""Source: EC2 guide, "Access instance metadata"."""
REGIONS = ("eu-west-1", "us-east-1")
"""The regions whose names lead there: the examples', and that of who names none."""
AWS_NAMES = tuple(
    f"{service}.{region}.amazonaws.com"
    for service in ("s3", "elasticloadbalancing", "sts", "ec2", "sns")
    for region in REGIONS
)

ELASTIC_ADDRESSES = IPv4Network("203.0.113.0/24")
"""The public addresses that the fake AWS hands out."""

MIRROR_NAMES = (*HOSTS, "mirror.example.io")
"""The hosts that an installation downloads from, and the examples' mirror of them."""
ACME_NAMES = ("acme-v02.api.letsencrypt.org",)

PROJECT = Path(__file__).resolve().parents[2]
"""The checkout that this lab belongs to."""

"""The hosted zone that an operator has before the program runs, for an example that names one.

Runs in the lab's root namespace:
python -m lab.zone example.io
"""

from __future__ import annotations

import sys
from typing import Any

import boto3

from lab.cloud.facts import API_URL


def main(name: str) -> str:
    """Make the zone that isn't there yet; returns its id."""
    route53: Any = boto3.client(
        "route53",
        region_name="eu-west-1",
        endpoint_url=API_URL,
        aws_access_key_id="owner",
        aws_secret_access_key="lab",  # noqa: S106 - the fake AWS takes any
    )
    zones = route53.list_hosted_zones_by_name(DNSName=name)["HostedZones"]
    zone = next((one for one in zones if one["Name"] == f"{name}."), None)
    if zone is None:
        zone = route53.create_hosted_zone(Name=name, CallerReference=name)["HostedZone"]
    return str(zone["Id"]).removeprefix("/hostedzone/")


if __name__ == "__main__":
    print(main(sys.argv[1]), end="")  # noqa: T201 - its result

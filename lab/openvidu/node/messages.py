"""What the replication manager prints, in the words of the page.

Source: page, "Installing OpenVidu Enterprise Nodes" step 7 and "Configuration management".
"""

from __future__ import annotations

NOT_FOUND = "    => Configuration file not found in S3"
FOUND = "    => Configuration file found in S3"
UPDATED = "    => Configuration file updated from S3 to local file /opt/openvidu/.env"

_LINE = "----------------------------------------------------"


def ready(domain: str, https_port: str, ip: str) -> str:
    """The banner of a node that is ready."""
    url = f"https://{domain}:{https_port}/"
    return "\n".join(
        (
            _LINE,
            "",
            "   OpenVidu Enterprise HA Node is ready!",
            "   ---------------------------",
            "",
            f"   * OpenVidu Server URL: {url}",
            "",
            f"   * OpenVidu Dashboard: {url}inspector",
            "",
            "   NOTE: This is a node of an OpenVidu Enterprise Cluster",
            "     with High Availability. Your Load Balancer configured",
            f"     with the domain name '{domain}'",
            f"     should register the private IP of this node: '{ip}'",
            "",
            _LINE,
        )
    )

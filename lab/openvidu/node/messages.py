"""What the replication manager prints, in the words of the page.

Source: page, "Installing OpenVidu Enterprise Nodes" step 7, "Configuration management" and
"Troubleshooting".
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


def no_bucket(bucket: str) -> str:
    """The error where the bucket can't be used."""
    return f"""\
=> OpenVidu was unable to connect to S3 bucket {bucket} to sync the configuration file
    Make sure the configuration of your S3 bucket is correct and that the credentials provided \
in /opt/openvidu/.env are valid
    Also make sure your S3 bucket is reachable from this machine
    To fix this, follow the next
        1) Return to shell pressing Ctrl+C
        2) Check your configuration file at /opt/openvidu/.env and check the S3 configuration
            NOTE: All S3 parameters starts with 'OPENVIDU_ENTERPRISE_HA_S3_'
        3) Restart OpenVidu with:
            $ ./openvidu"""


def no_redis(host: str, port: int) -> str:
    """The error where Redis can't be used."""
    return f"""\
 =>  OpenVidu was unable to connect to Redis server {host}:{port}

    Make sure the configuration of your Redis server is correct and that the credentials \
provided in /opt/openvidu/.env are valid
    Also make sure your Redis server is reachable from this machine
    To fix this, follow the next steps:

        1) Return to shell pressing Ctrl+C
        2) Check the file of this node at /opt/openvidu/.env and check the Redis configuration
            NOTE: All redis parameters starts with 'OPENVIDU_ENTERPRISE_HA_REDIS_'
        3) Restart OpenVidu with:
            $ ./openvidu restart"""

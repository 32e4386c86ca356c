"""What a node prints when it can't start, in the words of the page: people search for them.

Source: page, "Troubleshooting".
"""

from __future__ import annotations

from collections.abc import Mapping

from openvidu import environment as env
from openvidu import ports


def unusable(service: str, values: Mapping[str, str]) -> str | None:
    """What a node says of a service that it can't use; None where it says nothing.

    Args:
        service: `S3`, `Redis` or another.
        values: the node's `.env`.
    """
    match service:
        case "S3":
            return no_bucket(values.get(env.S3_BUCKET, ""))
        case "Redis":
            port = values.get(env.REDIS_PORT) or ports.REDIS
            return no_redis(values.get(env.REDIS_HOST, ""), port)
    return None


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


def no_redis(host: str, port: int | str) -> str:
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

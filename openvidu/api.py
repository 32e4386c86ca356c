"""Names of the REST API and of the cluster's states.

Source: page, "Scale Down" and "Check cluster and nodes health"; REST API reference of
OpenVidu 2.30.0, "Media Nodes" and "Health".
"""

from __future__ import annotations

NODE_MANAGEMENT_PAGE = (
    "https://docs.openvidu.io/en/2.30.0/deployment/enterprise/on-premises/#node-management"
)
"""The page on scaling up and down."""

USER = "OPENVIDUAPP"
"""User of HTTP Basic authentication; the password is OPENVIDU_SECRET."""

HEALTH = "/openvidu/api/health"
MEDIA_NODES = "/openvidu/api/media-nodes"
SESSIONS = "/openvidu/api/sessions"
CONFIG = "/openvidu/api/config"
RESTART = "/openvidu/api/restart"
NODE_HEALTH = "/openvidu/health"
"""Health of one node, without login, on the node's port 4443."""

CLUSTER_UP = "UP"
RUNNING = "running"
WAITING_IDLE_TO_TERMINATE = "waiting-idle-to-terminate"
"""No new sessions; the node leaves when the last one has ended. There is no way back."""


def node_id(private_ip: str) -> str:
    """A node's id in health and webhooks. Media nodes have other ids: find those by address."""
    return f"master_{private_ip}"

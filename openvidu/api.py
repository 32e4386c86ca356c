"""Names of the REST API and of the cluster's states.

Source: page, "Scale Down" and "Check cluster and nodes health"; REST API reference of
OpenVidu 2.30.0, "Media Nodes" and "Health".
"""

from __future__ import annotations

from dataclasses import dataclass

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
"""Health of one node, without login, on the node's port 4443: 200, up to version 2.32.0."""
NODE_ROOT = "/"
"""What is asked in its place from 2.32.1 on: 401 to 403. Before, a node answers 200 here too.

Source: page, note under "Scale Up"; repository, OpenVidu's template for Enterprise on AWS, health
check of the target group at 2.32.0 and 2.32.1.
"""
_ROOT_HEALTH_FROM = (2, 32, 1)
ROOT_STATUSES = (401, 402, 403)

CLUSTER_UP = "UP"
RUNNING = "running"
WAITING_IDLE_TO_TERMINATE = "waiting-idle-to-terminate"
"""No new sessions; the node leaves when the last one has ended. There is no way back."""


def node_id(private_ip: str) -> str:
    """A node's id in health and webhooks. Media nodes have other ids: find those by address."""
    return f"master_{private_ip}"


@dataclass(frozen=True)
class LoadBalancerCheck:
    """How a load balancer sees whether a node is well.

    Attributes:
        path: what it asks nodes for.
        statuses: those of one that's well, as `200,401-403`.
    """

    path: str
    statuses: str


def load_balancer_check(version: str) -> LoadBalancerCheck:
    """How a load balancer checks nodes of a version.

    Args:
        version: a fixed one, such as `2.30.0`.
    """
    if tuple(int(part) for part in version.split(".")) < _ROOT_HEALTH_FROM:
        return LoadBalancerCheck(NODE_HEALTH, "200")
    # Nodes of the version before take calls until they are upgraded.
    return LoadBalancerCheck(NODE_ROOT, f"200,{ROOT_STATUSES[0]}-{ROOT_STATUSES[-1]}")

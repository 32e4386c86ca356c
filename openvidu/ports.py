"""The page's port tables, as data.

Source: page, "Base Services ports configuration" and "OpenVidu Enterprise Nodes ports
configuration", unless a table names another. The security groups, the docs and the port tests
all read these tables.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum


class Source(StrEnum):
    """Who may reach a port."""

    WORLD = "world"
    """0.0.0.0/0 and ::/0."""
    CLUSTER = "cluster"
    """The cluster's subnet, 10.5.0.0/24 on the page."""
    OPERATORS = "operators"
    """The networks in `sshCidrs`. The page opens SSH to the world; this project asks."""


@dataclass(frozen=True)
class PortRule:
    """One row of a port table for one protocol.

    Attributes:
        service: short name of what listens, used in resource names.
        protocol: `tcp` or `udp`.
        first: first port of the range.
        last: last port of the range, inclusive; equal to `first` for one port.
        source: who may connect.
        purpose: what the port is for, in the words of the page.
    """

    service: str
    protocol: str
    first: int
    last: int
    source: Source
    purpose: str


def _tcp(service: str, port: int, source: Source, purpose: str) -> PortRule:
    return PortRule(service, "tcp", port, port, source, purpose)


SSH = 22
HTTP = 80
HTTPS = 443
REDIS = 6379
KIBANA = 5601
S3 = 9000
ELASTICSEARCH = 9200
API = 5443
"""On the base: the REST API for the internal network. On a node: OpenVidu Server."""
REPLICATION_MANAGER = 4443
MEDIA_NODE_CONTROLLER = 3000
SPEECH_TO_TEXT = 4000
LOGSTASH = 5044
COTURN = 3478
KURENTO = 8888
"""On a media node of a single master."""
TURN = 443
MEDIA_FIRST, MEDIA_LAST = 40000, 65535

_SSH_RULE = _tcp("ssh", SSH, Source.OPERATORS, "SSH for administration")

BASE_PORTS: tuple[PortRule, ...] = (
    _SSH_RULE,
    _tcp("http", HTTP, Source.WORLD, "nginx: certificate generation by letsencrypt"),
    _tcp("https", HTTPS, Source.WORLD, "nginx: OpenVidu Call and OpenVidu Enterprise API"),
    _tcp("redis", REDIS, Source.CLUSTER, "Redis: sessions and cluster information"),
    _tcp("kibana", KIBANA, Source.CLUSTER, "Kibana: logs and metrics"),
    _tcp("s3", S3, Source.CLUSTER, "MinIO: configuration and recordings"),
    _tcp("elasticsearch", ELASTICSEARCH, Source.CLUSTER, "Elasticsearch: logs and metrics"),
    _tcp("api", API, Source.CLUSTER, "OpenVidu Enterprise API for the internal network"),
)

MASTER_PORTS: tuple[PortRule, ...] = (
    _SSH_RULE,
    _tcp("http", HTTP, Source.WORLD, "nginx: certificate generation by letsencrypt"),
    _tcp("https", HTTPS, Source.WORLD, "nginx: OpenVidu Call, API and Inspector"),
    PortRule("turn", "tcp", COTURN, COTURN, Source.WORLD, "STUN and TURN over TCP"),
    PortRule("turn", "udp", COTURN, COTURN, Source.WORLD, "STUN and TURN over UDP"),
    _tcp("logstash", LOGSTASH, Source.CLUSTER, "Metrics of media nodes"),
    _tcp("elasticsearch", ELASTICSEARCH, Source.CLUSTER, "Metrics and logs of media nodes"),
    PortRule("media", "tcp", MEDIA_FIRST, MEDIA_LAST, Source.WORLD, "Relayed media over TCP"),
    PortRule("media", "udp", MEDIA_FIRST, MEDIA_LAST, Source.WORLD, "Relayed media over UDP"),
)
"""Source: documentation, "Deploy OpenVidu Pro on premises", "Prerequisites", Master Node."""

LOAD_BALANCER_PORTS: tuple[PortRule, ...] = (
    _tcp("http", HTTP, Source.WORLD, "Leads browsers to HTTPS"),
    _tcp("https", HTTPS, Source.WORLD, "OpenVidu Enterprise API and signaling"),
)
"""Source: repository, OpenVidu's template for Enterprise on AWS, LoadBalancerSecurityGroup."""
BASTION_PORTS: tuple[PortRule, ...] = (_SSH_RULE,)
REDIS_PORTS: tuple[PortRule, ...] = (
    _tcp("redis", REDIS, Source.CLUSTER, "Redis: sessions and cluster information"),
)
SEARCH_PORTS: tuple[PortRule, ...] = (
    _tcp("https", HTTPS, Source.CLUSTER, "Elasticsearch and Kibana: logs and metrics"),
)
"""Source: OpenSearch Service, "Launching your domains within a VPC": HTTPS, port 443."""

NODE_PORTS: tuple[PortRule, ...] = (
    _SSH_RULE,
    PortRule("turn", "tcp", TURN, TURN, Source.WORLD, "TURN and STUN over TCP"),
    PortRule("turn", "udp", TURN, TURN, Source.WORLD, "TURN and STUN over UDP"),
    _tcp(
        "media-node-controller",
        MEDIA_NODE_CONTROLLER,
        Source.CLUSTER,
        "Media Node Controller: media servers and recording containers",
    ),
    _tcp("speech-to-text", SPEECH_TO_TEXT, Source.CLUSTER, "Speech To Text service"),
    _tcp(
        "replication-manager",
        REPLICATION_MANAGER,
        Source.CLUSTER,
        "Replication Manager: proxy to OpenVidu Server, health",
    ),
    _tcp("openvidu-server", API, Source.CLUSTER, "OpenVidu Server, used by Replication Manager"),
    PortRule("media", "tcp", MEDIA_FIRST, MEDIA_LAST, Source.WORLD, "Media streams over TCP"),
    PortRule("media", "udp", MEDIA_FIRST, MEDIA_LAST, Source.WORLD, "Media streams over UDP"),
)


def is_entrance(rule: PortRule) -> bool:
    """Whether users come in there: ports that a deployment may choose (HTTP_PORT, HTTPS_PORT)."""
    return rule.service in ("http", "https") and rule.source is Source.WORLD


def opened(table: Iterable[PortRule], entrances: Mapping[str, int]) -> list[PortRule]:
    """A port table as a deployment opens it.

    Args:
        table: the page's.
        entrances: where users come in, `http` and `https`.
    """
    return [
        replace(rule, first=entrances[rule.service], last=entrances[rule.service])
        if is_entrance(rule)
        else rule
        for rule in table
    ]

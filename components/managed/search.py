"""Elasticsearch and Kibana by OpenSearch Service, in the engine that OpenVidu knows.

OpenVidu's base services have Elasticsearch and Kibana 7.8 (repository, their
`docker-compose.yml`); OpenSearch Service has Elasticsearch up to 7.10.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pulumi
import pulumi_aws as aws

from components.aws.alarms import SEARCH_RED, search_space
from components.aws.iam_policy import allowing
from components.managed.part import Part
from components.managed.site import Site
from openvidu import ports

_ENGINE = "Elasticsearch_7.10"
_SUPPORTED_UNTIL, _EXTENDED_UNTIL = date(2027, 11, 7), date(2030, 11, 7)
"""Of this engine, AWS's standard and its extended support. Source: OpenSearch Service guide,
"Supported versions of Elasticsearch and OpenSearch"; endoflife.date, "Amazon Elasticsearch"."""
_TOLD_BEFORE = timedelta(days=180)
_TLS_POLICY = "Policy-Min-TLS-1-2-2019-07"
_LONGEST_NAME = 28


def search(site: Site) -> Part:
    """Register Elasticsearch and Kibana, which are known by the name of their host."""
    settings = site.settings
    if warning := end_of_support(datetime.now(UTC).date()):
        pulumi.log.warn(warning, site.parent)
    firewall = site.firewall("search", ports.SEARCH_PORTS)
    zones = settings.zone_count
    domain = aws.opensearch.Domain(
        "search",
        domain_name=_name(site),
        engine_version=_ENGINE,
        cluster_config={
            "instance_type": settings.search_instance_type,
            "instance_count": zones,
            "zone_awareness_enabled": True,
            "zone_awareness_config": {"availability_zone_count": zones},
        },
        ebs_options={
            "ebs_enabled": True,
            "volume_type": "gp3",
            "volume_size": settings.data_volume_size,
        },
        encrypt_at_rest={"enabled": True, "kms_key_id": settings.kms_key_id},
        node_to_node_encryption={"enabled": True},
        domain_endpoint_options={"enforce_https": True, "tls_security_policy": _TLS_POLICY},
        advanced_security_options={
            "enabled": True,
            "internal_user_database_enabled": True,
            "master_user_options": {
                "master_user_name": settings.elasticsearch_username,
                "master_user_password": pulumi.Output.secret(settings.elasticsearch_password),
            },
        },
        vpc_options={
            "subnet_ids": list(site.network.service_subnet_ids),
            "security_group_ids": [firewall.security_group_id],
        },
        access_policies=_POLICY,
        tags=site.named("search"),
        opts=pulumi.ResourceOptions(
            parent=site.parent,
            depends_on=firewall.rules,
            # It has the logs and metrics of past calls.
            protect=not settings.delete_data,
        ),
    )
    if site.alarms:
        account = domain.arn.apply(lambda arn: arn.split(":")[4])
        of = {"ClientId": account, "DomainName": domain.domain_name}
        space = search_space(settings.data_volume_size)
        site.alarms.watch("search-space", space, of, site.parent)
        site.alarms.watch("search-status", SEARCH_RED, of, site.parent)
    return Part({"search": domain.endpoint}, [domain])


def end_of_support(today: date) -> str | None:
    """What to say of the engine's support by AWS; None while its end is far.

    Args:
        today: the day.
    """
    if today < _SUPPORTED_UNTIL - _TOLD_BEFORE:
        return None
    ends = "ends" if today <= _SUPPORTED_UNTIL else "has ended"
    return (
        f"AWS's standard support of {_ENGINE}, the last that OpenVidu knows, {ends} on "
        f"{_SUPPORTED_UNTIL}; its extended support, which costs more, on "
        f"{_EXTENDED_UNTIL}. For an Elasticsearch of your own, set elasticsearchUrl and "
        "kibanaUrl: docs/ha-managed.md."
    )


_POLICY = allowing({"Principal": {"AWS": "*"}, "Action": "es:ESHttp*", "Resource": "*"})
"""Who may log in is decided by the user's password; its network is the cluster's."""


def _name(site: Site) -> str:
    """3 to 28 lowercase letters, digits and `-`, one domain a stack."""
    stack = "".join(c if c.isalnum() else "-" for c in site.tags["stack"].lower())
    return f"openvidu-{stack}"[:_LONGEST_NAME].rstrip("-")

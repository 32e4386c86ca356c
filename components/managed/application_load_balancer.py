"""AWS's application load balancer: the only entry point for users, over all zones.

Source: page, "Load Balancer" and the note under "Scale Up"; repository, OpenVidu's template for
Enterprise on AWS (listeners, port and path of the health check).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from components.aws.alarms import TARGETS
from components.managed.certificate import certificate
from components.managed.site import Site
from openvidu import api, ports

_IDLE_SECONDS = 3600
"""A call's WebSocket may say nothing for long."""
_DEREGISTRATION_SECONDS = 10
"""A target is deregistered when its calls have ended: nothing is left to wait for."""
_TLS_POLICY = "ELBSecurityPolicy-TLS13-1-2-2021-06"


@dataclass(frozen=True)
class LoadBalancer:
    """The load balancer.

    Attributes:
        target_group: ARN of the group whose targets are the nodes.
        dns_name: its own name; the domain leads there.
        ready: what depends on a load balancer that serves depends on these.
    """

    target_group: pulumi.Output[str]
    dns_name: pulumi.Output[str]
    ready: list[pulumi.Resource]


def load_balancer(site: Site) -> LoadBalancer:
    """Register the load balancer with its certificate, and the domain's record."""
    firewall = site.firewall("load-balancer", ports.LOAD_BALANCER_PORTS)
    balancer = aws.lb.LoadBalancer(
        "load-balancer",
        internal=False,
        load_balancer_type="application",
        security_groups=firewall.groups,
        subnets=list(site.network.service_subnet_ids),
        idle_timeout=_IDLE_SECONDS,
        drop_invalid_header_fields=True,
        tags=site.named("load-balancer"),
        opts=pulumi.ResourceOptions(
            parent=site.parent,
            # AWS makes none for the internet in a network without a way there. Source: Elastic Load
            # Balancing API, CreateLoadBalancer, InvalidSubnet.
            depends_on=[*firewall.rules, *site.network.gateway],
        ),
    )
    group = _nodes(site)
    if site.alarms:
        of = {"LoadBalancer": balancer.arn_suffix, "TargetGroup": group.arn_suffix}
        site.alarms.watch("nodes", TARGETS, of, site.parent)
    ready = [*_listeners(site, balancer, group), *_record(site, balancer)]
    return LoadBalancer(group.arn, balancer.dns_name, ready)


def _nodes(site: Site) -> aws.lb.TargetGroup:
    check = api.load_balancer_check(site.settings.openvidu_version)
    return aws.lb.TargetGroup(
        "nodes",
        port=ports.REPLICATION_MANAGER,
        protocol="HTTP",
        # Addresses outlive the machines that have them.
        target_type="ip",
        vpc_id=site.network.vpc_id,
        deregistration_delay=_DEREGISTRATION_SECONDS,
        health_check={
            "protocol": "HTTP",
            "path": check.path,
            "matcher": check.statuses,
            "interval": 5,
            "timeout": 4,
            "healthy_threshold": 2,
            "unhealthy_threshold": 3,
        },
        tags=site.named("nodes"),
        opts=site.child,
    )


def _listeners(
    site: Site, balancer: aws.lb.LoadBalancer, group: aws.lb.TargetGroup
) -> list[pulumi.Resource]:
    """Who comes with HTTP is led to HTTPS."""
    settings = site.settings
    encrypted = aws.lb.Listener(
        _listener("https", settings.https_port, ports.HTTPS),
        load_balancer_arn=balancer.arn,
        port=settings.https_port,
        protocol="HTTPS",
        ssl_policy=_TLS_POLICY,
        certificate_arn=certificate(site),
        default_actions=[{"type": "forward", "target_group_arn": group.arn}],
        tags=site.named("https"),
        opts=_once_named(site, "https", settings.https_port),
    )
    plain = aws.lb.Listener(
        _listener("http", settings.http_port, ports.HTTP),
        load_balancer_arn=balancer.arn,
        port=settings.http_port,
        protocol="HTTP",
        default_actions=[
            {
                "type": "redirect",
                "redirect": {
                    "port": str(settings.https_port),
                    "protocol": "HTTPS",
                    "status_code": "HTTP_301",
                },
            }
        ],
        tags=site.named("http"),
        opts=_once_named(site, "http", settings.http_port, depends_on=[encrypted]),
    )
    return [plain, encrypted]


def _listener(service: str, port: int, default: int) -> str:
    """Another port is another listener, which is there before calls leave the old one."""
    return service if port == default else f"{service}-{port}"


def _once_named(
    site: Site, service: str, port: int, depends_on: Sequence[pulumi.Resource] = ()
) -> pulumi.ResourceOptions:
    options = pulumi.ResourceOptions(parent=site.parent, depends_on=depends_on)
    return pulumi.ResourceOptions.merge(options, site.previous.once_named(service, port))


def _record(site: Site, balancer: aws.lb.LoadBalancer) -> list[pulumi.Resource]:
    """The domain, pointed to the load balancer where a hosted zone is configured."""
    settings = site.settings
    if settings.hosted_zone_id is None:
        return []
    return [
        aws.route53.Record(
            "load-balancer-record",
            zone_id=settings.hosted_zone_id,
            name=settings.domain_or_public_ip or "",
            type="A",
            allow_overwrite=settings.overwrite_record or None,
            aliases=[
                {
                    "name": balancer.dns_name,
                    "zone_id": balancer.zone_id,
                    "evaluate_target_health": False,
                }
            ],
            opts=site.child,
        )
    ]

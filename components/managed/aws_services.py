"""What takes the place of the base: AWS's services, or those that exist, one by one."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import pulumi
import pulumi_aws as aws

from components.aws.alarms import Alarms
from components.aws.network import Network
from components.endpoints import Endpoints
from components.managed.application_load_balancer import LoadBalancer, load_balancer
from components.managed.redis import redis
from components.managed.search import search
from components.managed.site import Site
from components.managed.storage_bucket import bucket
from components.previous_state import PreviousState
from components.settings.table import Settings
from openvidu import ports

_AWS_S3 = re.compile(r"https?://s3[.-]([a-z0-9-]+)\.amazonaws\.com")


class ManagedServices(pulumi.ComponentResource):
    """Load balancer, Redis, bucket, Elasticsearch and Kibana.

    Attributes:
        load_balancer: the load balancer.
        endpoints: what nodes connect to.
        kibana_url: where operators find Kibana.
        ready: what depends on services that answer depends on these.
    """

    load_balancer: LoadBalancer
    endpoints: pulumi.Output[Endpoints]
    kibana_url: pulumi.Output[str]
    ready: list[pulumi.Resource]

    def __init__(
        self,
        settings: Settings,
        network: Network,
        tags: Mapping[str, str],
        previous: PreviousState,
        alarms: Alarms | None = None,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Register the services that don't exist.

        Args:
            settings: what to deploy.
            network: the cluster's network.
            tags: those that every resource carries.
            previous: what is deployed.
            alarms: watches them; None where nobody wants to know.
            opts: options of the component.
        """
        super().__init__("openvidu-enterprise:index:ManagedServices", "services", None, opts)
        site = Site(settings, network, tags, previous, self, alarms)
        self.load_balancer = load_balancer(site)
        values: dict[str, Any] = {"domain": settings.domain_or_public_ip}
        self.ready = [*self.load_balancer.ready]
        for part, ready in (_redis(site), _s3(site), _search(site)):
            values.update(part)
            self.ready.extend(ready)
        self.endpoints = pulumi.Output.all(**values).apply(
            lambda found: Endpoints(**{**found, "redis": tuple(found["redis"])})
        )
        self.kibana_url = pulumi.Output.from_input(values["kibana"])
        self.register_outputs({"dnsName": self.load_balancer.dns_name})


_Part = tuple[Mapping[str, Any], list[pulumi.Resource]]
"""Fields of `Endpoints`, and what has to be there before they can be used."""


def _redis(site: Site) -> _Part:
    settings = site.settings
    if settings.redis_host:
        return {"redis": settings.redis_host, "redis_password": settings.redis_password}, []
    name, ready = redis(site)
    return {"redis": [name, ports.REDIS], "redis_password": ""}, ready


def _s3(site: Site) -> _Part:
    settings = site.settings
    if settings.s3_endpoint:
        of_aws = _AWS_S3.match(settings.s3_endpoint)
        return {
            "s3": settings.s3_endpoint,
            "s3_region": of_aws[1] if of_aws else None,
            "bucket": settings.s3_bucket,
            "s3_access_key": settings.s3_access_key,
            "s3_secret_key": settings.s3_secret_key,
        }, []
    region = aws.get_region().region
    made = bucket(site)
    return {
        "s3": f"https://s3.{region}.amazonaws.com",
        "s3_region": region,
        "bucket": made.name,
        "s3_access_key": made.access_key,
        "s3_secret_key": made.secret_key,
    }, made.ready


def _search(site: Site) -> _Part:
    settings = site.settings
    if settings.elasticsearch_url and settings.kibana_url:
        return {"elasticsearch": settings.elasticsearch_url, "kibana": settings.kibana_url}, []
    elasticsearch, kibana, ready = search(site)
    return {"elasticsearch": elasticsearch, "kibana": kibana}, ready

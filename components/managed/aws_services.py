"""What takes the place of the base: AWS's services, or those that exist, one by one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pulumi

from components.aws.alarms import Alarms
from components.aws.network import Network
from components.endpoints import Endpoints, MadeServices, kibana, of_services
from components.managed.application_load_balancer import LoadBalancer, load_balancer
from components.managed.part import Part
from components.managed.redis import redis
from components.managed.search import search
from components.managed.site import Site
from components.managed.storage_bucket import bucket
from components.previous_state import PreviousState
from components.settings.table import Settings


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
        made: dict[str, Any] = {}
        self.ready = [*self.load_balancer.ready]
        for part in _parts(site):
            made.update(part.values)
            self.ready.extend(part.ready)
        self.endpoints = pulumi.Output.from_input(made).apply(
            lambda found: of_services(settings, MadeServices(**found))
        )
        self.kibana_url = pulumi.Output.from_input(made.get("search")).apply(
            lambda name: kibana(settings, name)
        )
        self.register_outputs({"dnsName": self.load_balancer.dns_name})


def _parts(site: Site) -> Iterator[Part]:
    """Register those services that aren't configured as existing ones."""
    settings = site.settings
    if not settings.redis_host:
        yield redis(site)
    if not settings.s3_endpoint:
        yield bucket(site)
    if not (settings.elasticsearch_url and settings.kibana_url):
        yield search(site)

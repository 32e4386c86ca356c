"""What the fake AWS holds of managed services, as plain values. Hold the view's lock.

moto loads its model of a service with the first call for it: before that there's nothing of it.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Listener:
    """A listener of a load balancer.

    Attributes:
        port: where it listens.
        certificate: ARN of its certificate; None without TLS.
        redirect_port: where it leads browsers to, with HTTPS; None for one that forwards.
        group: ARN of the target group that it forwards to; None for one that redirects.
    """

    port: int
    certificate: str | None
    redirect_port: str | None
    group: str | None


@dataclass(frozen=True)
class Group:
    """A target group: where requests go, and how that is checked.

    Attributes:
        targets: `address:port` by address.
        path, status: what a healthy target answers to what.
        interval, timeout: seconds.
        healthy, unhealthy: how many checks in a row count.
    """

    targets: dict[str, str]
    path: str
    status: str
    interval: float
    timeout: float
    healthy: int
    unhealthy: int


@dataclass(frozen=True)
class Service:
    """A managed service.

    Attributes:
        key: tells it from others; short.
        names: DNS names that lead to it.
        subnets: ids of its subnets; it has its address in the first.
        groups: ids of its security groups.
        is_public: whether it has a public address.
        module: what runs there, as `python -m MODULE FOLDER`.
        settings: what that is told.
    """

    key: str
    names: tuple[str, ...]
    subnets: tuple[str, ...]
    groups: tuple[str, ...]
    is_public: bool
    module: str
    settings: dict[str, Any] = field(default_factory=dict)


def services() -> list[Service]:
    """Every managed service."""
    return [*_load_balancers(), *_caches(), *_domains()]


def targets() -> dict[str, list[str]]:
    """The addresses that are registered, by the ARN of their target group."""
    return {
        arn: sorted(group.targets)
        for backend in _backends("elbv2")
        for arn, group in list(backend.target_groups.items())
    }


@dataclass(frozen=True)
class Certificate:
    """A certificate.

    Attributes:
        names: those that it's for.
        chain: as PEM, where it was imported; None where ACM issues it.
        key: likewise.
    """

    names: Sequence[str] = ()
    chain: str | None = None
    key: str | None = None


def certificate(arn: str) -> Certificate:
    """What ACM holds of a certificate."""
    for backend in _backends("acm"):
        if found := backend._certificates.get(arn):
            names = [found.common_name, *found.sans]
            if found.type != "IMPORTED":
                return Certificate(list(dict.fromkeys(names)))
            chain = b"\n".join(part for part in (found.cert, found.chain) if part)
            return Certificate(names, chain.decode(), found.key.decode())
    return Certificate()


def _load_balancers() -> Iterator[Service]:
    for backend in _backends("elbv2"):
        for balancer in list(backend.load_balancers.values()):
            listeners = [_listener(one) for one in list(balancer.listeners.values())]
            used = {one.group for one in listeners if one.group}
            yield Service(
                f"lb-{balancer.arn[-6:]}",
                (balancer.dns_name,),
                tuple(subnet.id for subnet in balancer.subnets),
                tuple(balancer.security_groups or ()),
                balancer.scheme == "internet-facing",
                "lab.cloud.managed.balancer",
                {
                    "listeners": listeners,
                    "groups": {arn: _group(backend.target_groups[arn]) for arn in sorted(used)},
                    "idle": int(balancer.attrs.get("idle_timeout.timeout_seconds", 60)),
                },
            )


def _listener(found: Any) -> Listener:
    action = found.default_actions[0].data
    redirect = action.get("RedirectConfig") or {}
    group = action.get("TargetGroupArn")
    if group is None and action.get("ForwardConfig"):
        group = action["ForwardConfig"]["TargetGroups"][0]["TargetGroupArn"]
    return Listener(int(found.port), found.certificate, redirect.get("Port"), group)


def _group(found: Any) -> Group:
    port = found.health_check_port
    return Group(
        {
            ip: f"{ip}:{target['Port'] if port == 'traffic-port' else port}"
            for ip, target in list(found.targets.items())
        },
        found.health_check_path or "/",
        found.matcher["HttpCode"],
        float(found.health_check_interval_seconds),
        float(found.health_check_timeout_seconds),
        int(found.healthy_threshold_count),
        int(found.unhealthy_threshold_count),
    )


def _caches() -> Iterator[Service]:
    for backend in _backends("elasticache"):
        for group in list(backend.replication_groups.values()):
            subnets = backend.cache_subnet_groups.get(group.cache_subnet_group_name)
            if subnets is not None:
                yield Service(
                    f"redis-{group.replication_group_id[-6:]}",
                    tuple(one["primary_endpoint_address"] for one in group.node_groups),
                    tuple(subnets.subnet_ids),
                    tuple(group.security_group_ids or ()),
                    is_public=False,
                    module="lab.cloud.managed.redis",
                    settings={"port": int(group.port or 6379)},
                )


def _domains() -> Iterator[Service]:
    for backend in _backends("opensearch"):
        for domain in list(backend.domains.values()):
            options, login = domain.vpc_options or {}, domain.advanced_security_options
            user = (login or {}).get("MasterUserOptions") or {}
            yield Service(
                f"es-{domain.domain_name[-7:]}",
                tuple(name for name in (domain.endpoints or {}).values() if name),
                tuple(options.get("SubnetIds", ())),
                tuple(options.get("SecurityGroupIds", ())),
                is_public=False,
                module="lab.cloud.managed.search",
                settings={
                    "user": user.get("MasterUserName", ""),
                    "password": user.get("MasterUserPassword", ""),
                },
            )


def _backends(service: str) -> Iterator[Any]:
    """The backends of a service in moto, of every account and region."""
    module = sys.modules.get(f"moto.{service}.models")
    for accounts in list(getattr(module, f"{service}_backends", {}).values()):
        yield from list(accounts.values())

"""What nodes connect to: Redis, S3, Elasticsearch and Kibana, and the name users know. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from components.settings.table import Settings
from components.settings.values import HostAndPort
from openvidu import ports

_AWS_S3 = re.compile(r"https?://s3[.-]([a-z0-9-]+)\.amazonaws\.com")
_KIBANA = "/_plugin/kibana"
"""Source: OpenSearch Service, "Using Kibana"; of domains with an Elasticsearch engine."""


@dataclass(frozen=True, kw_only=True)
class Endpoints:
    """Where services are, and how to log in there.

    Attributes:
        domain: the name or address under which users reach the cluster.
        redis: where it answers.
        redis_password: empty where Redis takes none.
        s3: URL of the S3 service.
        s3_region: None where it has none, as MinIO.
        bucket, s3_access_key, s3_secret_key: the bucket, and the login there.
        elasticsearch, kibana: URLs with ports.
    """

    domain: str
    redis: HostAndPort
    redis_password: str = field(repr=False)
    s3: str
    s3_region: str | None
    bucket: str
    s3_access_key: str
    s3_secret_key: str = field(repr=False)
    elasticsearch: str
    kibana: str


@dataclass(frozen=True, kw_only=True)
class MadeServices:
    """What AWS says of the services that were made; None of those that existed.

    Attributes:
        redis: the name of its primary.
        region, bucket, access_key, secret_key: of the bucket, and of who may use it.
        search: the name of Elasticsearch and Kibana.
    """

    redis: str | None = None
    region: str | None = None
    bucket: str | None = None
    access_key: str | None = None
    secret_key: str | None = field(default=None, repr=False)
    search: str | None = None


def of_services(settings: Settings, made: MadeServices) -> Endpoints:
    """AWS's services, or those that exist, one by one.

    Args:
        settings: what to deploy.
        made: what was made in place of what isn't configured.

    Raises:
        LookupError: what takes the place of one that isn't configured isn't known.
    """
    of_aws = _AWS_S3.match(settings.s3_endpoint or "")
    own = settings.s3_endpoint is not None
    region = _known(made.region) if not own else of_aws[1] if of_aws else None
    return Endpoints(
        domain=settings.domain_or_public_ip or "",
        redis=settings.redis_host or HostAndPort(_known(made.redis), ports.REDIS),
        redis_password=settings.redis_password if settings.redis_host else "",
        s3=settings.s3_endpoint or f"https://s3.{region}.amazonaws.com",
        s3_region=region,
        bucket=settings.s3_bucket if own else _known(made.bucket),
        s3_access_key=settings.s3_access_key if own else _known(made.access_key),
        s3_secret_key=settings.s3_secret_key if own else _known(made.secret_key),
        elasticsearch=settings.elasticsearch_url or _search(made.search),
        kibana=kibana(settings, made.search),
    )


def kibana(settings: Settings, search: str | None) -> str:
    """The URL of Kibana.

    Args:
        settings: what to deploy.
        search: name of the domain of OpenSearch Service; None where none was made.
    """
    return settings.kibana_url or f"{_search(search)}{_KIBANA}"


def _search(name: str | None) -> str:
    return f"https://{_known(name)}:{ports.HTTPS}"


def _known(found: str | None) -> str:
    if not found:
        raise LookupError
    return found


def of_base(settings: Settings, domain_or_public_ip: str) -> Endpoints:
    """The services of the base, by its private address.

    Args:
        settings: what to deploy.
        domain_or_public_ip: the configured name, or the base's public address.
    """
    base = settings.main_private_ip
    return Endpoints(
        domain=domain_or_public_ip,
        redis=HostAndPort(base, ports.REDIS),
        redis_password=settings.redis_password,
        s3=f"http://{base}:{ports.S3}",
        s3_region=None,
        bucket=settings.s3_bucket,
        s3_access_key=settings.s3_access_key,
        s3_secret_key=settings.s3_secret_key,
        elasticsearch=f"http://{base}:{ports.ELASTICSEARCH}",
        kibana=f"http://{base}:{ports.KIBANA}",
    )

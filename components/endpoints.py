"""What nodes connect to: Redis, S3, Elasticsearch and Kibana, and the name users know. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field

from components.settings.table import Settings
from openvidu import ports


@dataclass(frozen=True, kw_only=True)
class Endpoints:
    """Where services are, and how to log in there.

    Attributes:
        domain: the name or address under which users reach the cluster.
        redis: host and port.
        redis_password: empty where Redis takes none.
        s3: URL of the S3 service.
        s3_region: None where it has none, as MinIO.
        bucket, s3_access_key, s3_secret_key: the bucket, and the login there.
        elasticsearch, kibana: URLs with ports.
    """

    domain: str
    redis: tuple[str, int]
    redis_password: str = field(repr=False)
    s3: str
    s3_region: str | None
    bucket: str
    s3_access_key: str
    s3_secret_key: str = field(repr=False)
    elasticsearch: str
    kibana: str


def of_base(settings: Settings, domain_or_public_ip: str) -> Endpoints:
    """The services of the base, by its private address.

    Args:
        settings: what to deploy.
        domain_or_public_ip: the configured name, or the base's public address.
    """
    base = settings.main_private_ip
    return Endpoints(
        domain=domain_or_public_ip,
        redis=(base, ports.REDIS),
        redis_password=settings.redis_password,
        s3=f"http://{base}:{ports.S3}",
        s3_region=None,
        bucket=settings.s3_bucket,
        s3_access_key=settings.s3_access_key,
        s3_secret_key=settings.s3_secret_key,
        elasticsearch=f"http://{base}:{ports.ELASTICSEARCH}",
        kibana=f"http://{base}:{ports.KIBANA}",
    )

"""The `.env` of the base and of a node, in full, as pure functions of the settings.

Source: page, "Installing Base Services" step 6 and "Installing OpenVidu Enterprise Nodes"
step 6; the optional keys are those of the repository's `.env` files.
"""

from __future__ import annotations

from components.settings import Settings
from openvidu import environment, ports

_HEADER = "Managed by Pulumi. Changes made here are lost; use pulumi config set."


def base_env(settings: Settings, domain_or_public_ip: str) -> str:
    """The base's `.env`, apart from the list of nodes, which stays as it is on the machine.

    Args:
        settings: what to deploy.
        domain_or_public_ip: the configured name, or the base's public address.
    """
    values = {
        "DOMAIN_OR_PUBLIC_IP": domain_or_public_ip,
        environment.OPENVIDU_SECRET: settings.openvidu_secret,
        "CERTIFICATE_TYPE": settings.certificate_type,
        "LETSENCRYPT_EMAIL": settings.letsencrypt_email or "",
        "HTTPS_PORT": str(settings.https_port),
        environment.NODE_IPS: environment.NO_NODES,
        environment.REDIS_PASSWORD: settings.redis_password,
        environment.S3_BUCKET: settings.s3_bucket,
        environment.S3_ACCESS_KEY: settings.s3_access_key,
        environment.S3_SECRET_KEY: settings.s3_secret_key,
        environment.ELASTICSEARCH_USERNAME: settings.elasticsearch_username,
        environment.ELASTICSEARCH_PASSWORD: settings.elasticsearch_password,
    }
    return environment.render(values, header=_HEADER)


def node_env(settings: Settings, number: int, domain_or_public_ip: str) -> str:
    """The `.env` of node `number`; only its private address differs from other nodes'."""
    base = settings.base_private_ip
    values = {
        "DOMAIN_OR_PUBLIC_IP": domain_or_public_ip,
        "OPENVIDU_PRO_LICENSE": settings.openvidu_pro_license,
        environment.OPENVIDU_SECRET: settings.openvidu_secret,
        "OPENVIDU_ENTERPRISE_MEDIA_SERVER": settings.media_server,
        "HTTPS_PORT": str(settings.https_port),
        environment.NODE_PRIVATE_IP: settings.node_private_ip(number),
        "OPENVIDU_ENTERPRISE_HA_REDIS_HOST": base,
        environment.REDIS_PORT: str(ports.REDIS),
        environment.REDIS_PASSWORD: settings.redis_password,
        "OPENVIDU_ENTERPRISE_HA_S3_CONFIG_SERVICE_ENDPOINT": f"http://{base}:{ports.S3}",
        environment.S3_BUCKET: settings.s3_bucket,
        environment.S3_ACCESS_KEY: settings.s3_access_key,
        environment.S3_SECRET_KEY: settings.s3_secret_key,
        "OPENVIDU_ENTERPRISE_HA_S3_CONFIG_PATH_STYLE_ACCESS": "true",
        "OPENVIDU_PRO_ELASTICSEARCH": "true",
        "OPENVIDU_PRO_ELASTICSEARCH_HOST": f"http://{base}:{ports.ELASTICSEARCH}",
        "OPENVIDU_PRO_KIBANA_HOST": f"http://{base}:{ports.KIBANA}",
        environment.ELASTICSEARCH_USERNAME: settings.elasticsearch_username,
        environment.ELASTICSEARCH_PASSWORD: settings.elasticsearch_password,
        "OPENVIDU_PRO_CLUSTER_LOAD_STRATEGY": "streams",
        **_recording(settings),
        **_webhook(settings),
        **dict(settings.extra_env),
    }
    return environment.render(values, header=_HEADER)


def _recording(settings: Settings) -> dict[str, str]:
    """Source: page, "Enabling Recording"."""
    if not settings.recording:
        return {"OPENVIDU_RECORDING": "false"}
    return {
        "OPENVIDU_RECORDING": "true",
        "OPENVIDU_RECORDING_PATH": "/opt/openvidu/recordings",
        "OPENVIDU_PRO_RECORDING_STORAGE": "s3",
        "OPENVIDU_PRO_AWS_S3_BUCKET": settings.s3_bucket,
        "OPENVIDU_PRO_AWS_S3_SERVICE_ENDPOINT": f"http://{settings.base_private_ip}:{ports.S3}",
        "OPENVIDU_PRO_AWS_S3_WITH_PATH_STYLE_ACCESS": "true",
        "OPENVIDU_PRO_AWS_ACCESS_KEY": settings.s3_access_key,
        "OPENVIDU_PRO_AWS_SECRET_KEY": settings.s3_secret_key,
    }


def _webhook(settings: Settings) -> dict[str, str]:
    """Source: page, "Enabling Webhooks"; the list of events is written `[a,b]`."""
    if settings.webhook_endpoint is None:
        return {"OPENVIDU_WEBHOOK": "false"}
    values = {"OPENVIDU_WEBHOOK": "true", "OPENVIDU_WEBHOOK_ENDPOINT": settings.webhook_endpoint}
    if settings.webhook_events:
        values["OPENVIDU_WEBHOOK_EVENTS"] = f"[{','.join(settings.webhook_events)}]"
    return values

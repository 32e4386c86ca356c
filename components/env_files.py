"""The `.env` of the base and of a node, in full, as pure functions of the settings.

Source: page, "Installing Base Services" step 6 and "Installing OpenVidu Enterprise Nodes"
step 6. What neither says has the value of the version's own `.env`: without OPENVIDU_RECORDING_PATH
and the like, the engine refuses its Compose file.
"""

from __future__ import annotations

from collections.abc import Mapping

from components.digest import digest_of
from components.endpoints import Endpoints
from components.settings.table import Settings
from openvidu import environment, ports, roles
from openvidu.deployment import deployment
from openvidu.roles import Role

_HEADER = "Managed by Pulumi. Changes made here are lost; use pulumi config set."


def base_env(settings: Settings, domain_or_public_ip: str) -> str:
    """The base's `.env`, apart from the list of nodes, which stays as it is on the machine.

    Args:
        settings: what to deploy.
        domain_or_public_ip: the configured name, or the base's public address.
    """
    values = {
        **_template(roles.BASE, settings),
        "DOMAIN_OR_PUBLIC_IP": domain_or_public_ip,
        environment.OPENVIDU_SECRET: settings.openvidu_secret,
        "CERTIFICATE_TYPE": settings.certificate_type,
        "LETSENCRYPT_EMAIL": settings.letsencrypt_email or "",
        **_entrances(settings),
        environment.NODE_IPS: environment.NO_NODES,
        environment.REDIS_PASSWORD: settings.redis_password,
        environment.S3_BUCKET: settings.s3_bucket,
        environment.S3_ACCESS_KEY: settings.s3_access_key,
        environment.S3_SECRET_KEY: settings.s3_secret_key,
        environment.ELASTICSEARCH_USERNAME: settings.elasticsearch_username,
        environment.ELASTICSEARCH_PASSWORD: settings.elasticsearch_password,
        **dict(settings.base_extra_env),
    }
    return environment.render(values, header=_HEADER)


def master_env(settings: Settings, domain_or_public_ip: str) -> str:
    """The `.env` of a single master.

    Source: page, "Single master deployment"; documentation, "Deploy OpenVidu Pro on premises",
    "Configuration"; the keys are those of the repository's `.env` of OpenVidu Pro.
    """
    uris = ",".join(f'"ws://{ip}:{ports.KURENTO}/kurento"' for ip in settings.media_nodes)
    values = {
        **_template(roles.MASTER, settings),
        "DOMAIN_OR_PUBLIC_IP": domain_or_public_ip,
        "OPENVIDU_PRO_LICENSE": settings.openvidu_pro_license,
        environment.OPENVIDU_SECRET: settings.openvidu_secret,
        "OPENVIDU_EDITION": "enterprise",
        "OPENVIDU_ENTERPRISE_MEDIA_SERVER": settings.media_server,
        "CERTIFICATE_TYPE": settings.certificate_type,
        "LETSENCRYPT_EMAIL": settings.letsencrypt_email or "",
        **_entrances(settings),
        "KMS_URIS": f"[{uris}]",
        environment.ELASTICSEARCH_USERNAME: settings.elasticsearch_username,
        environment.ELASTICSEARCH_PASSWORD: settings.elasticsearch_password,
        "OPENVIDU_RECORDING": str(settings.recording).lower(),
        **_webhook(settings),
        **_turn(settings),
        **dict(settings.extra_env),
    }
    return environment.render(values, header=_HEADER)


def node_env(settings: Settings, number: int, endpoints: Endpoints) -> str:
    """The `.env` of node `number`; only its private address differs from other nodes'."""
    values = {environment.NODE_PRIVATE_IP: settings.node_private_ip(number)}
    return environment.render(values | _shared(settings, endpoints), header=_HEADER)


def shared_env(settings: Settings, endpoints: Endpoints) -> str:
    """What all nodes share: the configuration that the bucket holds once the first has started.

    Source: page, "Configuration management".
    """
    return environment.render(_shared(settings, endpoints), header=_HEADER)


def bastion_env(settings: Settings, endpoints: Endpoints, target_group: str) -> str:
    """What the membership program needs on the bastion.

    Args:
        settings: what to deploy.
        endpoints: of the cluster's services.
        target_group: ARN of the target group whose targets are the nodes.
    """
    values = {
        environment.TARGET_GROUP: target_group,
        environment.OPENVIDU_SECRET: settings.openvidu_secret,
        **_s3(endpoints),
    }
    return environment.render(values, header=_HEADER)


def logins(settings: Settings, endpoints: Endpoints) -> str:
    """A digest of where nodes log in and with what: with another one they have to restart."""
    values = _shared(settings, endpoints)
    return digest_of("\n".join(values[name] for name in environment.LOGINS))


def _shared(settings: Settings, endpoints: Endpoints) -> dict[str, str]:
    return {
        **_template(roles.NODE, settings),
        "DOMAIN_OR_PUBLIC_IP": endpoints.domain,
        "OPENVIDU_PRO_LICENSE": settings.openvidu_pro_license,
        environment.OPENVIDU_SECRET: settings.openvidu_secret,
        "OPENVIDU_ENTERPRISE_MEDIA_SERVER": settings.media_server,
        "HTTPS_PORT": str(settings.https_port),
        environment.REDIS_HOST: endpoints.redis.host,
        environment.REDIS_PORT: str(endpoints.redis.port),
        environment.REDIS_PASSWORD: endpoints.redis_password,
        **_s3(endpoints),
        environment.ELASTICSEARCH_HOST: endpoints.elasticsearch,
        environment.KIBANA_HOST: endpoints.kibana,
        environment.ELASTICSEARCH_USERNAME: settings.elasticsearch_username,
        environment.ELASTICSEARCH_PASSWORD: settings.elasticsearch_password,
        **_recording(settings, endpoints),
        **_webhook(settings),
        **_turn(settings),
        **dict(settings.extra_env),
    }


def _template(role: Role, settings: Settings) -> Mapping[str, str]:
    """What the install leaves in `.env`, apart from what differs between nodes."""
    template = dict(deployment(role.name, settings.openvidu_version).template)
    template.pop(environment.NODE_PRIVATE_IP, None)
    return template


def _entrances(settings: Settings) -> dict[str, str]:
    """Ports for users, and who may use what there; the proxy lets all in where nobody is named."""
    limits = {
        "ALLOWED_ACCESS_TO_DASHBOARD": settings.dashboard_cidrs,
        "ALLOWED_ACCESS_TO_RESTAPI": settings.api_cidrs,
    }
    return {
        "HTTP_PORT": str(settings.http_port),
        "HTTPS_PORT": str(settings.https_port),
        **{name: ",".join(networks) for name, networks in limits.items() if networks},
    }


def _s3(endpoints: Endpoints) -> dict[str, str]:
    region = {environment.S3_REGION: endpoints.s3_region} if endpoints.s3_region else {}
    return {
        environment.S3_ENDPOINT: endpoints.s3,
        environment.S3_BUCKET: endpoints.bucket,
        environment.S3_ACCESS_KEY: endpoints.s3_access_key,
        environment.S3_SECRET_KEY: endpoints.s3_secret_key,
        **region,
    }


def _recording(settings: Settings, endpoints: Endpoints) -> dict[str, str]:
    """Source: page, "Enabling Recording"; for the region, the repository's `.env`."""
    if not settings.recording:
        return {"OPENVIDU_RECORDING": "false"}
    return {
        "OPENVIDU_RECORDING": "true",
        "OPENVIDU_PRO_AWS_S3_BUCKET": endpoints.bucket,
        "OPENVIDU_PRO_AWS_S3_SERVICE_ENDPOINT": endpoints.s3,
        "OPENVIDU_PRO_AWS_ACCESS_KEY": endpoints.s3_access_key,
        "OPENVIDU_PRO_AWS_SECRET_KEY": endpoints.s3_secret_key,
        **({"OPENVIDU_PRO_AWS_REGION": endpoints.s3_region} if endpoints.s3_region else {}),
    }


def _webhook(settings: Settings) -> dict[str, str]:
    """Source: page, "Enabling Webhooks"; the list of events is written `[a,b]`."""
    if settings.webhook_endpoint is None:
        return {"OPENVIDU_WEBHOOK": "false"}
    values = {"OPENVIDU_WEBHOOK": "true", "OPENVIDU_WEBHOOK_ENDPOINT": settings.webhook_endpoint}
    if settings.webhook_events:
        values["OPENVIDU_WEBHOOK_EVENTS"] = f"[{','.join(settings.webhook_events)}]"
    if settings.webhook_headers:
        quoted = ",".join(f'"{header}"' for header in settings.webhook_headers)
        values[environment.WEBHOOK_HEADERS] = f"[{quoted}]"
    return values


def _turn(settings: Settings) -> dict[str, str]:
    """Source: OpenVidu's documentation, "Allow users behind firewalls"."""
    if settings.turn_server is None:
        return {}
    login = (
        f"staticAuthSecret={settings.turn_static_auth_secret}"
        if settings.turn_static_auth_secret
        else f"username={settings.turn_username},credential={settings.turn_credential}"
    )
    return {environment.ICE_SERVERS: f'["url={settings.turn_server},{login}"]'}

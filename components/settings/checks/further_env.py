"""Further keys of `.env`: `extraEnv` and `baseExtraEnv`. Pure."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping

from components.settings.choices import HA, SINGLE_MASTER
from components.settings.mistakes import Mistake, member, path_command, shown
from components.settings.table import Settings
from openvidu import environment, roles
from openvidu.deployment import deployment
from openvidu.options import BASE as BASE_OPTIONS
from openvidu.options import Option, is_secret, options

MIXED_UP = "contains the name of a key in .env, which OpenVidu's scripts would confuse it with"


def find_mistakes(settings: Settings) -> list[Mistake]:
    """Further `.env` keys take what OpenVidu says, and hide none that its `grep` looks for."""
    shape, version = settings.shape, settings.openvidu_version
    # Who installed base services may have added to their Compose file, and to `.env` for that.
    has_own = any(one.adopted is not None for one in settings.hosts[:1])
    role = roles.MASTER if shape == SINGLE_MASTER else roles.NODE
    its = deployment(role.name, version)
    mistakes = []
    for name, text in settings.extra_env:
        known = options(role.name, version).get(name)
        problem = _set_by(name) or _unfit(name, text, known)
        if not text and name in its.needs:
            problem = f"{name} is empty, but OpenVidu's Compose file needs a value"
        mistakes += _extra("extraEnv", name, problem)
    for name, text in settings.base_extra_env:
        known = options("base", version).get(name)
        problem = _unfit(name, text, known)
        if shape != HA:
            problem = "is for base services, of which there are none; a single master uses extraEnv"
        elif known is None and has_own:
            problem = _set_by(name) or problem
        elif known is None:
            near = difflib.get_close_matches(name, BASE_OPTIONS, n=1)
            takes = (
                f"did you mean {near[0]}?" if near else f"these can be: {', '.join(BASE_OPTIONS)}"
            )
            problem = f"{name} can't be set here; {takes}"
        mistakes += _extra("baseExtraEnv", name, problem)
    return mistakes


def _extra(key: str, name: str, problem: str | None) -> list[Mistake]:
    command = path_command("rm", key + member(name))
    return [Mistake(key, problem, command)] if problem else []


def _set_by(name: str) -> str | None:
    return f"{name} is set by {_SET_BY[name]}" if name in _SET_BY else None


def _unfit(name: str, text: str, known: Option | None) -> str | None:
    hidden = next((key for key in environment.LOOKED_FOR if key in name), None)
    if hidden and hidden != name:
        return f"{name} contains {hidden}, which OpenVidu would confuse with it"
    if hidden:
        return f"{name} has a key of its own; see docs/config.md"
    if any(key in text for key in environment.LOOKED_FOR):
        return f"{name} {MIXED_UP}"
    if known and not known.fits(text):
        found = "what it has" if is_secret(name) else shown(text)
        return f"{name} must be {known.takes}, got {found}"
    try:
        environment.render({name: text}, header="")
    except environment.UnwritableValueError as error:
        return str(error)
    return None


def plain_secrets(key: str, texts: Iterable[tuple[str, str]]) -> list[Mistake]:
    """Secrets among the texts of a key that is stored in plain text."""
    return [
        Mistake(
            key,
            f"{name} is a secret, but is stored in plain text",
            path_command("set --secret", key + member(name)),
        )
        for name, _ in texts
        if is_secret(name)
    ]


_SET_BY: Mapping[str, str] = {
    "DOMAIN_OR_PUBLIC_IP": "domainOrPublicIp",
    "OPENVIDU_PRO_LICENSE": "openviduProLicense",
    "OPENVIDU_EDITION": "shape",
    "OPENVIDU_ENTERPRISE_MEDIA_SERVER": "mediaServer",
    "CERTIFICATE_TYPE": "certificateType",
    "LETSENCRYPT_EMAIL": "letsencryptEmail",
    "HTTPS_PORT": "httpsPort",
    "KMS_URIS": "mediaNodes",
    "OPENVIDU_RECORDING": "recording",
    "OPENVIDU_WEBHOOK": "webhookEndpoint",
    "OPENVIDU_PRO_ELASTICSEARCH": "elasticsearchUrl",
    environment.OPENVIDU_SECRET: "openviduSecret",
    environment.NODE_IPS: "nodeCount",
    environment.NODE_PRIVATE_IP: "subnetCidr, or hosts where machines exist",
    environment.REDIS_HOST: "redisHost",
    environment.REDIS_PORT: "redisHost",
    environment.REDIS_PASSWORD: "redisPassword",
    environment.S3_ENDPOINT: "s3Endpoint",
    environment.S3_BUCKET: "s3Bucket",
    environment.S3_ACCESS_KEY: "s3AccessKey",
    environment.S3_SECRET_KEY: "s3SecretKey",
    environment.WEBHOOK_ENDPOINT: "webhookEndpoint",
    environment.WEBHOOK_HEADERS: "webhookHeaders",
    environment.ICE_SERVERS: "turnServer",
    environment.ELASTICSEARCH_HOST: "elasticsearchUrl",
    environment.KIBANA_HOST: "kibanaUrl",
    environment.ELASTICSEARCH_USERNAME: "elasticsearchUsername",
    environment.ELASTICSEARCH_PASSWORD: "elasticsearchPassword",
}
"""Which key of the configuration to use for a key of `.env`: what nodes are told by two isn't what
the rest of the program believes."""

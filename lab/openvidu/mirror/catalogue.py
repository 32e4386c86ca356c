"""What the mirror has: the install scripts of each version, and the files that they fetch.

Compose files and `.env` are made of what OpenVidu's own hold; scripts are the lab's.
Source: page, "Installing Base Services" step 4 (the addresses of the scripts); the scripts
(DOWNLOAD_URL, and what an upgrade moves in which order).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import yaml

from openvidu.deployment import Deployment, deployment
from openvidu.downloads import FILES
from openvidu.release import (
    BASE,
    DOWNLOADS,
    LATEST,
    MASTER,
    NODE,
    VERSIONS,
    Product,
    ordered,
    upgrades_from,
)

_FILES = Path(__file__).with_name("files")
_BUCKET = DOWNLOADS.removeprefix("https://").partition("/")[2]
_FOLDERS = (_BUCKET, "openvidu")
"""Where install scripts are: OpenVidu's, and the examples' mirror."""
_REPOSITORY = urlsplit(FILES).path.strip("/")
_WAITS_FROM = (2, 32, 1)
"""From then on `createbuckets` waits for MinIO, and a node's first synchronisation is by `run`."""


class NotFoundError(Exception):
    """The mirror has no such file."""


@dataclass(frozen=True)
class _Kind:
    """What tells one product's install script from another's.

    Attributes:
        product: what it installs.
        title: its name in the script's words.
        upgraded: likewise, for an upgrade.
        downloaded: files, in the order in which they are fetched.
        new_folders: what an install makes.
        kept_aside: folders that an upgrade puts aside where they are there.
        media_images: parts of names of images that aren't a service's.
        pulls: whether images are pulled by the install.
        leaves_other_app: whether an upgrade leaves an override alone that names another application
            than OpenVidu's.
        refuses: patterns of images with which an upgrade is refused, and what it says.
        wants: the pattern of an image without which it's refused, and what it says.
    """

    product: Product
    title: str
    upgraded: str
    downloaded: tuple[str, ...]
    new_folders: tuple[str, ...]
    kept_aside: tuple[str, ...] = ("coturn",)
    media_images: tuple[str, ...] = ()
    pulls: bool = True
    leaves_other_app: bool = False
    refuses: tuple[tuple[str, str], ...] = ()
    wants: tuple[tuple[str, str], ...] = ()


_CE = ("/openvidu-server:", "Installed version is OpenVidu CE")
_KINDS: Mapping[str, _Kind] = {
    "base": _Kind(
        BASE,
        "OpenVidu Enterprise HA Base Services",
        "OpenVidu Enterprise HA base services",
        (".env", "docker-compose.yml", "docker-compose.override.yml", "base-services"),
        ("elasticsearch",),
        kept_aside=(),
    ),
    "master": _Kind(
        MASTER,
        "OpenVidu Pro",
        "OpenVidu Pro",
        (
            "cluster/aws/openvidu_autodiscover.sh",
            "cluster/aws/openvidu_drop.sh",
            "cluster/aws/openvidu_launch_kms.sh",
            "beats/filebeat.yml",
            "beats/metricbeat.yml",
            *(".env", "docker-compose.override.yml", "docker-compose.yml", "openvidu"),
        ),
        (
            *("cluster/aws", "beats", "elasticsearch", "recordings"),
            *("owncert", "custom-nginx-vhosts", "custom-nginx-locations"),
        ),
        kept_aside=("custom-nginx-vhosts", "custom-nginx-locations", "coturn"),
        pulls=False,
        leaves_other_app=True,
        refuses=(_CE, ("/replication-manager:", "Installed version is OpenVidu ENTERPRISE")),
    ),
    "node": _Kind(
        NODE,
        "OpenVidu Enterprise HA",
        "OpenVidu Enterprise HA",
        (
            *("beats/filebeat.yml", "beats/metricbeat-elasticsearch.yml"),
            *(".env", "docker-compose.yml", "openvidu"),
        ),
        ("beats", "recordings", "mncontroller/recordings"),
        media_images=(
            "kurento-media-server",
            "docker.elastic.co/beats/filebeat",
            "docker.elastic.co/beats/metricbeat",
            "openvidu/mediasoup-controller",
            "openvidu/openvidu-recording",
            "openvidu/speech-to-text-service",
        ),
        refuses=(_CE,),
        wants=(("/replication-manager-on-prem:", "Installed version is OpenVidu PRO"),),
    ),
}

_S3 = {
    "S3_ENDPOINT": "http://127.0.0.1:9000",
    "S3_ACCESS_KEY": "${OPENVIDU_ENTERPRISE_HA_S3_CONFIG_ACCESS_KEY}",
    "S3_SECRET_KEY": "${OPENVIDU_ENTERPRISE_HA_S3_CONFIG_SECRET_KEY}",
    "S3_BUCKET": "${OPENVIDU_ENTERPRISE_HA_S3_CONFIG_BUCKET}",
}
_LOGIN = {
    "ELASTICSEARCH_USERNAME": "${ELASTICSEARCH_USERNAME}",
    "ELASTICSEARCH_PASSWORD": "${ELASTICSEARCH_PASSWORD}",
}
_BY_COMMAND: Mapping[tuple[str, str], Mapping[str, str]] = {
    ("base", "createbuckets"): _S3,
    ("base", "elasticsearch"): _LOGIN,
    ("base", "redis"): {
        "REDIS_PORT": "${OPENVIDU_ENTERPRISE_HA_REDIS_PORT:-6379}",
        "REDIS_PASSWORD": "${OPENVIDU_ENTERPRISE_HA_REDIS_PASSWORD}",
    },
    ("master", "elasticsearch"): _LOGIN,
    ("master", "coturn"): {"COTURN_PORT": "${COTURN_PORT:-3478}"},
    ("node", "coturn"): {"COTURN_PORT": "${COTURN_PORT:-443}"},
}
"""What the original's services get in a command, the lab's stand-ins get in their environment."""


def content(path: str) -> bytes:
    """The file at `path` of an address.

    Raises:
        NotFoundError: there is none.
    """
    name = path.removeprefix("/")
    for role, kind in _KINDS.items():
        for version in (*VERSIONS, LATEST):
            if name in (f"{one}/{kind.product.script}_{version}.sh" for one in _FOLDERS):
                return _install_script(role, VERSIONS[-1] if version == LATEST else version)
        for version in VERSIONS:
            found = deployment(role, version)
            file = name.removeprefix(f"{_REPOSITORY}/v{version}/{found.folder}/")
            if file in kind.downloaded:
                return _file(role, version, found, file).encode()
    raise NotFoundError(path)


def _install_script(role: str, version: str) -> bytes:
    kind = _KINDS[role]
    images = '"$installed/docker-compose.yml"'
    refused = [
        *(f"! grep -q 'image:.*{part}' {images} ||" for part, _ in kind.refuses),
        *(f"grep -q 'image:.*{part}' {images} ||" for part, _ in kind.wants),
    ]
    reasons = [reason for _, reason in (*kind.refuses, *kind.wants)]
    values = {
        "TITLE": kind.title,
        "UPGRADED": kind.upgraded,
        "FOLDER": Path(kind.product.folder).name,
        "COMMAND": kind.product.command,
        "VERSION": version,
        "PREVIOUS": upgrades_from(version),
        "ADDRESS": f"{FILES}/v{version}/{deployment(role, version).folder}",
        "DOWNLOADED": " ".join(kind.downloaded),
        "NEW_FOLDERS": " ".join(kind.new_folders),
        "KEPT_ASIDE": " ".join(kind.kept_aside),
        "MEDIA_IMAGES": " ".join(kind.media_images),
        "PULLS": str(kind.pulls).lower(),
        "LEAVES_OTHER_APP": str(kind.leaves_other_app).lower(),
        "REFUSES": "\n    ".join(
            f'{test} fail "You can\'t upgrade. {reason}"'
            for test, reason in zip(refused, reasons, strict=True)
        ),
    }
    return _filled_in(_FILES / "install.sh", values).encode()


def _file(role: str, version: str, found: Deployment, name: str) -> str:
    if name == ".env":
        lines = ["# As the install leaves it. Values are stored as they stand: don't quote them."]
        lines += [f"{key}={value}" for key, value in found.template.items()]
        lines += [f"# {key}=" for key in found.further]
        return "\n".join(lines) + "\n"
    if name in found.compose:
        return _compose_file(role, version, found.compose[name].services)
    if name == _KINDS[role].product.command:
        waits = ordered(version) >= _WAITS_FROM
        once = "run replication-manager"
        attached = "up --exit-code-from replication-manager replication-manager"
        return _filled_in(_FILES / role / name, {"SYNCHRONISE": once if waits else attached})
    script = name.endswith(".sh")
    return "#!/bin/bash\n# Stands for OpenVidu's own.\n" if script else "output.elasticsearch: {}\n"


def _compose_file(role: str, version: str, services: Mapping[str, Mapping[str, Any]]) -> str:
    written = {}
    for name, service in services.items():
        extra = dict(_BY_COMMAND.get((role, name), {}))
        if name == "createbuckets" and ordered(version) >= _WAITS_FROM:
            extra["S3_WAITS"] = "true"
        values = {**service.get("environment", {}), **extra}
        listed = [f"{key}={value}" for key, value in values.items()]
        written[name] = {**service, **({"environment": listed} if listed else {})}
    head = (
        "# As OpenVidu's own, without commands.\n#\n"
        f"#    Openvidu Version: {version}\n#    Openvidu-Call Version: {version}\n"
        "#    Installation Mode: On Premises\n"
    )
    document = {"version": "3.1", "services": written}
    return head + yaml.safe_dump(document, sort_keys=False, indent=4, width=1000)


def _filled_in(source: Path, values: Mapping[str, str]) -> str:
    return re.sub(r"@([A-Z_]+)@", lambda match: values[match[1]], source.read_text())

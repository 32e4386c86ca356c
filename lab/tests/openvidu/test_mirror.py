"""What the mirror gives out."""

from __future__ import annotations

import re
import subprocess
from typing import Any
from urllib.parse import urlsplit

import pytest
import yaml

from lab.directory import PROJECT
from lab.openvidu.docker import images
from lab.openvidu.docker.errors import UnknownImageError
from lab.openvidu.mirror.catalogue import NotFoundError, content
from openvidu.deployment import deployment
from openvidu.release import BASE, LATEST, MASTER, NODE, VERSIONS, Product

OPENVIDU = PROJECT / "lab" / "openvidu"
PATH = "/aws.openvidu.io"
SOURCES = "/OpenVidu/openvidu/v2.30.0/openvidu-server/deployments"
NODE_FILES = f"{SOURCES}/enterprise-ha/docker-compose/node"
PRODUCTS = {
    BASE: f"{SOURCES}/enterprise-ha/docker-compose/base-services",
    MASTER: f"{SOURCES}/pro/docker-compose/openvidu-server-pro",
    NODE: NODE_FILES,
}


@pytest.mark.parametrize("product", PRODUCTS)
@pytest.mark.parametrize("version", [*VERSIONS, LATEST])
def test_each_version_has_its_install_script(product: Product, version: str) -> None:
    script = content(urlsplit(product.url(version)).path).decode()
    fixed = VERSIONS[-1] if version == LATEST else version
    assert f"VERSION={fixed}\n" in script
    assert not re.search("@[A-Z_]+@", script)
    subprocess.run(["bash", "-n"], input=script, text=True, check=True)


@pytest.mark.parametrize("product", PRODUCTS)
def test_what_an_install_script_fetches_is_there(product: Product) -> None:
    script = content(urlsplit(product.url("2.30.0")).path).decode()
    files = re.search(r"^DOWNLOADED=\((.*)\)$", script, re.MULTILINE)
    assert files
    assert f"ADDRESS=https://raw.githubusercontent.com{PRODUCTS[product]}\n" in script
    assert all(content(f"{PRODUCTS[product]}/{file}") for file in files[1].split())


@pytest.mark.parametrize(
    "path",
    [
        f"{PATH}/install_ov_enterprise_ha_base_2.27.0.sh",
        f"{NODE_FILES}/install.sh",
        f"{NODE_FILES}/../../catalogue.py",
        f"{SOURCES}/enterprise-ha/docker-compose/other/.env",
        f"{PATH}/",
        "/elsewhere",
    ],
)
def test_what_is_not_there_is_not_found(path: str) -> None:
    with pytest.raises(NotFoundError):
        content(path)


@pytest.mark.parametrize("role", ["base", "master", "node"])
@pytest.mark.parametrize("version", VERSIONS)
def test_every_image_of_the_compose_files_is_known(role: str, version: str) -> None:
    for file in deployment(role, version).compose.values():
        assert all(images.entrypoint(service["image"]) for service in file.services.values())


def test_a_media_server_of_ones_own_has_any_name() -> None:
    own = images.entrypoint("registry.example.io/media/kms:7.1")
    assert own == images.entrypoint("kurento/kurento-media-server:7.0.1")
    with pytest.raises(UnknownImageError):
        images.entrypoint("registry.example.io/media/other:7.1")


def services(version: str, name: str = "docker-compose.yml") -> Any:
    path = NODE_FILES.replace("2.30.0", version)
    return yaml.safe_load(content(f"{path}/{name}"))["services"]


def test_a_node_mounts_what_its_env_file_has_to_name() -> None:
    volumes = services("2.30.0")["openvidu-server"]["volumes"]
    assert "${OPENVIDU_RECORDING_PATH}:${OPENVIDU_RECORDING_PATH}" in volumes


def test_a_version_has_its_own_images() -> None:
    assert "KMS_IMAGE=kurento/kurento-media-server:7.3.0" in str(services("2.32.0"))
    assert "KMS_IMAGE=kurento/kurento-media-server:7.0.1" in str(services("2.30.0"))


@pytest.mark.parametrize(
    ("version", "command"), [("2.32.0", "compose up --exit-code-from"), ("2.32.1", "compose run")]
)
def test_a_node_synchronises_first_as_its_version_does(version: str, command: str) -> None:
    text = content(f"{NODE_FILES.replace('2.30.0', version)}/openvidu").decode()
    assert f"docker {command} replication-manager" in text


def test_the_default_env_file_has_the_documented_keys() -> None:
    text = content(f"{NODE_FILES}/.env").decode()
    assert "OPENVIDU_SECRET=\n" in text
    assert "\nOPENVIDU_ENTERPRISE_HA_REDIS_PASSWORD=\n" in text


def test_shell_scripts_are_clean() -> None:
    files = OPENVIDU / "mirror" / "files"
    scripts = [
        *OPENVIDU.rglob("*.sh"),
        files / "base/base-services",
        files / "master/openvidu",
        files / "node/openvidu",
    ]
    assert len(scripts) == 7
    subprocess.run(["shellcheck", *scripts], check=True)

"""What the mirror gives out."""

from __future__ import annotations

import subprocess
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from lab.openvidu.docker import images
from lab.openvidu.mirror.catalogue import NotFoundError, content
from openvidu.release import BASE, LATEST, MASTER, NODE, VERSIONS, Product

OPENVIDU = Path(__file__).parents[2] / "lab" / "openvidu"
PATH = "/aws.openvidu.io"
COMMANDS = ("base-services/base-services", "node/openvidu")


@pytest.mark.parametrize("product", [BASE, MASTER, NODE])
@pytest.mark.parametrize("version", [*VERSIONS, LATEST])
def test_each_version_has_its_install_script(product: Product, version: str) -> None:
    script = content(urlsplit(product.url(version)).path).decode()
    fixed = VERSIONS[-1] if version == LATEST else version
    assert f"VERSION={fixed}\n" in script
    assert "@" not in script.replace("${MEDIA_IMAGES[@]}", "")


@pytest.mark.parametrize(
    "path",
    [
        f"{PATH}/install_ov_enterprise_ha_base_2.27.0.sh",
        f"{PATH}/2.30.0/node/install.sh",
        f"{PATH}/2.30.0/node/dotenv",
        f"{PATH}/2.30.0/node/../../catalogue.py",
        f"{PATH}/2.30.0/other/.env",
        f"{PATH}/",
        "/elsewhere",
    ],
)
def test_what_is_not_there_is_not_found(path: str) -> None:
    with pytest.raises(NotFoundError):
        content(path)


@pytest.mark.parametrize(
    "name", [f"{name}/docker-compose.yml" for name in ("base-services", "master", "node")]
)
def test_every_image_of_the_compose_files_is_known(name: str) -> None:
    lines = content(f"{PATH}/2.30.0/{name}").decode().splitlines()
    found = [line.split("image: ")[1] for line in lines if "image: " in line]
    assert found
    assert all(images.entrypoint(image) for image in found)


@pytest.mark.parametrize("product", ["base-services", "node"])
def test_the_default_env_files_have_the_documented_keys(product: str) -> None:
    text = content(f"{PATH}/2.30.0/{product}/.env").decode()
    assert "OPENVIDU_SECRET=\n" in text
    assert "\nOPENVIDU_ENTERPRISE_HA_REDIS_PASSWORD=\n" in text


def test_shell_scripts_are_clean() -> None:
    files = OPENVIDU / "mirror" / "files"
    scripts = [
        *OPENVIDU.rglob("*.sh"),
        files / "base-services/base-services",
        files / "master/openvidu",
        files / "node/openvidu",
    ]
    assert len(scripts) == 8
    subprocess.run(["shellcheck", *scripts], check=True)

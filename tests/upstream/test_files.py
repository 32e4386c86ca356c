"""The data, the lab's mirror and our scripts against OpenVidu's own files of each version.

`./run test -m upstream` fetches install scripts from where the page says, and from where they say
what they install. What fails here has changed at OpenVidu's, or was never so.
"""

from __future__ import annotations

import re
import subprocess
from typing import Any
from urllib.parse import urlsplit

import pytest
import yaml

from lab.openvidu.mirror.catalogue import content
from openvidu import roles
from openvidu.deployment import deployment
from openvidu.downloads import ELASTIC, HOSTS
from openvidu.release import LATEST, VERSIONS, upgrades_from
from openvidu.roles import Role
from tests.upstream.conftest import fetch

pytestmark = [pytest.mark.upstream, pytest.mark.xdist_group("upstream")]

COMPARED = (
    *("image", "container_name", "network_mode", "restart", "depends_on"),
    *("ports", "volumes", "env_file", "ulimits", "environment"),
)
VARIABLE = re.compile(r"\$(?:\$|\{(\w+)(:?[-?+][^}]*)?\}|([A-Za-z_]\w*))")


@pytest.fixture(params=["base", "node", "master"])
def role(request: pytest.FixtureRequest) -> Role:
    return {"base": roles.BASE, "node": roles.NODE, "master": roles.MASTER}[request.param]


@pytest.fixture(params=VERSIONS)
def version(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def script_of(role: Role, version: str) -> str:
    return fetch(role.product.url(version))


def value_of(script: str, name: str) -> str:
    found = re.search(rf'^{name}="?([^"\n]*)"?$', script, re.MULTILINE)
    assert found, f"{name} isn't set in the install script"
    return found[1]


def address(role: Role, version: str) -> str:
    """Where the install script gets its files from."""
    script = script_of(role, version)
    told = value_of(script, "DOWNLOAD_URL")
    return told.replace("${OPENVIDU_VERSION}", value_of(script, "OPENVIDU_VERSION"))


def files_of(role: Role, version: str) -> dict[str, str]:
    """What the install script fetches, by its path in the repository."""
    fetched = re.findall(r"\$\{DOWNLOAD_URL\}/(\S+)", script_of(role, version))
    return {path: fetch(f"{address(role, version)}/{path}") for path in fetched}


def file_of(role: Role, version: str, name: str) -> str:
    return files_of(role, version)[f"{deployment(role.name, version).folder}/{name}"]


def services_of(text: str) -> dict[str, Any]:
    """Services of a Compose file, with what the data have of them."""
    found = {}
    for name, service in yaml.safe_load(text)["services"].items():
        told = {key: value for key, value in service.items() if key in COMPARED}
        if "environment" in told:
            told["environment"] = dict(item.split("=", 1) for item in told["environment"])
        found[name] = told
    return found


def needs_of(text: str) -> list[str]:
    lines = [line for line in text.splitlines() if not line.lstrip().startswith("#")]
    found = VARIABLE.findall("\n".join(lines))
    return sorted({braced or bare for braced, default, bare in found if not default} - {""})


def test_the_install_script_is_what_we_take_it_for(role: Role, version: str) -> None:
    script = script_of(role, version)
    assert script.startswith("#!")
    subprocess.run(["bash", "-n"], input=script, text=True, check=True)
    assert value_of(script, "OPENVIDU_VERSION") == f"v{version}"
    assert value_of(script, "OPENVIDU_UPGRADABLE_VERSION") == upgrades_from(version)


def test_the_newest_version_is_known(role: Role) -> None:
    found = value_of(script_of(role, LATEST), "OPENVIDU_VERSION")
    assert found == f"v{VERSIONS[-1]}", "a newer version is out: see openvidu/deployments"


def test_the_mirror_has_what_the_install_script_fetches(role: Role, version: str) -> None:
    where = urlsplit(address(role, version)).path
    files = files_of(role, version)
    assert files
    assert all(content(f"{where}/{path}") for path in files)
    mirrored = content(urlsplit(role.product.url(version)).path).decode()
    listed = value_of(mirrored, "DOWNLOADED").strip("()").split()
    folder = deployment(role.name, version).folder
    assert set(files) == {f"{folder}/{name}" for name in listed}


def test_the_data_are_what_the_compose_files_hold(role: Role, version: str) -> None:
    for name, file in deployment(role.name, version).compose.items():
        text = file_of(role, version, name)
        assert services_of(text) == file.services
        assert needs_of(text) == file.needs


def test_the_data_are_what_the_env_file_holds(role: Role, version: str) -> None:
    text = file_of(role, version, ".env")
    found = dict(re.findall(r"^([A-Z][A-Z0-9_]*)=(.*)$", text, re.MULTILINE))
    commented = re.findall(r"^# ?([A-Z][A-Z0-9_]*)=", text, re.MULTILINE)
    assert found == deployment(role.name, version).template
    assert set(commented) - set(found) == set(deployment(role.name, version).further)


def test_the_mirrors_services_have_all_of_the_originals(role: Role, version: str) -> None:
    folder = f"/OpenVidu/openvidu/v{version}/{deployment(role.name, version).folder}"
    for name in deployment(role.name, version).compose:
        theirs = services_of(file_of(role, version, name))
        ours = services_of(content(f"{folder}/{name}").decode())
        assert list(ours) == list(theirs)
        for service, told in theirs.items():
            assert (
                told.get("environment", {}).items() <= ours[service].get("environment", {}).items()
            )
            assert {**ours[service], "environment": {}} == {**told, "environment": {}}


@pytest.mark.parametrize(
    "relied_on",
    ["start)", "stop)", "restart)", "FOLLOW_OPENVIDU_LOGS", "docker compose version"],
)
def test_the_command_has_what_our_scripts_rely_on(role: Role, version: str, relied_on: str) -> None:
    assert relied_on in file_of(role, version, role.product.command)


def test_what_our_scripts_read_in_the_files_is_there(role: Role, version: str) -> None:
    compose = file_of(role, version, "docker-compose.yml")
    assert f"Openvidu Version: {version}" in compose
    assert "\nservices:" in compose
    assert file_of(role, version, role.product.command).startswith("#!")


def test_a_nodes_first_synchronisation_is_as_in_the_mirror(version: str) -> None:
    theirs = file_of(roles.NODE, version, "openvidu")
    path = f"/OpenVidu/openvidu/v{version}/{deployment('node', version).folder}/openvidu"
    (ours,) = re.findall(r"if ! docker compose (.*); then", content(path).decode())
    assert f"docker-compose {ours}; then" in theirs


def test_the_master_leaves_out_what_it_does_in_the_mirror(version: str) -> None:
    path = f"/OpenVidu/openvidu/v{version}/{deployment('master', version).folder}/openvidu"
    theirs, ours = (
        set(re.findall(r"--scale (\w+=0)", text))
        for text in (file_of(roles.MASTER, version, "openvidu"), content(path).decode())
    )
    assert theirs == ours


def test_an_upgrade_leaves_an_override_alone_as_in_the_mirror(role: Role, version: str) -> None:
    left = '"${OPENVIDU_PREVIOUS_FOLDER}/docker-compose.override.yml-${OPENVIDU_VERSION}"'
    mirrored = content(urlsplit(role.product.url(version)).path).decode()
    leaves = value_of(mirrored, "LEAVES_OTHER_APP") == "true"
    assert (f'.yml" {left}' in script_of(role, version)) is leaves


def test_the_base_updates_its_load_balancer_as_we_ask(version: str) -> None:
    text = file_of(roles.BASE, version, "base-services")
    assert "update-loadbalancer)" in text
    assert "loadbalancer update_enterprise_ha_nodes.sh" in text


def test_the_hosts_that_it_downloads_from_are_known(role: Role, version: str) -> None:
    files = "\n".join(files_of(role, version).values())
    asked = re.findall(r"curl[^\n]*?https://([\w.-]+)", script_of(role, version))
    registries = re.findall(r"(?:image: |IMAGE=)([\w-]+(?:\.[\w-]+)+)/", files)
    assert {str(urlsplit(address(role, version)).hostname), *asked, *registries} <= {*HOSTS}
    assert urlsplit(ELASTIC).hostname in registries

"""The program's scripts start base, node and master on Docker itself, with the mirror's files.

The images that those files name are made here; what runs in them listens where services do.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace

import pytest

from components.endpoints import of_base
from components.env_files import base_env, logins, master_env, node_env
from components.installation import env_file
from components.remote import fields, text_of
from components.settings.read import read
from components.settings.table import Settings
from lab.openvidu.testing.world import World
from openvidu import roles
from openvidu.deployment import deployment
from openvidu.roles import Role
from tests.conformance.conftest import BEFORE
from tests.conformance.machines import TOOL, EngineHost, engine
from tests.program.conftest import SECRETS, example

pytestmark = [pytest.mark.lab, pytest.mark.xdist_group("conformance")]

IP = "10.5.0.22"
VERSION = "2.30.0"
SERVICES = {
    "minio": "mkdir -p /data/openvidu-enterprise; web 9001 & web 9000",
    "redis": "exec nc -ll -p 6379 -e /redis",
    "openvidu-elasticsearch": "web 9200",
    "openvidu-proxy": '[ "$PROXY_MODE" != ENTERPRISE_HA ] || web 5443 & web 443',
    "replication-manager-on-prem": '[ "$INITIAL_CONFIG_SYNC" = true ] || web 4443',
    "openvidu-server-pro": "web 5443",
    "mc": "mkdir -p /data",
}
"""What runs in place of images; in all others nothing does for ever."""
SERVICE = "#!/bin/sh\nweb() { httpd -f -p $1 -h /pages; }\n"
REDIS = """#!/bin/sh
while read -r line; do
  case $line in AUTH*) echo +OK ;; PING*) echo +PONG ;; esac
done
"""
PAGES = {
    "minio/health/live": "{}",
    "openvidu/health": "{}",
    "openvidu/api/health": "{}",
    "openvidu/api/sessions": '{"numberOfElements": 0, "content": []}',
}
PULL = (
    '#!/bin/sh\n[ "$1" = pull ] || exec /usr/bin/docker "$@"\nexec /usr/bin/docker inspect "$2"\n'
)
"""Without a registry: what is here is pulled."""


def image_script(host: EngineHost, image: str) -> str:
    """How an image is made of the tool's files, with a service."""
    name = image.rpartition(":")[0].rpartition("/")[2]
    program = host.root / "srv/tool/service"
    program.write_text(SERVICE + SERVICES.get(name, "exec sleep 100000") + "\n")
    program.chmod(0o755)
    entry = json.dumps(["/service"])
    return f"tar -C /srv/tool -c . | docker import --change 'ENTRYPOINT {entry}' - {image}"


@pytest.fixture(scope="module")
def host(world: World, engine_host: EngineHost) -> EngineHost:
    """A host that has all images of base, node and master."""
    host = world.add(EngineHost(world, "openvidu", IP))
    tool = host.root / "srv/tool"
    for page, text in PAGES.items():
        (tool / "pages" / page).parent.mkdir(parents=True, exist_ok=True)
        (tool / "pages" / page).write_text(text)
    (tool / "redis").write_text(REDIS)
    (tool / "redis").chmod(0o755)
    (tool / "usr/local/bin").mkdir(parents=True)
    (tool / "usr/local/bin/entrypoint.sh").symlink_to("/service")
    for role in (roles.BASE, roles.NODE, roles.MASTER):
        for file in deployment(role.name, VERSION).compose.values():
            for service in file.services.values():
                media = service.get("environment", {}).items()
                names = [service["image"], *(to for key, to in media if key.endswith("_IMAGE"))]
                for image in names:
                    host.run(image_script(host, image))
    (host.root / "usr/local/bin/docker").write_text(PULL)
    (host.root / "usr/local/bin/docker").chmod(0o755)
    return host


@pytest.fixture
def settings() -> Settings:
    found = read({**example(), "openviduVersion": VERSION}, SECRETS)
    return replace(found, domain_or_public_ip=IP, certificate_type="selfsigned")


@pytest.fixture
def clear(host: EngineHost) -> Iterator[None]:
    """Nothing of another test is on the host."""
    yield
    engine(host, BEFORE).clear()
    host.run("rm -rf /opt/*")


def run_script(host: EngineHost, name: str, stdin: str) -> str:
    """Run a script as the program does; all that it printed."""
    done = host.run(
        f"exec bash -s {name}",
        stdin="{\n" + text_of(name) + "\nexit\n}\n" + stdin,
        environment=engine(host, BEFORE).environment,
    )
    return done.stdout + done.stderr


def install(host: EngineHost, role: Role, env: str) -> dict[str, str]:
    """Install a product with its `.env`; what its scripts are told."""
    told = {
        "NAME": role.name,
        "FOLDER": role.product.folder,
        "COMMAND": role.product.command,
        "URL": role.product.url(VERSION),
        "VERSION": VERSION,
        "PROXY": role.proxy,
        "PUBLIC_IP": IP,
    }
    run_script(host, "install-openvidu.sh", fields(told))
    run_script(host, "put-env.sh", env_file(role.product.folder, "", env))
    return told


def running(host: EngineHost, role: Role) -> set[str]:
    """The services that run."""
    command = f"cd {role.product.folder} && docker compose ps --status running --services"
    return set(host.run(command, environment=engine(host, BEFORE).environment).stdout.split())


def containers(host: EngineHost) -> dict[str, str]:
    """Ids of the containers that run, by name."""
    told = host.run("docker ps --no-trunc --format '{{.Names}} {{.ID}}'").stdout.splitlines()
    return dict(line.split() for line in told)


@pytest.mark.usefixtures("clear")
def test_base_services_start(host: EngineHost, settings: Settings) -> None:
    told = install(host, roles.BASE, base_env(settings, IP))
    wait_for = {"WAIT_FOR": "redis s3 elasticsearch api"}
    run_script(host, "start-services.sh", fields({**told, **wait_for}))
    services = {"loadbalancer", "minio-s3", "redis", "elasticsearch", "kibana", "app"}
    assert services <= running(host, roles.BASE)
    assert (host.root / "opt/openvidu/custom-layout").is_dir()


@pytest.mark.usefixtures("clear")
def test_a_node_starts(host: EngineHost, settings: Settings) -> None:
    ends = of_base(settings, IP)
    env = node_env(settings, 1, ends).replace(settings.node_private_ip(1), IP)
    told = install(host, roles.NODE, env)
    started = {**told, "LOGINS": logins(settings, ends)}
    run_script(host, "start-node.sh", fields(started))
    services = {"openvidu-server", "replication-manager", "coturn", "media-node-controller"}
    assert running(host, roles.NODE) == services
    said = run_script(host, "start-node.sh", fields(started))
    assert f"OpenVidu runs on {IP}." in said


@pytest.mark.usefixtures("clear")
def test_a_node_without_calls_is_stopped_and_may_be_stopped_again(
    host: EngineHost, settings: Settings
) -> None:
    env = node_env(settings, 1, of_base(settings, IP)).replace(settings.node_private_ip(1), IP)
    run_script(host, "start-node.sh", fields(install(host, roles.NODE, env)))
    assert running(host, roles.NODE)
    address = fields({"ADDRESS": IP})
    run_script(host, "stop-node.sh", address)
    assert engine(host, BEFORE).names() == []
    # As where the connection was lost: its server is gone by then.
    assert "stopping OpenVidu there" in run_script(host, "stop-node.sh", address)
    assert run_script(host, "witness-node.sh", address).startswith("stopped ")


OWN_MEDIA = "registry.example.io/media/kms:7.1"


@pytest.mark.usefixtures("clear")
def test_a_nodes_media_are_seen_by_whatever_name(host: EngineHost, settings: Settings) -> None:
    def witness() -> str:
        return run_script(host, "witness-node.sh", fields({"ADDRESS": IP})).strip()

    env = node_env(settings, 1, of_base(settings, IP)).replace(settings.node_private_ip(1), IP)
    install(host, roles.NODE, f"{env}KMS_IMAGE={OWN_MEDIA}\n")
    assert witness() == "stopped no container of OpenVidu runs, and port 4443 is closed"
    host.run(image_script(host, OWN_MEDIA))
    host.run(f"docker run --detach --name kms {OWN_MEDIA}")
    runs = "runs 1 containers of OpenVidu, port 4443 closed"
    assert witness() == runs
    # Its name leads to another image by now.
    host.run(image_script(host, OWN_MEDIA))
    assert OWN_MEDIA not in host.run("docker ps").stdout
    assert witness() == runs
    host.run("docker rm --force kms")
    host.run(f"docker run --detach --name agent {TOOL} sleep 1000")
    assert witness().startswith(
        f"unknown no container of OpenVidu is known to run, but agent ({TOOL}) may carry its calls"
    )


@pytest.mark.usefixtures("clear")
@pytest.mark.parametrize("image", [f"openvidu/mediasoup-controller:{VERSION}", OWN_MEDIA])
def test_a_node_goes_with_the_media_that_it_has_started(
    host: EngineHost, settings: Settings, image: str
) -> None:
    """OpenVidu starts media through Docker, not through Compose; its stop goes by their names."""
    told = {"FOLDER": roles.NODE.product.folder, "COMMAND": "openvidu", "ROLE": roles.NODE.name}
    run_script(host, "prepare-host.sh", fields(told))
    env = node_env(settings, 1, of_base(settings, IP)).replace(settings.node_private_ip(1), IP)
    install(host, roles.NODE, f"{env}KMS_IMAGE={OWN_MEDIA}\n")
    host.run(image_script(host, OWN_MEDIA))
    host.run(f"docker run --detach --name media {image}")
    run_script(host, "release-host.sh", fields(told))
    assert engine(host, BEFORE).names() == []
    assert not (host.root / "opt/openvidu").exists()


@pytest.mark.usefixtures("clear")
def test_a_master_starts(host: EngineHost, settings: Settings) -> None:
    told = install(host, roles.MASTER, master_env(settings, IP))
    wait_for = {"WAIT_FOR": "elasticsearch server"}
    started = fields({**told, **wait_for})
    run_script(host, "start-services.sh", started)
    assert {"openvidu-server", "nginx", "elasticsearch", "coturn"} <= running(host, roles.MASTER)
    before = containers(host)
    # Its program names it among those that it may leave out.
    host.run(f"docker rm --force {(gone := 'openvidu-coturn-1')}")
    assert "master: runs as configured" in run_script(host, "start-services.sh", started)
    after = containers(host)
    assert after.keys() == before.keys()
    assert {name for name in before if before[name] != after[name]} == {gone}

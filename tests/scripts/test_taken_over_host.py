"""An OpenVidu that a host's owner installed is taken over as it runs, and stays in the end."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from components.installation import env_file
from components.remote import text_of
from tests.scripts.containers import Machine
from tests.scripts.existing_host import FOUND, ExistingHost, existing_host

NODE = {"FOLDER": "/opt/openvidu", "COMMAND": "openvidu", "ROLE": "node"}
BASE_FOLDER = "/opt/ov-enterprise-base-services"
COMPOSE = """services:
  server:
    image: openvidu/openvidu-server-pro:2.30.0
    environment:
      - MEDIASOUP_IMAGE=openvidu/mediasoup-controller:2.30.0
"""
PROXY = "l1|loadbalancer|False|running|0|always|0|"
MINIO = "m1|minio-s3|False|running|0|always|0|"


@pytest.fixture
def host(tmp_path: Path) -> ExistingHost:
    """A host on which its owner has installed a node."""
    host = existing_host(tmp_path)
    host.has("/opt/openvidu/docker-compose.yml", COMPOSE)
    host.has("/opt/openvidu/.env", "OPENVIDU_SECRET=secret\n")
    return host


def prepare(host: ExistingHost, **more: str) -> subprocess.CompletedProcess[str]:
    return host.run("prepare-host.sh", **NODE, **more)


def with_docker(host: ExistingHost, *containers: str) -> None:
    host.knows("installed", "docker.io 28", "docker-compose-v2 2.24.6")
    host.path("/bin/docker").symlink_to("docker-stand-in")
    host.runs(*containers)


def note(host: ExistingHost, name: str) -> list[str]:
    file = host.root / FOUND / name
    return file.read_text().splitlines() if file.exists() else []


def test_what_the_owner_installed_stays_in_the_end(host: ExistingHost) -> None:
    assert prepare(host, ADOPTED="true").returncode == 0
    host.has("/opt/openvidu/.started-with", "what it was started with")
    assert prepare(host, AGAIN="yes").returncode == 0
    assert "/opt/openvidu" not in note(host, "folders")
    done = host.run("release-host.sh", **NODE)
    assert done.returncode == 0, done.stderr
    assert "Its owner installed it: it stays in /opt/openvidu." in done.stdout
    assert sorted(file.name for file in host.path("/opt/openvidu").iterdir()) == [
        ".env",
        "docker-compose.yml",
    ]
    assert not (host.root / FOUND).exists()
    # And is taken over again, where it's wanted again.
    assert prepare(host, ADOPTED="true").returncode == 0


def test_it_is_the_stacks_once_its_owner_says_so(host: ExistingHost) -> None:
    assert prepare(host, ADOPTED="true").returncode == 0
    assert "is the stack's from now on" in prepare(host, AGAIN="yes", ADOPTED="false").stdout
    assert prepare(host, AGAIN="yes", ADOPTED="false").returncode == 0
    assert host.run("release-host.sh", **NODE).returncode == 0
    assert not host.path("/opt/openvidu").exists()


def test_it_is_the_owners_again_where_that_is_taken_back(host: ExistingHost) -> None:
    assert prepare(host, ADOPTED="true").returncode == 0
    for word in ("false", "true"):
        assert prepare(host, AGAIN="yes", ADOPTED=word).returncode == 0
    assert note(host, "folders") == ["/opt/openvidu-membership", "/var/lib/openvidu-membership"]
    assert host.run("release-host.sh", **NODE).returncode == 0
    assert host.path("/opt/openvidu/.env").exists()
    # What the stack has installed is nobody else's, whatever is said later.
    host.path("/opt/openvidu").rename(host.path("/opt/before"))
    assert prepare(host).returncode == 0
    host.has("/opt/openvidu/.env", "OPENVIDU_SECRET=secret\n")
    assert prepare(host, AGAIN="yes", ADOPTED="true").returncode == 0
    assert "/opt/openvidu" in note(host, "folders")


@pytest.mark.parametrize("more", [{}, {"ADOPTED": "false"}])
def test_without_the_owners_word_it_is_refused(host: ExistingHost, more: dict[str, str]) -> None:
    done = prepare(host, **more)
    assert done.returncode == 1
    assert "/opt/openvidu is on this host already" in done.stderr
    assert not (host.root / FOUND).exists()


def test_its_containers_are_openvidus_and_others_are_the_owners(host: ExistingHost) -> None:
    with_docker(
        host,
        "aaaaaaaaaaaa|openvidu/openvidu-server-pro:2.30.0|openvidu-server|openvidu|/opt/openvidu",
        "bbbbbbbbbbbb|openvidu/mediasoup-controller:2.30.0|mediasoup||",
        "cccccccccccc|nginx:1|site|site|/srv/site",
    )
    done = prepare(host, ADOPTED="true")
    assert done.returncode == 0, done.stderr
    assert note(host, "containers") == ["cccccccccccc"]


def test_containers_of_the_owners_that_a_stop_would_remove_are_refused(host: ExistingHost) -> None:
    with_docker(host, "dddddddddddd|docker.elastic.co/beats/filebeat:8|logs|site|/srv/site")
    done = prepare(host, ADOPTED="true")
    assert done.returncode == 1
    assert "OpenVidu would take these containers on this host for its own" in done.stderr
    assert "logs" in done.stderr


def put(host: ExistingHost, text: str, keep: str = "") -> subprocess.CompletedProcess[str]:
    return host.shell(text_of("put-env.sh"), env_file(BASE_FOLDER, keep, text))


WRITTEN = "# The owner's\nSECRET=a\n\nNODE_IPS=10.5.0.6\nEMPTY=\n"


@pytest.mark.parametrize(
    "text",
    [
        "# The stack's\nNODE_IPS=127.0.0.1\nSECRET=a\nHTTPS_PORT=443\nHTTP_PORT=80\n",
        "SECRET=a\nNODE_IPS=\nOPENVIDU_WEBHOOK=false\nOTHER=\n",
    ],
)
def test_an_env_that_says_the_same_in_other_words_stays(host: ExistingHost, text: str) -> None:
    host.has(f"{BASE_FOLDER}/.env", WRITTEN)
    done = put(host, text, "NODE_IPS")
    assert done.returncode == 0, done.stderr
    assert host.path(f"{BASE_FOLDER}/.env").read_text() == WRITTEN
    assert host.path(f"{BASE_FOLDER}/.env").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    "text", ["SECRET=b\nNODE_IPS=\n", "SECRET=a\nNODE_IPS=\nHTTPS_PORT=8443\n"]
)
def test_base_services_get_another_env_once_they_are_taken_over(
    host: ExistingHost, text: str
) -> None:
    host.has(f"{BASE_FOLDER}/.env", WRITTEN)
    host.has(f"/{FOUND}/adopted", f"{BASE_FOLDER}\n")
    refused = put(host, text, "NODE_IPS")
    assert refused.returncode == 1
    assert "Base services run from /opt/ov-enterprise-base-services that this" in refused.stderr
    assert "SECRET=" not in refused.stderr
    assert host.path(f"{BASE_FOLDER}/.env").read_text() == WRITTEN
    host.has(f"{BASE_FOLDER}/.started-with", "taken over")
    assert put(host, text, "NODE_IPS").returncode == 0
    assert host.path(f"{BASE_FOLDER}/.env").read_text() == text.replace(
        "NODE_IPS=", "NODE_IPS=10.5.0.6"
    )


@pytest.fixture
def base(tmp_path: Path) -> Machine:
    """Base services that somebody has started."""
    machine = Machine(tmp_path, "base-services").prepare()
    answer = "http://127.0.0.1:9000/minio/health/live"
    machine.puts("bin/curl", f"#!/bin/bash\n[[ ${{@: -1}} == {answer} ]] && printf 200\n")
    (tmp_path / "openvidu/minio-s3/openvidu-enterprise").mkdir(parents=True)
    machine.puts("bin/getent", "#!/bin/sh\necho 203.0.113.5\n")
    machine.starts(PROXY, MINIO)
    machine.has(PROXY, MINIO)
    machine.puts("hashes", "loadbalancer 1234\nminio-s3 5678\n")
    machine.puts("made-as", "l1 1234\nm1 5678\n")
    machine.puts("adopted", f"{machine.folder}\n")
    return machine


def start(base: Machine) -> subprocess.CompletedProcess[str]:
    values = {
        "NAME": "base",
        "COMMAND": base.command,
        "PROXY": "loadbalancer",
        "PUBLIC_IP": "203.0.113.5",
        "WAIT_FOR": "s3",
    }
    return base.run(
        "start-services.sh", values, note=str(base.root), patience_seconds="-1", steady_seconds="0"
    )


def test_services_that_run_with_this_env_are_not_started_again(base: Machine) -> None:
    done = start(base)
    assert done.returncode == 0, done.stderr
    assert "base: what runs here was started with this configuration." in done.stdout
    assert "base: runs as configured" in done.stdout
    assert base.started == []
    assert (base.folder / ".started-with").exists()


def test_services_that_run_with_another_env_are_left_alone(base: Machine) -> None:
    base.puts("made-as", "l1 1234\nm1 another\n")
    done = start(base)
    assert done.returncode == 1
    assert "services run in" in done.stderr
    assert base.started == []
    assert not (base.folder / ".started-with").exists()


def test_services_of_the_stack_are_started_where_their_first_start_was_cut(base: Machine) -> None:
    base.puts("adopted", "")
    base.puts("made-as", "l1 1234\nm1 another\n")
    assert start(base).returncode == 0
    assert base.started == ["start"]

"""The program's scripts on a base: what its nodes and its owner may bring, and what DNS says."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from components.remote import fields, text_of
from lab.cloud.facts import DNS_ADDRESS
from lab.openvidu.testing.cluster import BASE_ENV, BASE_IP, Cluster, write_env
from openvidu import roles
from openvidu.release import BASE
from tests.lab.test_certificates import sign

pytestmark = [pytest.mark.lab, pytest.mark.xdist_group("openvidu-base-scripts")]
NODES = ()
UNREACHABLE = ("10.5.0.91", "10.5.0.92")
TOLD = {
    "NAME": "base",
    "FOLDER": BASE.folder,
    "COMMAND": BASE.command,
    "PROXY": roles.BASE.proxy,
    "PUBLIC_IP": BASE_IP,
    "WAIT_FOR": "redis s3 elasticsearch api",
}
CERTIFICATES = f"""\
cd {BASE.folder}
cat owncert/certificate.* certificates/live/{BASE_IP}/*.pem | sha256sum
docker compose exec -T {roles.BASE.proxy} nginx -t
"""


def run_script(
    cluster: Cluster, name: str, more: str = "", **values: str
) -> subprocess.CompletedProcess[str]:
    """Run a script on the base, as the program does; it may fail."""
    return cluster.base.run(
        f"exec bash -s {name}",
        stdin="{\n" + text_of(name) + "\nexit\n}\n" + fields({**TOLD, **values}) + more,
        check=False,
    )


def start(cluster: Cluster, **values: str) -> subprocess.CompletedProcess[str]:
    return run_script(cluster, "start-services.sh", **values)


def test_a_base_whose_nodes_cannot_be_reached_runs(cluster: Cluster) -> None:
    """A request of its API waits for each of them in turn, for longer than a look."""
    assert start(cluster).returncode == 0
    cluster.balance(*UNREACHABLE)
    started = start(cluster)
    cluster.balance("127.0.0.1")
    assert started.returncode == 0, started.stderr
    assert "base: runs as configured" in started.stdout


def pair(folder: Path, name: str, key: str = "rsa:2048") -> str:
    """A certificate and its key for the base's address."""
    chain, private = folder / f"{name}.pem", folder / f"{name}.key"
    sign(BASE_IP, 30, chain, private, (key,))
    return chain.read_text() + private.read_text()


def test_a_pair_that_nginx_does_not_load_leaves_the_one_before_in_use(
    cluster: Cluster, tmp_path: Path
) -> None:
    def put(text: str) -> subprocess.CompletedProcess[str]:
        return run_script(cluster, "put-certificate.sh", text)

    refused = put(pair(tmp_path, "weak", "rsa:1024"))
    kept = cluster.base.run(f"ls {BASE.folder}/owncert").stdout
    assert put(pair(tmp_path, "good")).returncode == 0
    write_env(cluster.base, BASE, {**BASE_ENV, "CERTIFICATE_TYPE": "owncert"})
    assert start(cluster).returncode == 0
    in_use = cluster.base.run(CERTIFICATES).stdout
    cluster.base.run(f"cd {BASE.folder} && docker compose stop app")
    not_loaded = put(pair(tmp_path, "other"))
    cluster.base.run(f"cd {BASE.folder} && docker compose start app")
    assert cluster.base.run(CERTIFICATES).stdout == in_use
    assert put(pair(tmp_path, "other")).returncode == 0
    assert cluster.base.run(CERTIFICATES).stdout != in_use
    assert kept == ""
    assert "ee key too small" in refused.stderr
    assert 'host not found in upstream "app:5442"' in not_loaded.stderr


def test_a_name_of_the_bases_own_leads_where_dns_says(cluster: Cluster) -> None:
    """Debian's installer has it lead to 127.0.1.1, in a file that only the machine itself sees."""
    domain = "openvidu.example.io"
    cluster.world.set_dns(domain, BASE_IP)
    for file, text in (
        ("hosts", f"127.0.0.1 localhost\n127.0.1.1 {domain}\n"),
        ("resolv.conf", f"nameserver {DNS_ADDRESS}\n"),
    ):
        (cluster.base.root / "etc" / file).unlink()
        (cluster.base.root / "etc" / file).write_text(text)
    wanted = {"DOMAIN_OR_PUBLIC_IP": domain, "CERTIFICATE_TYPE": "letsencrypt"}
    write_env(cluster.base, BASE, {**BASE_ENV, **wanted, "LETSENCRYPT_EMAIL": "me@example.io"})
    started = start(cluster, DOMAIN_SECONDS="-1")
    assert started.returncode == 0, started.stderr

"""A cluster that somebody makes by hand, by the steps of OpenVidu's page, on machines of a lab.

Source: on-premises page, "Installing Base Services" and "Installing OpenVidu Enterprise Nodes".
"""

from __future__ import annotations

import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from lab.calls import background
from lab.calls.lengths import Lengths
from lab.calls.plan import Door, Media, Plan
from lab.stack import LICENSE
from openvidu import release
from openvidu.release import Product
from tests.lab.conftest import LIMIT_SECONDS, Lab, new_lab

DOMAIN = "openvidu.example.io"
VERSION = "2.30.0"
SECRET = "owners-own-secret"
_BASE_IP = "10.5.0.5"
_LOGINS = {
    "OPENVIDU_SECRET": SECRET,
    "OPENVIDU_ENTERPRISE_HA_REDIS_PASSWORD": "owners-redis-password",
    "OPENVIDU_ENTERPRISE_HA_S3_CONFIG_BUCKET": "openvidu-enterprise",
    "OPENVIDU_ENTERPRISE_HA_S3_CONFIG_ACCESS_KEY": "minioadmin",
    "OPENVIDU_ENTERPRISE_HA_S3_CONFIG_SECRET_KEY": "owners-minio-key",
    "ELASTICSEARCH_USERNAME": "elasticadmin",
    "ELASTICSEARCH_PASSWORD": "owners-elastic-password",
}


@dataclass(frozen=True)
class Owned:
    """A lab whose machines have a cluster that no stack knows.

    Attributes:
        lab: the lab.
        hosts: as `hosts` names them, the base first.
        spare: one more, which has nothing on it; None where there's none.
        ssh_key: file with the private key that logs in everywhere.
    """

    lab: Lab
    hosts: Sequence[Mapping[str, Any]]
    spare: Mapping[str, Any] | None
    ssh_key: Path

    @property
    def names(self) -> Sequence[str]:
        """`base`, `node-1` and so on, as the lab calls the machines."""
        return ["base", *(f"node-{place}" for place in range(1, len(self.hosts)))]

    def start_calls(self, count: int, seconds: float) -> None:
        """Calls of so long, all at once, through the load balancer."""
        authority = str(self.lab.directory.certificate_authority)
        door = Door(f"https://{DOMAIN}", SECRET, authority)
        plan = Plan(door, count, Lengths(seconds, seconds), 2, 0.0, False, 7, Media())
        background.start(self.lab.supervisor, plan)

    def adopt(self, *named: str) -> subprocess.CompletedProcess[str]:
        """Type the command that takes the cluster over; the host keys are the right ones.

        Args:
            named: how the machines are named, with options; by their addresses else.
        """
        base, *nodes = self.hosts
        named = named or (f"base={base['publicIp']}", *(one["publicIp"] for one in nodes))
        options = ["--stack", self.lab.directory.stack, "--ssh-key", str(self.ssh_key), "--yes"]
        typed = ["python", "-m", "scripts.adopt_cluster", *options, *named]
        return subprocess.run(
            [*self.lab.command, "run", "--", *typed],
            input="y\n" * len(self.hosts),
            capture_output=True,
            text=True,
            timeout=LIMIT_SECONDS,
            check=False,
        )


@contextmanager
def owned_cluster(prefix: str, *, spare: bool = False) -> Iterator[Owned]:
    """A base and three nodes that run.

    Args:
        prefix: begins the lab's name.
        spare: whether there's a machine that has nothing, too.
    """
    lab = new_lab(prefix)
    try:
        # Machines and no cluster: the program refuses this before it changes one.
        assert lab.run("up", "--example", "existing", "--config", "nodeCount=0").status != 0
        machines = _machines(lab, 5 if spare else 4)
        owned = Owned(lab, machines[:4], machines[4] if spare else None, _ssh_key(lab))
        _forget_configuration(lab)
        _install_base(owned)
        for name, host in zip(owned.names[1:], owned.hosts[1:], strict=True):
            _install_node(lab, name, host["privateIp"])
        yield owned
    finally:
        lab.ok("reset")


def _machines(lab: Lab, count: int) -> Sequence[Mapping[str, Any]]:
    addresses = [f"10.5.0.{5 + place}" for place in range(count)]
    started = ["python", "-m", "lab.existing", "base", "10.5.0.0/24", *addresses]
    done = subprocess.run(
        [*lab.command, "run", "--", *started],
        input=lab.ok("config", "get", "sshPublicKey"),
        capture_output=True,
        text=True,
        timeout=LIMIT_SECONDS,
        check=True,
    )
    hosts: list[dict[str, Any]] = yaml.safe_load(done.stdout.splitlines()[-1])
    return hosts


def _ssh_key(lab: Lab) -> Path:
    file = lab.directory.path / "owners-key"
    file.touch(mode=0o600)
    file.write_text(lab.ok("config", "get", "sshPrivateKey").strip() + "\n")
    return file


def _forget_configuration(lab: Lab) -> None:
    """The stack is as `pulumi stack init` leaves it."""
    found = yaml.safe_load(lab.directory.stack_config.read_text())
    # But for what the lab itself looks at.
    found["config"] = {"openvidu-enterprise:machines": "existing"}
    lab.directory.stack_config.write_text(yaml.safe_dump(found))


def _install_base(owned: Owned) -> None:
    nodes = ",".join(one["privateIp"] for one in owned.hosts[1:])
    values = {
        "DOMAIN_OR_PUBLIC_IP": DOMAIN,
        "CERTIFICATE_TYPE": "letsencrypt",
        "LETSENCRYPT_EMAIL": "openvidu@example.io",
        "OPENVIDU_ENTERPRISE_HA_NODE_IPS": nodes,
        **_LOGINS,
        # For the owner's own application.
        "WORKER_CONNECTIONS": "20480",
    }
    _install(owned.lab, "base", release.BASE, values)
    # Before 2.32.1 what makes the bucket doesn't wait for MinIO: who finds none starts it again.
    bucket = f"""
        cd {release.BASE.folder}
        [ -d minio-s3/openvidu-enterprise ] && echo there || docker compose up -d createbuckets
    """
    owned.lab.wait_until(lambda: "there" in owned.lab.on("base", bucket))


def _install_node(lab: Lab, name: str, private_ip: str) -> None:
    values = {
        "DOMAIN_OR_PUBLIC_IP": DOMAIN,
        "OPENVIDU_PRO_LICENSE": LICENSE,
        "OPENVIDU_ENTERPRISE_MEDIA_SERVER": "mediasoup",
        "HTTPS_PORT": "443",
        "OPENVIDU_ENTERPRISE_HA_NODE_PRIVATE_IP": private_ip,
        "OPENVIDU_ENTERPRISE_HA_REDIS_HOST": _BASE_IP,
        "OPENVIDU_ENTERPRISE_HA_REDIS_PORT": "6379",
        "OPENVIDU_ENTERPRISE_HA_S3_CONFIG_SERVICE_ENDPOINT": f"http://{_BASE_IP}:9000",
        "OPENVIDU_PRO_ELASTICSEARCH_HOST": f"http://{_BASE_IP}:9200",
        "OPENVIDU_PRO_KIBANA_HOST": f"http://{_BASE_IP}:5601",
        "OPENVIDU_SESSIONS_GARBAGE_INTERVAL": "600",
        **_LOGINS,
    }
    _install(lab, name, release.NODE, values)
    answers = f"curl -so /dev/null -w '%{{http_code}}' http://{private_ip}:4443/openvidu/health"
    lab.wait_until(lambda: lab.on(name, answers).strip() == "200")


def _install(lab: Lab, name: str, product: Product, values: Mapping[str, str]) -> None:
    """Download, edit `.env` in place, start."""
    lines = "\n".join(f"{key}={value}" for key, value in values.items())
    lab.on(
        name,
        f"""
        set -e
        apt-get update
        apt-get install -y docker.io docker-compose-v2
        cd /opt
        curl --silent --show-error {product.url(VERSION)} | bash
        cd {product.folder}
        while IFS== read -r key value; do
          sed -i "/^$key=/d" .env
          echo "$key=$value" >>.env
        done <<'VALUES'\n{lines}\nVALUES
        FOLLOW_OPENVIDU_LOGS=false ./{product.command} start >/tmp/start.log 2>&1
        """,
    )

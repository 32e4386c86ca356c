"""Base services and nodes for tests, installed and started as the page says."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from lab.openvidu.docker import containers
from lab.openvidu.testing.world import Host, World
from openvidu import api, environment
from openvidu.deployment import deployment
from openvidu.release import BASE, LATEST, NODE, Product

SECRET = "OPENVIDU_SECRET_1"  # noqa: S105 - a test's
REDIS_PASSWORD = "REDIS_SECRET_1"  # noqa: S105
S3_SECRET_KEY = "MINIO_SECRET_1"  # noqa: S105
ELASTIC_PASSWORD = "ELASTIC_SECRET_1"  # noqa: S105
BASE_IP = "10.5.0.5"
BUCKET = "openvidu-enterprise"
_SECONDS = 60.0

BASE_ENV: Mapping[str, str] = {
    "DOMAIN_OR_PUBLIC_IP": BASE_IP,
    environment.OPENVIDU_SECRET: SECRET,
    "CERTIFICATE_TYPE": "selfsigned",
    "LETSENCRYPT_EMAIL": "",
    environment.NODE_IPS: environment.NO_NODES,
    environment.REDIS_PASSWORD: REDIS_PASSWORD,
    environment.S3_BUCKET: BUCKET,
    environment.S3_ACCESS_KEY: "minioadmin",
    environment.S3_SECRET_KEY: S3_SECRET_KEY,
    environment.ELASTICSEARCH_USERNAME: "elasticadmin",
    environment.ELASTICSEARCH_PASSWORD: ELASTIC_PASSWORD,
}
"""A base's `.env`, before the first node."""

NODE_ENV: Mapping[str, str] = {
    **deployment("node", LATEST).template,
    "DOMAIN_OR_PUBLIC_IP": BASE_IP,
    "OPENVIDU_PRO_LICENSE": "license",
    environment.OPENVIDU_SECRET: SECRET,
    "OPENVIDU_ENTERPRISE_MEDIA_SERVER": "mediasoup",
    "HTTPS_PORT": "443",
    "OPENVIDU_ENTERPRISE_HA_REDIS_HOST": BASE_IP,
    environment.REDIS_PORT: "6379",
    environment.REDIS_PASSWORD: REDIS_PASSWORD,
    "OPENVIDU_ENTERPRISE_HA_S3_CONFIG_SERVICE_ENDPOINT": f"http://{BASE_IP}:9000",
    environment.S3_BUCKET: BUCKET,
    environment.S3_ACCESS_KEY: "minioadmin",
    environment.S3_SECRET_KEY: S3_SECRET_KEY,
    "OPENVIDU_PRO_ELASTICSEARCH_HOST": f"http://{BASE_IP}:9200",
    "OPENVIDU_PRO_KIBANA_HOST": f"http://{BASE_IP}:5601",
    environment.ELASTICSEARCH_USERNAME: "elasticadmin",
    environment.ELASTICSEARCH_PASSWORD: ELASTIC_PASSWORD,
}
"""A node's `.env`, without its own address."""


def install(host: Host, product: Product, version: str = "2.30.0") -> None:
    """Install Docker and one of OpenVidu's products on a host."""
    host.run(
        "set -o pipefail; apt-get update && apt-get install -y docker.io docker-compose-v2 && "
        f"cd /opt && curl -sf {product.url(version)} | bash"
    )


def write_env(host: Host, product: Product, values: Mapping[str, str]) -> None:
    """Put an `.env` in place."""
    text = "".join(f"{key}={value}\n" for key, value in values.items())
    (host.root / Path(product.folder).relative_to("/") / ".env").write_text(text)


def run(host: Host, product: Product, command: str) -> str:
    """Run one of the product's commands, without following the logs; what it printed."""
    done = host.run(
        f"cd {product.folder} && ./{product.command} {command}",
        environment={"FOLLOW_OPENVIDU_LOGS": "false"},
    )
    return done.stdout + done.stderr


@dataclass
class Cluster:
    """A base and nodes.

    Attributes:
        world: their network.
        base: the base services' host.
        nodes: by address.
    """

    world: World
    base: Host
    nodes: dict[str, Host] = field(default_factory=dict)

    @classmethod
    def start(cls, folder: Path, *node_ips: str) -> Cluster:
        """A new cluster whose load balancer knows all its nodes."""
        world = World(folder)
        try:
            cluster = cls(world, world.host("base", BASE_IP))
            install(cluster.base, BASE)
            write_env(cluster.base, BASE, BASE_ENV)
            run(cluster.base, BASE, "start")
            cluster.wait_for(lambda: cluster.base.listens(9000), "MinIO")
            # Its first run was before MinIO.
            cluster.base.run(f"cd {BASE.folder} && docker compose up --detach createbuckets")
            cluster.wait_for(cluster.base_answers, "the base services")
            for ip in node_ips:
                cluster.add_node(ip)
            if node_ips:
                cluster.balance(*node_ips)
                cluster.wait_for(lambda: len(cluster.health()["nodes"]) == len(node_ips), "nodes")
        except BaseException:
            world.close()
            raise
        return cluster

    def add_node(self, ip: str, **values: str) -> Host:
        """A new node that has started."""
        host = self.world.host(f"node{ip.rpartition('.')[2]}", ip)
        self.nodes[ip] = host
        install(host, NODE)
        write_env(host, NODE, {**NODE_ENV, environment.NODE_PRIVATE_IP: ip, **values})
        run(host, NODE, "start")
        self.wait_for(lambda: self.node_answers(ip), f"node {ip}")
        return host

    def lose(self, ip: str) -> None:
        """Have a node's machine be gone, at once."""
        self.nodes.pop(ip).crash()

    def balance(self, *ips: str) -> str:
        """Give the load balancer another list of nodes."""
        write_env(self.base, BASE, {**BASE_ENV, environment.NODE_IPS: ",".join(ips)})
        before = self.proxy_workers()
        said = run(self.base, BASE, "update-loadbalancer")
        # Until then the workers with the old list may take a connection.
        self.wait_for_proxy(before)
        return said

    def proxy_workers(self) -> set[str]:
        """The process ids of nginx's workers that take connections; none while it starts."""
        found = self.base.run("pgrep -f 'nginx: worker process$'", check=False)
        return set(found.stdout.split())

    def wait_for_proxy(self, before: set[str]) -> None:
        """Wait until another worker of nginx than those `before` takes all connections.

        Raises:
            TimeoutError: it doesn't.
        """

        def is_another() -> bool:
            now = self.proxy_workers()
            return len(now) == 1 and not now & before

        self.wait_for(is_another, "another worker of nginx")

    def balanced(self) -> list[str]:
        """The addresses that nginx has in its list."""
        text = self.base.run("cat /var/lib/docker-standin/containers/*/fs/upstream.conf").stdout
        return [
            line.split()[1].partition(":")[0] for line in text.splitlines() if "max_fails" in line
        ]

    def call(
        self, method: str, path: str, body: object = None, *, ip: str = "", seconds: float = 5.0
    ) -> httpx.Response:
        """A call of the REST API through the load balancer, or through one node."""
        url = f"http://{ip}:4443{path}" if ip else f"http://{BASE_IP}:5443{path}"

        def act() -> httpx.Response:
            content = None if body is None else json.dumps(body)
            return httpx.request(
                method, url, content=content, auth=(api.USER, SECRET), timeout=seconds
            )

        return self.world.do(act)

    def health(self) -> dict[str, dict[str, object]]:
        """The body of GET health; without nodes where nobody answers with one."""
        try:
            found: dict[str, dict[str, object]] = self.call("GET", api.HEALTH).json()
        except (httpx.HTTPError, ValueError):
            return {"nodes": {}}
        return found

    def media_node(self, ip: str) -> dict[str, object] | None:
        """The media node object of the node with an address."""
        answer = self.call("GET", f"{api.MEDIA_NODES}?sessions=true")
        return next((node for node in answer.json()["content"] if node["ip"] == ip), None)

    def drain(self, ip: str) -> httpx.Response:
        """Ask a node to wait until it is idle and to terminate."""
        node = self.media_node(ip)
        if node is None:
            raise AssertionError(f"{ip} is not in the cluster's list")
        body = {"status": api.WAITING_IDLE_TO_TERMINATE}
        return self.call("PATCH", f"{api.MEDIA_NODES}/{node['id']}", body)

    def base_answers(self) -> bool:
        """Whether nginx serves the internal port and the bucket is there."""
        done = self.base.run(
            f"ls /opt/ov-enterprise-base-services/minio-s3/{BUCKET} && ss -tln | grep -q ':5443 '",
            check=False,
        )
        return done.returncode == 0

    def has_stopped(self, ip: str) -> bool:
        """Whether a node has no containers any more."""
        folder = self.nodes[ip].root / containers.FOLDER.relative_to("/")
        return not any(folder.iterdir())

    def node_answers(self, ip: str) -> bool:
        """Whether a node's own health is 200."""

        def act() -> bool:
            try:
                url = f"http://{ip}:4443{api.NODE_HEALTH}"
                return httpx.get(url, timeout=1.0).status_code == 200
            except httpx.HTTPError:
                return False

        return self.world.do(act)

    @staticmethod
    def wait_for(condition: Callable[[], bool], what: str, seconds: float = _SECONDS) -> None:
        """Wait until something is so.

        Raises:
            TimeoutError: it isn't, after `seconds`.
        """
        limit = time.monotonic() + seconds
        while not condition():
            if time.monotonic() > limit:
                raise TimeoutError(f"waited {seconds:g} s for {what}")
            time.sleep(0.1)

    def close(self) -> None:
        """End everything."""
        self.world.close()

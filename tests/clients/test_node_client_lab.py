"""openvidu-node-client against a cluster: its load balancer, two nodes, Redis and the bucket."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from lab.openvidu.testing.cluster import BASE_IP, BUCKET, S3_SECRET_KEY, SECRET, Cluster
from tests.clients.conftest import packages

pytestmark = [pytest.mark.lab, pytest.mark.xdist_group("openvidus-clients")]
NODES = ("10.5.0.6", "10.5.0.7")
RECORDING = {
    "OPENVIDU_RECORDING": "true",
    "OPENVIDU_PRO_AWS_S3_BUCKET": BUCKET,
    "OPENVIDU_PRO_AWS_S3_SERVICE_ENDPOINT": f"http://{BASE_IP}:9000",
    "OPENVIDU_PRO_AWS_ACCESS_KEY": "minioadmin",
    "OPENVIDU_PRO_AWS_SECRET_KEY": S3_SECRET_KEY,
}


@pytest.fixture(scope="module")
def cluster(clients: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """Two nodes that record, behind a load balancer."""
    if os.geteuid() != 0:
        pytest.skip("hosts of these tests are namespaces made by root")
    made = Cluster.start(tmp_path_factory.mktemp("world"))
    try:
        for ip in NODES:
            made.add_node(ip, **RECORDING)
        made.balance(*NODES)
        made.wait_for(lambda: len(made.health()["nodes"]) == len(NODES), "nodes")
        yield made
    finally:
        made.close()


@pytest.mark.parametrize("client", packages("openvidu-node-client"))
def test_a_cluster_answers_the_client_as_one_server_does(
    cluster: Cluster, clients: Path, client: str
) -> None:
    done = cluster.base.run(
        f"cd {clients} && node --test --test-reporter=spec sdk.test.mjs",
        environment={
            "OPENVIDU_URL": f"https://{BASE_IP}",
            "OPENVIDU_SECRET": SECRET,
            "OPENVIDU_CLIENT": client,
            "NODE_TLS_REJECT_UNAUTHORIZED": "0",
        },
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr

"""How full services are: a real Redis, the lab's Elasticsearch, a real file system."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
import redis

from lab.openvidu.base import elasticsearch as stand_in
from lab.openvidu.web.messages import Request, Response, json_response
from membership import stores
from openvidu import environment as env
from openvidu.release import BASE, MASTER
from tests.membership.conftest import PASSWORD
from tests.ports import closed_port
from tests.serving import serving
from tests.small_disk import fill, small_disk

LOGIN = {
    env.ELASTICSEARCH_USERNAME: "elasticadmin",
    env.ELASTICSEARCH_PASSWORD: "secret-of-elastic",
}


@pytest.fixture(autouse=True)
def login(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in LOGIN.items():
        monkeypatch.setenv(name, value)


def asked(url: str, **changes: str) -> Mapping[str, Any]:
    return stores.elasticsearch({**LOGIN, env.ELASTICSEARCH_HOST: url, **changes})


def with_blocks(blocks: Any, status: str = "yellow") -> Callable[[Request], Any]:
    async def answer(request: Request) -> Response:
        if request.path == "/_cluster/state/blocks":
            return json_response({"cluster_name": "c", "blocks": blocks})
        return json_response({"status": status})

    return answer


def test_a_healthy_elasticsearch_has_no_blocks() -> None:
    with serving(stand_in.answer) as url:
        assert asked(url) == {"status": "green", "readOnly": []}


def test_what_is_read_only_at_the_flood_stage_is_named() -> None:
    """The blocks are as Elasticsearch 7.17 shows them; a closed index (4) is nobody's worry."""
    full = {"12": {"description": "disk usage exceeded flood-stage watermark", "levels": ["write"]}}
    blocks = {"indices": {"openvidu-2": full, "openvidu-1": full, "old": {"4": {}}}}
    with serving(with_blocks(blocks)) as url:
        assert asked(url) == {"status": "yellow", "readOnly": ["openvidu-1", "openvidu-2"]}
    with serving(with_blocks({"global": {"6": {}}}, "red")) as url:
        assert asked(url) == {"status": "red", "readOnly": ["_all"]}


def test_an_elasticsearch_that_does_not_say_is_unknown() -> None:
    with serving(stand_in.answer) as url:
        wrong = asked(url, **{env.ELASTICSEARCH_PASSWORD: "another"})
        assert wrong == {"unknown": "it answers 401 to /_cluster/health"}
    assert asked(f"http://127.0.0.1:{closed_port()}") == {"unknown": "Connection refused"}
    with serving(with_blocks(["something"])) as url:
        assert asked(url) == {"unknown": "its answer isn't its state"}

    async def too_deep(_: Request) -> Response:
        return Response(200, b"[" * 200_000)

    with serving(too_deep) as url:
        assert asked(url) == {"unknown": "its answer isn't its state"}


def test_redis_tells_its_memory_and_who_logs_in_wrongly_is_told(redis_port: int) -> None:
    values = {env.REDIS_PORT: str(redis_port), env.REDIS_PASSWORD: PASSWORD}
    client = redis.Redis(port=redis_port, password=PASSWORD)
    client.config_set("maxmemory", 64 * 2**20)
    try:
        found = stores.redis_memory(values)
    finally:
        client.config_set("maxmemory", 0)
    assert 0 < found["used"] < 64 * 2**20
    assert (found["limit"], found["policy"]) == (64 * 2**20, "noeviction")
    assert stores.redis_memory(values)["limit"] == 0
    refused = stores.redis_memory({**values, env.REDIS_PASSWORD: "another"})
    assert list(refused) == ["unknown"]
    assert "another" not in refused["unknown"]


def test_minio_has_the_space_of_its_folder(tmp_path: Path) -> None:
    with small_disk(tmp_path / "minio-s3") as folder:
        assert stores.space(folder) == {"free": 65536, "percent": 0}
        fill(folder)
        assert stores.space(folder) == {"free": 0, "percent": 100}
    assert "unknown" in stores.space(tmp_path / "nowhere")


def test_each_product_has_its_own(tmp_path: Path) -> None:
    closed = {env.ELASTICSEARCH_HOST: f"http://127.0.0.1:{closed_port()}"}
    off = {"OPENVIDU_PRO_ELASTICSEARCH": "false"}
    port = {env.REDIS_PORT: str(closed_port())}
    found = stores.look({**closed, **port}, tmp_path, BASE)
    assert {name: list(one) for name, one in found.items()} == {
        "elasticsearch": ["unknown"],
        "redis": ["unknown"],
        "minio": ["unknown"],
    }
    assert list(stores.look(closed, tmp_path, MASTER)) == ["elasticsearch"]
    assert stores.look(off, tmp_path, MASTER) == {}

"""Services as a node uses them: a real Redis, and the lab's S3 and Elasticsearch."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import boto3
import pytest
import redis

from lab.openvidu.base import elasticsearch, kibana
from lab.openvidu.s3.endpoint import Endpoint
from lab.openvidu.s3.signature import Keys
from lab.openvidu.s3.store import Store
from membership import service_logins
from openvidu import environment as env
from tests.membership.conftest import PASSWORD
from tests.ports import closed_port
from tests.serving import serving

KEYS = Keys("minioadmin", "secret-of-minio")
BUCKET = "openvidu-enterprise"
ELASTIC = ("elasticadmin", "secret-of-elasticsearch")


@pytest.fixture(scope="module")
def values(redis_port: int, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """The `.env` of a node that can use everything."""
    folder = tmp_path_factory.mktemp("s3")
    with (
        pytest.MonkeyPatch.context() as patch,
        serving(Endpoint(Store(folder), KEYS).handle) as s3,
        serving(elasticsearch.answer) as elastic,
        serving(kibana.answer) as dashboards,
    ):
        patch.setenv("ELASTICSEARCH_USERNAME", ELASTIC[0])
        patch.setenv("ELASTICSEARCH_PASSWORD", ELASTIC[1])
        found = {
            env.S3_ENDPOINT: s3,
            env.S3_BUCKET: BUCKET,
            env.S3_ACCESS_KEY: KEYS.access,
            env.S3_SECRET_KEY: KEYS.secret,
            env.REDIS_HOST: "127.0.0.1",
            env.REDIS_PORT: str(redis_port),
            env.REDIS_PASSWORD: PASSWORD,
            env.ELASTICSEARCH_HOST: elastic,
            env.ELASTICSEARCH_USERNAME: ELASTIC[0],
            env.ELASTICSEARCH_PASSWORD: ELASTIC[1],
            env.KIBANA_HOST: dashboards,
        }
        bucket(found).create()
        yield found


def bucket(values: Mapping[str, str], name: str = BUCKET) -> Any:
    s3 = boto3.resource(
        "s3",
        endpoint_url=values[env.S3_ENDPOINT],
        aws_access_key_id=KEYS.access,
        aws_secret_access_key=KEYS.secret,
        region_name="us-east-1",
    )
    return s3.Bucket(name)


def problems(values: Mapping[str, str]) -> dict[str, tuple[str, ...]]:
    """The names in `.env` that are at fault, by service that can't be used."""
    return {one.service: one.keys for one in service_logins.ask(values) if one.problem}


def test_what_can_be_used_is_left_as_it_was(values: dict[str, str], redis_port: int) -> None:
    asked = service_logins.ask(values)
    assert [one.service for one in asked] == ["S3", "Redis", "Elasticsearch", "Kibana"]
    assert [one.problem for one in asked] == [None] * 4
    assert not [*bucket(values).objects.all()]
    assert redis.Redis(port=redis_port, password=PASSWORD).keys("preflight-*") == []


@pytest.mark.parametrize(
    ("changed", "service", "keys"),
    [
        ({env.S3_SECRET_KEY: "another-secret"}, "S3", (env.S3_ACCESS_KEY, env.S3_SECRET_KEY)),
        ({env.S3_ACCESS_KEY: "nobody"}, "S3", (env.S3_ACCESS_KEY, env.S3_SECRET_KEY)),
        ({env.S3_BUCKET: "no-such-bucket"}, "S3", (env.S3_BUCKET,)),
        ({env.S3_ENDPOINT: "http://127.0.0.1:{closed}"}, "S3", (env.S3_ENDPOINT,)),
        ({env.S3_ENDPOINT: "not a URL"}, "S3", (env.S3_ENDPOINT,)),
        ({env.REDIS_PASSWORD: "another-secret"}, "Redis", (env.REDIS_PASSWORD,)),
        ({env.REDIS_PASSWORD: ""}, "Redis", (env.REDIS_PASSWORD,)),
        ({env.REDIS_PORT: "{closed}"}, "Redis", (env.REDIS_HOST, env.REDIS_PORT)),
        (
            {env.ELASTICSEARCH_PASSWORD: "another-secret"},
            "Elasticsearch",
            (env.ELASTICSEARCH_USERNAME, env.ELASTICSEARCH_PASSWORD),
        ),
        (
            {env.ELASTICSEARCH_HOST: "http://127.0.0.1:{closed}"},
            "Elasticsearch",
            (env.ELASTICSEARCH_HOST,),
        ),
        ({env.KIBANA_HOST: "http://127.0.0.1:{closed}"}, "Kibana", (env.KIBANA_HOST,)),
    ],
)
def test_what_is_at_fault_is_named_and_nothing_else(
    values: dict[str, str], changed: dict[str, str], service: str, keys: tuple[str, ...]
) -> None:
    closed = str(closed_port())
    broken = values | {name: text.replace("{closed}", closed) for name, text in changed.items()}
    assert problems(broken) == {service: keys}


def test_people_get_openvidus_words_and_no_secret(
    values: dict[str, str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    broken = values | {env.REDIS_PASSWORD: "another-secret"}
    monkeypatch.setattr("sys.stdin", io.StringIO(env.render(broken, header="a node's")))
    assert service_logins.main(0, as_json=False) == 1
    printed = capsys.readouterr().out
    assert "OpenVidu was unable to connect to Redis server 127.0.0.1:" in printed
    assert f"It is about: {env.REDIS_PASSWORD}" in printed
    assert "another-secret" not in printed
    assert KEYS.secret not in printed


def test_it_is_asked_again_for_as_long_as_it_may(
    values: dict[str, str],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
) -> None:
    broken = values | {env.S3_BUCKET: "made-later"}
    waits = tmp_path / "waits"

    def wait(seconds: float) -> None:
        waits.write_text(str(seconds))
        bucket(values, "made-later").create()

    monkeypatch.setattr("membership.service_logins.time.sleep", wait)
    monkeypatch.setattr("sys.stdin", io.StringIO(env.render(broken, header="a node's")))
    assert service_logins.main(60, as_json=True) == 0
    assert waits.exists()
    assert not [one for one in json.loads(capsys.readouterr().out) if one["problem"]]

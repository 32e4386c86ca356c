"""What has no limit of its own for a whole answer gets one: drips go on for ever otherwise."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from membership import bucket, service_logins, stores
from membership.bucket import Bucket, BucketUnreadableError
from membership.target_group import TargetGroup, TargetGroupError
from openvidu import environment as env
from openvidu.limit import within
from tests.membership.listener import dripping
from tests.ports import closed_port

LIMIT = 0.5
ANSWERS = pytest.mark.parametrize(
    "head",
    [b"", b"HTTP/1.1 200 OK\r\nX-Header: ", b"HTTP/1.1 200 OK\r\nContent-Length: 99999\r\n\r\n"],
    ids=["in the first line", "in a header", "in the body"],
)
ARN = "arn:aws:elasticloadbalancing:eu-west-1:123456789012:targetgroup/nodes/1"

S3 = {env.S3_BUCKET: "bucket", env.S3_ACCESS_KEY: "key", env.S3_SECRET_KEY: "secret"}


def bucket_at(url: str, seconds: float = LIMIT) -> Bucket:
    return Bucket({env.S3_ENDPOINT: url, **S3}, timeout_seconds=seconds)


@contextmanager
def soon() -> Iterator[None]:
    """Fail where the block takes much longer than the limit."""
    began = time.monotonic()
    yield
    assert time.monotonic() - began < 60 * LIMIT


def test_a_call_within_the_limit_gives_its_answer_or_its_error() -> None:
    assert within(10, lambda: "answer") == "answer"
    with pytest.raises(TimeoutError, match="its own"):
        within(10, lambda: (_ for _ in ()).throw(TimeoutError("its own")))


@ANSWERS
def test_a_bucket_that_drips_is_unreadable(head: bytes) -> None:
    with dripping(head) as url, soon():
        asked = bucket_at(url)
        with pytest.raises(BucketUnreadableError, match=r"no whole answer within 0\.5 s"):
            asked.configuration()
        with pytest.raises(BucketUnreadableError, match=r"no whole answer within 0\.5 s"):
            asked.change({"NAME": "value"})


def test_an_object_that_is_no_configuration_is_not_read_whole(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(bucket, "MOST_BYTES", 1000)
    head = b"HTTP/1.1 200 OK\r\nContent-Length: 99999999\r\n\r\n" + b"a" * 1001
    with dripping(head) as url, pytest.raises(BucketUnreadableError, match="more than 1000 bytes"):
        bucket_at(url, seconds=60).configuration()


def test_an_address_that_is_none_is_an_unreadable_bucket() -> None:
    with pytest.raises(BucketUnreadableError):
        bucket_at("not a URL").configuration()


def test_a_bucket_is_asked_by_no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    with dripping(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n") as proxy:
        monkeypatch.setenv("http_proxy", proxy)
        with pytest.raises(BucketUnreadableError, match="Could not connect to the endpoint"):
            bucket_at(f"http://127.0.0.1:{closed_port()}", seconds=60).configuration()


@ANSWERS
def test_a_load_balancer_of_aws_that_drips_gives_no_answer(
    head: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "key")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    with dripping(head) as url, soon():
        monkeypatch.setenv("AWS_ENDPOINT_URL", url)
        targets = TargetGroup(ARN, lock=tmp_path / "lock", call_seconds=LIMIT)
        with pytest.raises(TargetGroupError, match="AWS gives no whole answer"):
            assert targets.node_ips is None
        with pytest.raises(TargetGroupError, match="node-1 joins: AWS gives no whole answer"):
            targets.add("10.5.0.6", purpose="node-1 joins")


def test_a_load_balancer_of_aws_is_asked_by_no_proxy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "key")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{closed_port()}")
    with dripping(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n") as proxy:
        monkeypatch.setenv("http_proxy", proxy)
        targets = TargetGroup(ARN, lock=tmp_path / "lock", call_seconds=LIMIT)
        with pytest.raises(TargetGroupError, match="AWS gives no whole answer"):
            assert targets.node_ips is None


@pytest.mark.parametrize(
    "head", [b"", b"HTTP/1.1 200 OK\r\nContent-Length: 99999\r\n\r\n", b"$99999\r\n"]
)
def test_services_that_drip_cant_be_used(head: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(service_logins, "_SECONDS", LIMIT)
    monkeypatch.setattr(service_logins, "_SERVICE_SECONDS", LIMIT)
    with dripping(head) as url, soon():
        found = service_logins.ask(
            {
                env.S3_ENDPOINT: url,
                **S3,
                env.REDIS_HOST: "127.0.0.1",
                env.REDIS_PORT: str(urlsplit(url).port),
                env.ELASTICSEARCH_HOST: url,
                env.KIBANA_HOST: url,
            }
        )
    assert len(found) == 4
    assert all("it doesn't answer" in str(one.problem) for one in found)
    wheres = [env.S3_ENDPOINT, env.REDIS_HOST, env.ELASTICSEARCH_HOST, env.KIBANA_HOST]
    assert [one.keys[0] for one in found] == wheres


def test_services_are_asked_by_no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a proxy answers isn't their word: a node's containers use none."""
    with dripping(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n") as proxy:
        monkeypatch.setenv("http_proxy", proxy)
        closed = f"http://127.0.0.1:{closed_port()}"
        *_, elastic = service_logins.ask(
            {**S3, env.REDIS_PORT: "1", env.ELASTICSEARCH_HOST: closed}
        )
    assert str(elastic.problem).endswith("Connection refused")


def test_a_redis_that_drips_has_unknown_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stores, "_SECONDS", LIMIT)
    with dripping(b"$99999\r\n") as url, soon():
        told = stores.redis_memory({env.REDIS_PORT: str(urlsplit(url).port)})
    assert told == {"unknown": "no whole answer within 0.5 s"}

"""A topic of SNS gets what webhooks get: people a text, programs an object."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs

import boto3
import pytest
from moto import mock_aws
from tenacity import retry, retry_if_result, stop_after_delay, wait_fixed

from membership import notification
from membership.notification import Event, Notifier
from membership.topic import message, publish

Request = tuple[str, Mapping[str, list[str]]]
REGION = "eu-central-1"
TOPIC = f"arn:aws:sns:{REGION}:123456789012:on-call"
LOGIN = {"AWS_ACCESS_KEY_ID": "AKIA", "AWS_SECRET_ACCESS_KEY": "secret-of-aws"}
TOLD = {
    "event": "drain-began",
    "stack": "prod",
    "node": "node-2",
    "at": "2026-11-30T12:00:00+00:00",
    "text": "node-2 drains: 4 calls, limit 6:00:00",
    "calls": 4,
}


@dataclass
class Asked:
    """Requests, each with who asks and its form."""

    url: str = ""
    came: list[Request] = field(default_factory=list)


@dataclass(frozen=True)
class Sns:
    """A topic at AWS, with a queue that has subscribed to it."""

    topic: str
    queue: str
    sqs: Any

    def received(self) -> list[dict[str, Any]]:
        found = self.sqs.receive_message(QueueUrl=self.queue, MaxNumberOfMessages=10)
        return [json.loads(one["Body"]) for one in found.get("Messages", ())]


@pytest.fixture
def sns() -> Iterator[Sns]:
    with mock_aws():
        client, sqs = (boto3.client(name, region_name=REGION) for name in ("sns", "sqs"))
        topic = client.create_topic(Name="on-call")["TopicArn"]
        queue = sqs.create_queue(QueueName="on-call")["QueueUrl"]
        arn = f"arn:aws:sqs:{REGION}:123456789012:on-call"
        client.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)
        yield Sns(topic, queue, sqs)


def test_an_event_arrives_in_a_queue_with_what_a_filter_can_ask_for(sns: Sns) -> None:
    assert publish(sns.topic, TOLD) is None
    (came,) = sns.received()
    assert came["Subject"] == "prod: node-2: drain-began"
    assert {name: one["Value"] for name, one in came["MessageAttributes"].items()} == {
        "event": "drain-began",
        "node": "node-2",
        "stack": "prod",
    }
    assert json.loads(came["Message"]) == TOLD


def test_why_a_topic_takes_nothing_is_told_without_its_arn(sns: Sns) -> None:
    assert publish(sns.topic.replace("on-call", "nobody"), TOLD) == "answers NotFound"


def test_a_machine_without_a_login_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setattr(boto3, "DEFAULT_SESSION", None)
    assert publish(TOPIC, TOLD) == "not reached: NoCredentialsError"


@pytest.fixture
def asked() -> Iterator[Asked]:
    """What is asked of a stand-in for SNS that takes everything."""
    requests = Asked()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            form = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
            requests.came.append((self.headers["Authorization"], form))
            body = b"<PublishResponse><PublishResult/></PublishResponse>"
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        requests.url = f"http://127.0.0.1:{server.server_port}"
        yield requests
        server.shutdown()


@retry(
    retry=retry_if_result(lambda came: not came), wait=wait_fixed(0.05), stop=stop_after_delay(60)
)
def arrived(asked: Asked) -> list[Request]:
    return asked.came


def test_a_process_of_its_own_publishes_by_the_login_that_it_is_given(
    asked: Asked, monkeypatch: pytest.MonkeyPatch
) -> None:
    regions: list[str] = []

    def login(region: str) -> Mapping[str, str]:
        regions.append(region)
        return {**LOGIN, "AWS_ENDPOINT_URL": asked.url}

    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    Notifier((f"sns={TOPIC}",), "prod", login=login).send(Event("joined", "node-2", "it's there"))
    ((authorization, form),) = arrived(asked)
    # The topic's own region, wherever the cluster is.
    assert regions == [REGION]
    assert f"Credential={LOGIN['AWS_ACCESS_KEY_ID']}/" in authorization
    assert f"/{REGION}/sns/" in authorization
    assert (form["Action"], form["TopicArn"]) == (["Publish"], [TOPIC])


def test_who_cannot_log_in_is_told_and_others_are_notified_all_the_same() -> None:
    said: list[str] = []

    def login(_: str) -> Mapping[str, str]:
        raise OSError("no login at AWS: Unable to locate credentials")

    Notifier((f"sns={TOPIC}",), say=said.append, login=login).send(
        notification.failed("node-2", "it isn't ready")
    )
    assert said == [
        "node-2: notify: topic on-call in eu-central-1 can't be notified: "
        "no login at AWS: Unable to locate credentials"
    ]


def test_people_get_a_text_and_programs_an_object() -> None:
    forms = json.loads(message(TOLD)["Message"])
    assert forms.pop("default") == "prod: node-2 drains: 4 calls, limit 6:00:00"
    assert set(forms) == {"sqs", "lambda", "http", "https", "firehose"}
    assert {json.loads(one)["calls"] for one in forms.values()} == {4}


def test_a_subject_is_one_that_sns_takes_whatever_the_stack_is_called() -> None:
    made = message({**TOLD, "stack": "é" * 120})
    assert made["Subject"] == "?" * 99
    without = message({**TOLD, "stack": ""})
    assert without["Subject"] == "node-2: drain-began"
    # SNS takes no attribute without a value.
    assert set(without["MessageAttributes"]) == {"event", "node"}

"""Who is on call is told of nodes; whatever their endpoint does, nothing waits for it."""

from __future__ import annotations

import json
import os
import re
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from tenacity import retry, retry_if_result, stop_after_delay, wait_fixed

from components.settings.notified import endpoint as notified
from membership import notification
from membership.notification import Event, Notifier, deliver, failed, slack
from tests.ports import closed_port

EVENT = notification.drain_began("node-2", 4, timedelta(hours=6))
NOBODY = "http://127.0.0.1:1"
BODY = {"text": "node-2 drains"}


@dataclass
class Endpoint:
    """A webhook that answers as it's told, and keeps what came."""

    statuses: list[int] = field(default_factory=lambda: [200])
    came: list[dict[str, Any]] = field(default_factory=list)
    url: str = ""


@contextmanager
def serving(endpoint: Endpoint) -> Iterator[Endpoint]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            length = int(self.headers["Content-Length"])
            endpoint.came.append(json.loads(self.rfile.read(length)))
            # The last status is for all that come after.
            status = endpoint.statuses[0]
            if len(endpoint.statuses) > 1:
                endpoint.statuses.pop(0)
            self.send_response(status)
            self.send_header("Location", "http://127.0.0.1:1/elsewhere")
            self.send_header("Content-Length", "1000000")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        endpoint.url = f"http://127.0.0.1:{server.server_port}/services/T0/B0/a-secret"
        yield endpoint
        server.shutdown()


@pytest.fixture
def endpoint() -> Iterator[Endpoint]:
    """One that answers 200, and says that more comes than does."""
    with serving(Endpoint()) as made:
        yield made


@pytest.fixture
def hanging() -> Iterator[str]:
    """The address of one that takes connections, and says nothing."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}/a-secret"


@retry(
    retry=retry_if_result(lambda came: not came), wait=wait_fixed(0.05), stop=stop_after_delay(60)
)
def arrived(endpoint: Endpoint) -> list[dict[str, Any]]:
    return endpoint.came


def test_an_event_comes_as_an_object_with_what_programs_and_people_want_to_know(
    endpoint: Endpoint,
) -> None:
    Notifier((f"json={endpoint.url}",), "prod").send(EVENT)
    (told,) = arrived(endpoint)
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+00:00", told.pop("at"))
    assert told == {
        "event": "drain-began",
        "stack": "prod",
        "node": "node-2",
        "text": "node-2 drains: 4 calls, limit 6:00:00",
        "calls": 4,
        "limitSeconds": 21600,
    }


def test_slack_is_told_in_its_own_form(endpoint: Endpoint) -> None:
    Notifier((f"slack={endpoint.url}",), "prod").send(EVENT)
    assert arrived(endpoint) == [{"text": "prod: node-2 drains: 4 calls, limit 6:00:00"}]


def test_what_slack_would_read_as_marks_is_escaped() -> None:
    assert slack({"stack": "", "text": "a < b & <!channel>"}) == {
        "text": "a &lt; b &amp; &lt;!channel&gt;"
    }


def test_calls_that_are_not_known_are_no_number() -> None:
    event = notification.drain_began("node-2", None, timedelta(hours=6))
    assert "calls unknown" in event.text
    assert event.facts["calls"] is None
    assert "1 call," in notification.drain_began("node-2", 1, timedelta(hours=6)).text


def test_all_endpoints_are_told_though_one_hangs(endpoint: Endpoint, hanging: str) -> None:
    Notifier((f"json={hanging}", f"slack={endpoint.url}")).send(EVENT)
    assert arrived(endpoint)


def test_nobody_waits_for_one_that_hangs(hanging: str) -> None:
    began = time.monotonic()
    Notifier((f"json={hanging}",)).send(EVENT)
    # Not a time that is measured: the sender itself would wait for longer than that.
    assert time.monotonic() - began < notification._ANSWER_SECONDS


def test_what_cannot_be_handed_over_is_one_line_without_the_address(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    said: list[str] = []
    monkeypatch.setattr(notification.sys, "executable", "/nowhere/python")
    Notifier(("slack=https://hooks.slack.com/services/a-secret",), say=said.append).send(EVENT)
    assert said == ["node-2: notify: hooks.slack.com can't be notified: No such file or directory"]


def test_secrets_of_the_cluster_are_masked(endpoint: Endpoint, tmp_path: Path) -> None:
    policy, login = tmp_path / "drain-policy", tmp_path / ".env"
    policy.write_text(f"MAX_UNAVAILABLE=1\nNOTIFY={json.dumps([f'json={endpoint.url}'])}\n")
    login.write_text("OPENVIDU_SECRET=very-secret\nREDIS_PASSWORD=very-secret-too\nX_KEY=1\n")
    told = Notifier.read(print, policy, [login, tmp_path / "missing"])
    told.send(failed("node-1", "login very-secret-too, very-secret: 401"))
    assert arrived(endpoint)[0]["text"] == "login ********, ********: 401"


def test_a_stack_that_wants_nobody_told_tells_nobody(tmp_path: Path) -> None:
    assert Notifier.read(print, tmp_path / "missing").endpoints == ()
    (tmp_path / "drain-policy").write_text("MAX_UNAVAILABLE=1\n")
    assert Notifier.read(print, tmp_path / "drain-policy").endpoints == ()


@pytest.mark.parametrize("found", ['["json=https://a.exam', "7", "null"])
def test_who_is_told_by_a_broken_file_is_nobody_and_that_is_said(
    found: str, tmp_path: Path
) -> None:
    file, said = tmp_path / "drain-policy", list[str]()
    file.write_text(f"NOTIFY={found}\n")
    assert Notifier.read(said.append, file).endpoints == ()
    assert said == [f"notify: {file} can't be read; nobody is notified"]


def test_the_stack_and_the_way_out_come_with_the_endpoints(tmp_path: Path) -> None:
    file = tmp_path / "drain-policy"
    file.write_text(
        'NOTIFY=["json=https://a.example.io/x?y=z"]\nNOTIFY_STACK=prod\n'
        "NOTIFY_PROXY=http://proxy.example.io:3128\nNOTIFY_STRAIGHT=.example.io\n"
    )
    told = Notifier.read(print, file)
    assert told.endpoints == ("json=https://a.example.io/x?y=z",)
    assert told.stack == "prod"
    assert told.proxies == {
        "http_proxy": "http://proxy.example.io:3128",
        "https_proxy": "http://proxy.example.io:3128",
        "no_proxy": ".example.io",
    }


@pytest.mark.parametrize(
    ("statuses", "problem", "times"),
    [
        ([204], None, 1),
        ([500, 503, 200], None, 3),
        ([429, 200], None, 2),
        ([500], "answers 500", 3),
        ([404], "answers 404", 1),
        ([302], "answers 302", 1),
    ],
)
def test_it_is_tried_again_where_that_makes_sense(
    statuses: list[int], problem: str | None, times: int
) -> None:
    slept: list[float] = []
    with serving(Endpoint(statuses)) as endpoint:
        assert deliver(endpoint.url, BODY, sleep=slept.append) == problem
        assert endpoint.came == [BODY] * times
    assert len(slept) == times - 1


def test_one_that_refuses_or_hangs_is_told_without_its_address(
    hanging: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(notification, "_ANSWER_SECONDS", 0.1)
    ignore: Callable[[float], None] = lambda _: None  # noqa: E731
    assert deliver(hanging, BODY, sleep=ignore) == "not reached: ReadTimeout"
    url = f"http://127.0.0.1:{closed_port()}/a-secret"
    assert deliver(url, BODY, sleep=ignore) == "not reached: ConnectError"


def sent(url: str, proxies: dict[str, str] | None = None, *, limit: int = 60) -> tuple[int, str]:
    """How the process that sends a message ends, and what it writes into the log."""
    soon = (
        f"import functools, membership.notification as n; n.LIMIT_SECONDS = {limit}; "
        "n._log = functools.partial(print, flush=True); exit(n.main())"
    )
    done = subprocess.run(
        [sys.executable, "-c", soon],
        input=json.dumps(
            {"form": "json", "to": url, "body": BODY, "proxies": proxies or {}, "login": {}}
        ),
        capture_output=True,
        text=True,
        check=False,
        # As the program has it, which asks the cluster straight.
        env={**os.environ, "http_proxy": NOBODY, "HTTP_PROXY": NOBODY, "no_proxy": "*"},
        timeout=60,
    )
    return done.returncode, done.stdout


def test_what_was_taken_leaves_nothing_in_the_log(endpoint: Endpoint) -> None:
    assert sent(endpoint.url) == (0, "")
    assert endpoint.came == [BODY]


def test_what_was_refused_is_one_line_in_the_log_without_the_address() -> None:
    with serving(Endpoint([403])) as endpoint:
        assert sent(endpoint.url) == (1, "127.0.0.1: answers 403\n")


def test_the_sender_ends_within_its_limit_whatever_holds_it_up() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        threading.Thread(target=drip, args=[listening], daemon=True).start()
        url = f"http://127.0.0.1:{listening.getsockname()[1]}/a-secret"
        assert sent(url, limit=2) == (1, "127.0.0.1: no answer within 2 s\n")


def drip(listening: socket.socket) -> None:
    """Answer with a header that goes on and on: no single wait for more is long."""
    connection, _ = listening.accept()
    with connection, suppress(OSError):
        connection.sendall(b"HTTP/1.1 200 OK\r\nX-Endless: ")
        while True:
            connection.sendall(b"x")
            time.sleep(0.05)


def test_the_internet_is_reached_by_the_stack_s_proxy(endpoint: Endpoint) -> None:
    proxy = endpoint.url.replace("/services/T0/B0/a-secret", "")
    status, said = sent("http://hooks.example.io/a-secret", {"http_proxy": proxy, "no_proxy": "x"})
    assert (status, said) == (0, "")
    assert endpoint.came == [BODY]


def test_a_long_text_is_cut(endpoint: Endpoint) -> None:
    Notifier((f"json={endpoint.url}",)).send(Event("failed", "node-1", "x" * 100_000))
    assert len(arrived(endpoint)[0]["text"]) == notification._MOST_CHARACTERS


@pytest.mark.parametrize(
    "text",
    [
        "slack=https://hooks.slack.com/services/T/B/x",
        "json=http://10.5.0.20:8080/hook?a=b",
        # Of another region, or part of AWS.
        "sns=arn:aws:sns:us-east-1:123456789012:on-call",
        "sns=arn:aws-us-gov:sns:us-gov-west-1:123456789012:on_call-2",
    ],
)
def test_a_webhook_or_a_topic_has_its_form_before_it(text: str) -> None:
    assert notified(text) == text


TOPIC = "sns=arn:aws:sns:eu-west-1:123456789012:on-call"


@pytest.mark.parametrize(
    ("text", "takes"),
    [
        ("https://example.io", "slack=URL or json=URL"),
        ("mail=https://x", "slack=URL or json=URL"),
        ("json=example.io", "slack=URL or json=URL"),
        ("", "or sns=ARN of an SNS topic"),
        (f"{TOPIC}.fifo", "standard topic of SNS, as FIFO topics reach only queues"),
        (TOPIC.replace(":sns:", ":sqs:"), "sns= and the ARN of an SNS topic: arn:aws:sns:REGION"),
        (TOPIC.replace("123456789012", "1234"), "sns= and the ARN of an SNS topic"),
        (f"{TOPIC}:0a1b2c3d-0000-0000-0000-000000000000", "sns= and the ARN of an SNS topic"),
    ],
)
def test_who_cannot_be_told_is_refused_and_not_repeated(text: str, takes: str) -> None:
    with pytest.raises(ValueError, match=re.escape(takes)) as refused:
        notified(text)
    assert not text or text not in str(refused.value)

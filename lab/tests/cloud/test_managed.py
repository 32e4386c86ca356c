"""What runs in place of AWS's managed services: the load balancer's judgement, and its nginx."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from lab.cloud import metadata
from lab.cloud.managed import nginx
from lab.cloud.managed.balancer import Balancer, Target, check, servers
from lab.cloud.managed.holdings import Group

ARN = "arn:aws:elasticloadbalancing:eu-west-1:123456789012:targetgroup/nodes/0a1b2c"
GROUP = Group(
    {"10.5.0.6": "10.5.0.6:4443"}, "/health", "200-299,401", 5.0, 0.3, healthy=2, unhealthy=3
)


@pytest.mark.parametrize(
    ("outcomes", "state"),
    [
        ("", "initial"),
        ("+", "healthy"),
        ("--", "initial"),
        ("---", "unhealthy"),
        ("+--", "healthy"),
        ("+---", "unhealthy"),
        ("---+", "unhealthy"),
        ("---++", "healthy"),
        ("+--+--", "healthy"),
    ],
)
def test_a_targets_state_follows_its_checks(outcomes: str, state: str) -> None:
    target = Target()
    for outcome in outcomes:
        target.judge("" if outcome == "+" else "Target.Timeout", GROUP)
    assert target.state == state
    assert bool(target.reason) == (state != "healthy")


class _Answers(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        if self.path == "/slow":
            self.rfile.read(1)
        self.send_response(401 if self.path == "/login" else 200 if self.path == "/health" else 503)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *arguments: object) -> None:
        """Nothing is shown."""


@pytest.fixture
def place() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Answers)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("/health", ""),
        ("/login", ""),
        ("/broken", "Target.ResponseCodeMismatch"),
        ("/slow", "Target.Timeout"),
    ],
)
def test_a_check_says_why_a_target_is_not_healthy(place: str, path: str, reason: str) -> None:
    group = Group({}, path, GROUP.status, 5.0, 0.3, healthy=2, unhealthy=3)
    assert check(place, group) == reason


def test_a_port_that_nobody_listens_on_fails_the_check(place: str) -> None:
    assert check(place, GROUP) == ""
    assert check("127.0.0.1:1", GROUP) == "Target.FailedHealthChecks"


def listener(**given: object) -> dict[str, object]:
    return {"port": 443, "certificate": None, "redirect_port": None, "group": None, **given}


def test_nginx_serves_healthy_targets_and_leads_to_https() -> None:
    listeners = [
        listener(port=80, redirect_port="443"),
        listener(certificate="/own.pem", group=ARN),
    ]
    text = servers({"listeners": listeners, "idle": 3600}, {ARN: ["10.5.0.6:4443"]})
    assert "return 301 https://$host$request_uri;" in text
    assert "server 10.5.0.6:4443 max_fails=0;" in text
    assert "proxy_pass http://group_0a1b2c;" in text
    assert "proxy_read_timeout 3600s;" in text
    assert "ssl_certificate_key /own.pem;" in text


def test_without_targets_the_load_balancer_says_so() -> None:
    text = servers({"listeners": [listener(group=ARN)], "idle": 60}, {ARN: []})
    assert "return 503;" in text
    assert "upstream" not in text


def test_an_instance_finds_keys_of_its_own_role_only() -> None:
    facts = {"instance-id": "i-1", "role": "bastion"}
    root = "/latest/meta-data/iam/security-credentials/"
    assert metadata.answer(root, facts) == "bastion"
    assert json.loads(metadata.answer(f"{root}bastion", facts) or "")["Code"] == "Success"
    assert metadata.answer(f"{root}other", facts) is None
    assert metadata.answer(root, {**facts, "role": ""}) is None
    assert metadata.answer("/latest/meta-data/instance-id", facts) == "i-1"
    assert metadata.answer("/latest/meta-data/instance-id", {}) is None


def test_a_configuration_that_nginx_reads_is_whole_while_the_next_is_written(
    tmp_path: Path,
) -> None:
    nginx.write(tmp_path, "    # the first\n")
    with (tmp_path / "nginx.conf").open() as reading:
        nginx.write(tmp_path, "    # the second\n")
        assert "# the first\n}" in reading.read()
    assert "# the second\n}" in (tmp_path / "nginx.conf").read_text()


def test_nginx_ends_with_the_balancer_that_keeps_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Left alone it would go on serving what it had, and keep the ports of the next one."""
    (tmp_path / "nginx").write_text("#!/bin/sh\nexec sleep 600\n")
    (tmp_path / "nginx").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    settings = tmp_path / "settings.json"
    settings.write_text(json.dumps({"listeners": [], "groups": {}, "idle": 60}))
    kept = Balancer(tmp_path)
    settings.write_text("no JSON")
    with pytest.raises(ValueError, match="Expecting value"):
        kept.run()
    assert kept._nginx.returncode is not None

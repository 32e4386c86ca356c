"""Machines as their owners have them: what works is deployed, what can't is refused by name."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.lab.conftest import Lab, deployed
from tests.lab.watching import calls, scale, served

pytestmark = [pytest.mark.lab, pytest.mark.slow, pytest.mark.xdist_group("host-like")]

DEAD = "http://127.0.0.1:9"
HOSTS = f"""\
- environment: &dead {{http_proxy: '{DEAD}', HTTP_PROXY: '{DEAD}', no_proxy: 10.5.0.0/24}}
  login: Welcome to this machine
  aptDailySeconds: 30
- environment: *dead
  shell: /usr/bin/fish
  docker: packages
  addresses: [10.5.0.6, 10.5.0.7]
- docker: snap
  dockerDiskGib: 4
  addresses: [10.5.0.8]
"""
"""A proxy that is dead, and hosts beside it in a form that curl and httpx don't know; updates."""
PLAIN = ("--config", "certificateType=selfsigned", "--config", "nodeCount=1")


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    file = tmp_path_factory.mktemp("hosts") / "like.yaml"
    file.write_text(HOSTS)
    with deployed("host-like", "--example", "existing", "--host-like", str(file), *PLAIN) as lab:
        yield lab


def test_a_node_joins_and_drains_whatever_logins_get(lab: Lab) -> None:
    assert DEAD in lab.ok("ssh", "node-1", "--", "printenv", "http_proxy")
    assert DEAD in lab.ok("ssh", "node-1", "--", "sudo", "printenv", "http_proxy")
    assert "Welcome to this machine\n" in lab.ok("ssh", "base", "--", "true")
    assert served(lab) == ["10.5.0.6"]
    with calls(lab, "4s..8s"):
        scale(lab, 2)
        assert served(lab) == ["10.5.0.6", "10.5.0.7"]
        scale(lab, 1)
    assert served(lab) == ["10.5.0.6"]


def test_a_host_that_cannot_work_is_refused_by_name(lab: Lab) -> None:
    lab.ok("config", "set", "nodeCount", "3")
    refused = lab.run("up")
    lab.ok("config", "set", "nodeCount", "1")
    assert refused.status != 0
    assert "node-3 (203.0.113.4): 4.0 GiB are free in /var/lib/docker" in refused.out
    assert "its Docker Compose can't read files in /opt, as Docker from snap can't" in refused.out
    assert "Nothing was changed" in refused.out

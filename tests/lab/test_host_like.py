"""Machines as their owners have them: what works is deployed, what can't is refused by name."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.lab.conftest import Lab, deployed
from tests.lab.watching import calls, scale, served

pytestmark = [pytest.mark.lab, pytest.mark.matrix, pytest.mark.xdist_group("host-like")]

DEAD = "http://127.0.0.1:9"
HOSTS = f"""\
- environment: &dead {{http_proxy: '{DEAD}', HTTP_PROXY: '{DEAD}', no_proxy: 10.5.0.0/24}}
  shell: /usr/bin/fish
  docker: packages
- environment: {{<<: *dead, LANG: de_DE.UTF-8}}
  login: Welcome to this machine
  aptDailySeconds: 30
  release: debian
  ownName: openvidu.example.io
  home: {{boto3.py: raise SystemExit('This is no module')}}
  addresses: [10.5.0.5]
- environment: *dead
  docker: docker-ce
  addresses: [10.5.0.7]
- docker: snap
  dockerDiskGib: 4
  addresses: [10.5.0.8]
"""
"""A proxy that is dead, and hosts beside it in a form that curl and httpx don't know; updates."""
SETTINGS = {
    "nodeCount": "1",
    "dashboardCidrs[0]": "192.0.2.0/24",
    "baseExtraEnv.HTTPS_PROTOCOLS": "TLSv1.3",
    "baseExtraEnv.HTTPS_HSTS": "max-age=60; preload",
}


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    file = tmp_path_factory.mktemp("hosts") / "like.yaml"
    file.write_text(HOSTS)
    options = [word for pair in SETTINGS.items() for word in ("--config", "=".join(pair))]
    with deployed("host-like", "--example", "existing", "--host-like", str(file), *options) as lab:
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


def test_what_openvidus_templates_have_for_the_base_can_be_set(lab: Lab) -> None:
    site = "https://openvidu.example.io"
    status = ("--output", "/dev/null", "--write-out", "%{http_code}")
    assert lab.ok("curl", f"{site}/", *status) == "200"
    assert lab.ok("curl", f"{site}/kibana/", *status) == "403"
    assert "max-age=60; preload" in lab.ok("curl", f"{site}/", "--include")
    assert lab.run("curl", f"{site}/", "--tls-max", "1.2").status != 0


def test_a_host_that_cannot_work_is_refused_by_name(lab: Lab) -> None:
    lab.ok("config", "set", "nodeCount", "3")
    refused = lab.run("up")
    lab.ok("config", "set", "nodeCount", "1")
    assert refused.status != 0
    assert "node-3 (203.0.113.4): 4.0 GiB are free in /var/lib/docker" in refused.out
    assert "its Docker Compose can't read files in /opt, as Docker from snap can't" in refused.out
    assert "Nothing was changed" in refused.out

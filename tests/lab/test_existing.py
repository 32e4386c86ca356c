"""Machines that exist already: prepared, scaled, and left as they were found."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import yaml

from lab.cloud.facts import MIRROR_ADDRESS
from openvidu.downloads import HOSTS
from tests.lab.conftest import REFERENCE, Lab, deployed
from tests.lab.watching import calls, scale, served

pytestmark = [pytest.mark.lab, pytest.mark.slow, pytest.mark.xdist_group("existing")]

TRACES = "ls -dA /opt/openvidu* /opt/ov-* /var/lib/openvidu* /usr/bin/docker 2>/dev/null"


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    """Four machines, of which a base and two nodes carry OpenVidu."""
    with deployed("existing", "--example", "existing", engine=REFERENCE) as lab:
        yield lab


def test_nothing_is_asked_of_aws(lab: Lab) -> None:
    resources = lab.json("state")["deployment"]["resources"]
    assert not [one["type"] for one in resources if one["type"].startswith("aws:")]
    assert lab.ok("run", "--", "env").count("AWS_ACCESS_KEY_ID") == 0
    assert served(lab) == ["10.5.0.6", "10.5.0.7"]


def test_a_host_carries_calls_and_is_left_as_it_was_found(lab: Lab) -> None:
    assert lab.on("node-3", TRACES) == ""
    with calls(lab, "4s..8s"):
        scale(lab, 3)
        assert served(lab) == ["10.5.0.6", "10.5.0.7", "10.5.0.8"]
        printed = scale(lab, 2)
    assert printed.index("node-3: has left the cluster") < printed.index(
        "OpenVidu is gone from this host"
    )
    assert lab.on("node-3", TRACES) == ""
    assert set(lab.json("preview", "--json")["changeSummary"]) == {"same"}


def test_a_host_that_cannot_work_is_refused_before_any_is_changed(lab: Lab) -> None:
    lab.on("node-3", "nohup python3 -m http.server 4443 >/dev/null 2>&1 &")
    lab.ok("config", "set", "nodeCount", "3")
    refused = lab.run("up")
    assert refused.status != 0
    assert "node-3 (203.0.113.4): something listens already on tcp:4443" in refused.out
    assert "Nothing was changed" in refused.out
    assert lab.on("node-3", TRACES) == ""
    lab.on("node-3", "pkill -f http.server")
    lab.ok("config", "set", "nodeCount", "2")


def test_a_host_that_gets_nowhere_is_refused_with_what_to_open(lab: Lab) -> None:
    lab.on("node-3", f"ip route add unreachable {MIRROR_ADDRESS}")
    lab.ok("config", "set", "nodeCount", "3")
    refused = lab.run("up")
    assert refused.status != 0
    for host in HOSTS:
        assert f"from {host}: Failed to connect to {host} port 443" in refused.out
        assert f"open port 443/tcp to {host}" in refused.out
    assert lab.on("node-3", TRACES) == ""
    lab.on("node-3", f"ip route delete unreachable {MIRROR_ADDRESS}")
    lab.ok("config", "set", "nodeCount", "2")


def test_an_openvidu_of_the_owners_is_refused_and_stays(lab: Lab) -> None:
    recording = "/opt/openvidu/recordings/ses1/ses1.mp4"
    lab.on("node-3", f"mkdir -p {recording.rpartition('/')[0]} && echo video >{recording}")
    lab.ok("config", "set", "nodeCount", "3")
    refused = lab.run("up")
    assert refused.status != 0
    assert "/opt/openvidu is there already, and this stack didn't make it" in refused.out
    lab.ok("config", "set", "nodeCount", "2")
    assert set(lab.json("preview", "--json")["changeSummary"]) == {"same"}
    assert lab.on("node-3", f"cat {recording}").strip() == "video"
    lab.on("node-3", "rm -r /opt/openvidu")


NEW_KEY = """
rm /etc/ssh/ssh_host_ed25519_key*
ssh-keygen -q -t ed25519 -N '' -C '' -f /etc/ssh/ssh_host_ed25519_key
pkill -HUP -o sshd
cat /etc/ssh/ssh_host_ed25519_key.pub
"""


def test_machines_with_another_host_key_stay_and_go_on(lab: Lab) -> None:
    with calls(lab, "4s..8s"):
        for place, name in ((0, "base"), (1, "node-1")):
            key = lab.on(name, NEW_KEY).strip()
            lab.ok("config", "set", "--path", f"hosts[{place}].hostKey", key)
        printed = lab.ok("up")
    assert "leaves" not in printed
    assert "OpenVidu is gone" not in printed
    assert served(lab) == ["10.5.0.6", "10.5.0.7"]
    assert set(lab.json("preview", "--json")["changeSummary"]) == {"same"}


def test_another_machine_for_the_base_is_refused(lab: Lab) -> None:
    before = lab.directory.stack_config.read_text()
    lab.ok("config", "set", "--path", "hosts[0].privateIp", "10.5.0.99")
    refused = lab.run("up")
    lab.directory.stack_config.write_text(before)
    assert refused.status != 0
    assert "the base of this stack runs on 203.0.113.1, 10.5.0.5, and can't leave it" in refused.out


@pytest.mark.matrix
def test_another_host_takes_the_place_of_one_without_cutting_a_call(lab: Lab) -> None:
    config = yaml.safe_load(lab.directory.stack_config.read_text())
    hosts = config["config"]["openvidu-enterprise:hosts"]
    hosts[2] = hosts.pop(3)
    lab.directory.stack_config.write_text(yaml.safe_dump(config))
    assert "node-2 is replaced (203.0.113.3 to 203.0.113.4)" in lab.ok("preview")
    with calls(lab, "4s..8s"):
        printed = lab.ok("up")
    assert served(lab) == ["10.5.0.6", "10.5.0.8"], printed
    assert lab.on("node-2", TRACES) == ""


def test_destroy_leaves_the_hosts_and_keeps_the_data_of_the_base(lab: Lab) -> None:
    lab.ok("destroy")
    assert lab.on("node-1", TRACES) == ""
    [data] = lab.on("base", TRACES).split()
    assert data.startswith("/opt/ov-enterprise-base-services.data-")
    assert "minio-s3" in lab.on("base", f"ls {data}")
    assert "resources" not in lab.json("state")["deployment"]

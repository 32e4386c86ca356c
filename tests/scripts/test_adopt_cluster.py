"""A cluster that was made by hand: what is read becomes a stack's configuration, or is refused."""

from __future__ import annotations

import base64
import dataclasses
import json
from collections.abc import Mapping
from typing import Any

import pytest

from components.endpoints import of_base
from components.env_files import base_env, shared_env
from components.settings.read import read
from openvidu import environment
from openvidu.deployment import deployment
from scripts.adopt_cluster import parts_of, places_of, require_new, told
from scripts.adopting import found_cluster, found_machine, refusals
from scripts.adopting.env_to_config import Login, OnAws, config_of
from scripts.adopting.found_cluster import Answers, FoundCluster
from scripts.adopting.found_machine import FoundMachine, Place
from scripts.adopting.on_aws import Instance
from scripts.init_stack import make_ssh_key
from scripts.pulumi_cli import PulumiCli, PulumiError

HOST_KEY = make_ssh_key()[0].rpartition(" ")[0]
LOGIN = Login("ubuntu", *make_ssh_key())
BASE_ENV = """\
# As the page says
DOMAIN_OR_PUBLIC_IP=openvidu.example.io
OPENVIDU_SECRET=owners-secret
CERTIFICATE_TYPE=letsencrypt
LETSENCRYPT_EMAIL=openvidu@example.io
OPENVIDU_ENTERPRISE_HA_NODE_IPS=10.5.0.6,10.5.0.7
OPENVIDU_ENTERPRISE_HA_REDIS_PASSWORD=owners-redis
OPENVIDU_ENTERPRISE_HA_S3_CONFIG_BUCKET=openvidu-enterprise
OPENVIDU_ENTERPRISE_HA_S3_CONFIG_ACCESS_KEY=minioadmin
OPENVIDU_ENTERPRISE_HA_S3_CONFIG_SECRET_KEY=owners-minio
ELASTICSEARCH_USERNAME=elasticadmin
ELASTICSEARCH_PASSWORD=owners-elastic
"""
OF_NODES = {
    "DOMAIN_OR_PUBLIC_IP": "openvidu.example.io",
    "OPENVIDU_PRO_LICENSE": "owners-license",
    "OPENVIDU_SECRET": "owners-secret",
    "OPENVIDU_ENTERPRISE_HA_REDIS_HOST": "10.5.0.5",
    "OPENVIDU_ENTERPRISE_HA_REDIS_PORT": "6379",
    "OPENVIDU_ENTERPRISE_HA_REDIS_PASSWORD": "owners-redis",
    "OPENVIDU_ENTERPRISE_HA_S3_CONFIG_SERVICE_ENDPOINT": "http://10.5.0.5:9000",
    "OPENVIDU_ENTERPRISE_HA_S3_CONFIG_BUCKET": "openvidu-enterprise",
    "OPENVIDU_ENTERPRISE_HA_S3_CONFIG_ACCESS_KEY": "minioadmin",
    "OPENVIDU_ENTERPRISE_HA_S3_CONFIG_SECRET_KEY": "owners-minio",
    "OPENVIDU_PRO_ELASTICSEARCH_HOST": "http://10.5.0.5:9200",
    "OPENVIDU_PRO_KIBANA_HOST": "http://10.5.0.5:5601",
    "ELASTICSEARCH_PASSWORD": "owners-elastic",
}
"""What the page has an owner write into the `.env` that the install leaves."""


def base(env: str = BASE_ENV, **other: object) -> FoundMachine:
    found = FoundMachine(
        Place("base", "203.0.113.5", HOST_KEY),
        ["/opt/ov-enterprise-base-services"],
        "2.30.0",
        ["openvidu/openvidu-proxy:2.30.0"],
        env,
        ["10.5.0.5", "172.17.0.1"],
        7,
    )
    return dataclasses.replace(found, **other)  # type: ignore[arg-type]


def shared(**other: str) -> str:
    """The configuration of nodes: the install's own `.env`, with what the owner wrote."""
    values = {**deployment("node", "2.30.0").template, **OF_NODES, **other}
    values.pop(environment.NODE_PRIVATE_IP)
    return "".join(f"{name}={text}\n" for name, text in values.items())


def node(number: int, env: str | None = None, **other: object) -> FoundMachine:
    ip = f"10.5.0.{5 + number}"
    text = f"{shared() if env is None else env}{environment.NODE_PRIVATE_IP}={ip}\n"
    found = FoundMachine(
        Place(f"node-{number}", f"203.0.113.{5 + number}", HOST_KEY),
        ["/opt/openvidu"],
        "2.30.0",
        ["openvidu/openvidu-server-pro:2.30.0", "openvidu/replication-manager-on-prem:2.30.0"],
        text,
        [ip],
        5,
    )
    return dataclasses.replace(found, **other)  # type: ignore[arg-type]


def answers(bucket: str | None = None, **other: object) -> Answers:
    ips = frozenset({"10.5.0.6", "10.5.0.7"})
    found = Answers("UP", ips, ips, shared() if bucket is None else bucket)
    return dataclasses.replace(found, **other)  # type: ignore[arg-type]


def cluster(base_env: str = BASE_ENV, bucket: str | None = None) -> FoundCluster:
    return FoundCluster(base(base_env), [node(1, bucket), node(2, bucket)], answers(bucket))


def meaning(text: str) -> Mapping[str, str]:
    found = {name: value for name, value in environment.parse(text).items() if value}
    return {"HTTP_PORT": "80", "HTTPS_PORT": "443", **found}


@pytest.mark.parametrize(
    ("base_more", "of_nodes"),
    [
        ("", {}),
        ("HTTPS_PORT=8443\nES_JAVA_OPTS=-Xms4g -Xmx4g\n", {"HTTPS_PORT": "8443"}),
        ("ALLOWED_ACCESS_TO_DASHBOARD=198.51.100.0/24,198.51.101.7/32\n", {}),
        ("OWNERS_OWN_APP=on\n", {"OWNERS_OWN": "kept", "KMS_IMAGE": "kurento:6"}),
        ("", {"OPENVIDU_SESSIONS_GARBAGE_INTERVAL": "600"}),
        (
            "",
            {
                "OPENVIDU_WEBHOOK": "true",
                "OPENVIDU_WEBHOOK_ENDPOINT": "https://app.example.io/hook?a=b",
                "OPENVIDU_WEBHOOK_EVENTS": "[sessionCreated]",
                "OPENVIDU_WEBHOOK_HEADERS": '["Authorization: Basic owners"]',
            },
        ),
        (
            "",
            {"OPENVIDU_WEBRTC_ICE_SERVERS": '["url=turn:a.io:443,username=u,credential=c"]'},
        ),
        (
            "",
            {
                "OPENVIDU_RECORDING": "true",
                "OPENVIDU_PRO_AWS_S3_BUCKET": "owners-recordings",
                "OPENVIDU_PRO_AWS_S3_SERVICE_ENDPOINT": "http://10.5.0.5:9000",
                "OPENVIDU_PRO_AWS_ACCESS_KEY": "another",
                "OPENVIDU_PRO_AWS_SECRET_KEY": "another-key",
            },
        ),
    ],
)
def test_the_stack_says_what_is_there(base_more: str, of_nodes: Mapping[str, str]) -> None:
    found = cluster(BASE_ENV + base_more, shared(**of_nodes))
    config = config_of(found, LOGIN)
    assert not config.refused
    assert not config.kept
    settings = read(config.texts, config.secrets)
    assert meaning(base_env(settings, "openvidu.example.io")) == {
        **meaning(found.base.env_text),
        environment.NODE_IPS: environment.NO_NODES,
    }
    written = shared_env(settings, of_base(settings, "openvidu.example.io"))
    assert {name: found.shared.get(name, "") for name in environment.parse(written)} == (
        environment.parse(written)
    )
    assert meaning(written) == meaning(found.answers.bucket_text)


def test_hosts_are_those_that_are_there_and_stay_their_owners() -> None:
    config = config_of(cluster(), LOGIN)
    settings = read(config.texts, config.secrets)
    assert [(one.public_ip, one.private_ip, one.adopted) for one in settings.hosts] == [
        ("203.0.113.5", "10.5.0.5", True),
        ("203.0.113.6", "10.5.0.6", True),
        ("203.0.113.7", "10.5.0.7", True),
    ]
    assert (settings.node_count, settings.openvidu_version) == (2, "2.30.0")


def test_instances_are_said_by_what_aws_calls_them() -> None:
    def instance(number: int, subnet: str, address: str = "") -> Instance:
        ids = (f"i-{number:08x}", "c5.4xlarge", f"eni-{number:08x}", address)
        return Instance(
            *ids, f"203.0.113.{5 + number}", f"10.5.0.{5 + number}", "vpc-00000001", subnet
        )

    there = [
        instance(0, "subnet-0000000a", "eipalloc-00000000"),
        instance(1, "subnet-0000000b"),
        instance(2, "subnet-0000000a"),
    ]
    config = config_of(cluster(), LOGIN, OnAws(there, ["198.51.100.0/24"]))
    assert not config.refused
    settings = read(config.texts, config.secrets)
    assert [(one.instance, one.interface, one.address) for one in settings.hosts] == [
        ("i-00000000", "eni-00000000", "eipalloc-00000000"),
        ("i-00000001", "eni-00000001", ""),
        ("i-00000002", "eni-00000002", ""),
    ]
    assert (settings.vpc_id, settings.subnet_ids) == (
        "vpc-00000001",
        ("subnet-0000000a", "subnet-0000000b"),
    )
    assert (settings.machines, settings.node_instance_type) == ("aws", "c5.4xlarge")


def test_no_secret_is_shown() -> None:
    shown = told(cluster(), config_of(cluster(), LOGIN))
    assert "owners-" not in shown
    assert "PRIVATE KEY" not in shown
    assert "openviduSecret: (a secret)" in shown


def test_what_a_stack_cannot_say_of_nodes_stays_in_the_bucket() -> None:
    two = '["url=turn:a.example.io:443,username=u,credential=c","url=stun:b.example.io:443"]'
    config = config_of(cluster(bucket=shared(OPENVIDU_WEBRTC_ICE_SERVERS=two)), LOGIN)
    assert not config.refused
    assert config.kept == ["OPENVIDU_WEBRTC_ICE_SERVERS stays in the bucket as it is"]


def test_a_node_that_has_another_env_than_the_bucket_is_told() -> None:
    found = cluster()
    other = node(2, shared(OPENVIDU_CDR="true"))
    config = config_of(dataclasses.replace(found, nodes=[found.nodes[0], other]), LOGIN)
    assert "node-2: its .env has another OPENVIDU_CDR than the bucket" in config.kept[0]


@pytest.mark.parametrize(
    ("base_more", "of_nodes", "problem"),
    [
        ("OWNERS_URL=a$b\n", {}, "base's .env: OWNERS_URL is there, and no stack can say it"),
        (
            "",
            {"OPENVIDU_ENTERPRISE_HA_REDIS_HOST": "redis.example.io"},
            "OPENVIDU_ENTERPRISE_HA_REDIS_HOST is 'redis.example.io', and the stack would set it",
        ),
        (
            "",
            {"OPENVIDU_CDR_PATH": ""},
            "OPENVIDU_CDR_PATH is not set, and the stack would set it to '/opt/openvidu/cdr'",
        ),
        ("", {"OPENVIDU_SECRET": "other-secret"}, "OPENVIDU_SECRET is set, and the stack would"),
    ],
)
def test_what_would_need_a_restart_is_refused(
    base_more: str, of_nodes: Mapping[str, str], problem: str
) -> None:
    refused = config_of(cluster(BASE_ENV + base_more, shared(**of_nodes)), LOGIN).refused
    assert any(problem in one for one in refused), refused
    assert not any("owners-" in one or "other-secret" in one for one in refused)


@pytest.mark.parametrize(
    ("images", "found"),
    [
        (["openvidu/openvidu-server:2.30.0"], "OpenVidu CE"),
        (["openvidu/openvidu-server-pro:2.30.0"], "OpenVidu Pro or a single master"),
    ],
)
def test_other_editions_are_refused(images: list[str], found: str) -> None:
    [problem] = refusals.of_machines([base(), node(1, images=images)])
    assert f"must have a node of OpenVidu Enterprise HA, got {found} in /opt/openvidu" in problem


def test_all_that_is_wrong_with_machines_is_told_at_once() -> None:
    problems = refusals.of_machines(
        [
            base(version="2.29.0", owner="me/openvidu-enterprise/other"),
            node(1, running=0, addresses=["10.5.0.66"]),
            node(2, folders=[], images=[], version=""),
            node(3, env=shared() + "OPENVIDU_CDR=true\n"),
        ]
    )
    for problem in (
        "base (203.0.113.5): belongs to the stack me/openvidu-enterprise/other",
        "node-1 (203.0.113.6): OpenVidu doesn't run there",
        "OPENVIDU_ENTERPRISE_HA_NODE_PRIVATE_IP=10.5.0.6, and its own addresses are 10.5.0.66",
        "node-2 (203.0.113.7): no OpenVidu is installed in /opt/openvidu",
        "node-3 (203.0.113.8): OPENVIDU_CDR is in its .env twice",
        "mixed versions: 2.29.0 on base; 2.30.0 on node-1, node-3",
    ):
        assert any(problem in one for one in problems), problems


def test_a_list_of_addresses_that_is_not_reality_is_refused() -> None:
    listed = BASE_ENV.replace("10.5.0.6,10.5.0.7", "10.5.0.6,10.5.0.9")
    some = answers(
        up=frozenset({"10.5.0.6"}), listed=frozenset({"10.5.0.6", "10.5.0.7", "10.5.0.8"})
    )
    problems = refusals.of_cluster(FoundCluster(base(listed), [node(1), node(2)], some))
    for problem in (
        "lists 10.5.0.9, and no machine that you have named has it",
        "node-2: 10.5.0.7 isn't in OPENVIDU_ENTERPRISE_HA_NODE_IPS",
        "node-2: the cluster lists 10.5.0.7 not as UP",
        "the cluster lists 10.5.0.8, and no machine that you have named has it",
    ):
        assert any(problem in one for one in problems), problems


def test_silence_is_no_answer() -> None:
    nothing = found_cluster.parse("health=\nwhyHealth=curl: (7) refused\nbucket=\nwhyBucket=403\n")
    problems = refusals.of_cluster(FoundCluster(base(), [node(1), node(2)], nothing))
    assert problems == [
        "base: the cluster doesn't say how it is: curl: (7) refused",
        "base: the nodes' configuration can't be read in the bucket 'openvidu-enterprise': 403",
    ]


def test_what_machines_print_is_read() -> None:
    def coded(text: str) -> str:
        return base64.b64encode(text.encode()).decode()

    health = {"clusterStatus": "UP", "nodes": {"master_10.5.0.6": {"status": "UP"}}}
    read_answers = found_cluster.parse(
        f"health={coded(json.dumps(health))}\nwhyHealth=\nbucket={coded(shared())}\nwhyBucket=\n"
    )
    assert (read_answers.status, read_answers.up) == ("UP", {"10.5.0.6"})
    assert read_answers.bucket_text == shared()
    place = Place("base", "203.0.113.5", HOST_KEY)
    printed = (
        "folders=/opt/ov-enterprise-base-services\nversion=2.30.0\nimages=a b\n"
        f"env={coded(BASE_ENV)}\naddresses=10.5.0.5\nrunning=7\ncertificate=\nkey=\nowner=\n"
    )
    found = found_machine.parse(printed, place)
    assert isinstance(found, FoundMachine)
    assert (found.edition, found.env_text, found.running) == ("base", BASE_ENV, 7)
    assert found_machine.parse("folders=\n", place) == "it tells what can't be read ('version')"


def test_machines_are_named_base_first() -> None:
    found = places_of(["203.0.113.6", "base=203.0.113.5", "203.0.113.7:2222"])
    assert [(name, address, way.port) for name, (address, way) in found.items()] == [
        ("base", "203.0.113.5", 22),
        ("node-1", "203.0.113.6", 22),
        ("node-2", "203.0.113.7", 2222),
    ]


@pytest.mark.parametrize(
    "words", [["203.0.113.5"], ["base=203.0.113.5"], ["base=a", "base=b", "c"], ["base=a", "n=b"]]
)
def test_other_words_are_refused(words: list[str]) -> None:
    with pytest.raises(PulumiError, match="Expected one base and its nodes"):
        places_of(words)


class Stack(PulumiCli):
    """Stands in for a stack in Pulumi's command line."""

    def __init__(self, *types: str, **config: str) -> None:
        self.resources = [{"type": one} for one in types]
        self.values: dict[str, dict[str, Any]] = {
            f"openvidu-enterprise:{key}": {"value": one} for key, one in config.items()
        }

    def config(self) -> dict[str, dict[str, Any]]:
        return self.values

    def export_state(self, *, show_secrets: bool = False) -> dict[str, Any]:
        return {"deployment": {"resources": self.resources}}

    def stack_name(self) -> str:
        return "office"


def test_a_stack_whose_update_was_refused_is_new() -> None:
    require_new(Stack("pulumi:pulumi:Stack", "pulumi:providers:pulumi", machines="aws"))


@pytest.mark.parametrize(
    ("stack", "has"),
    [
        (Stack("pulumi:pulumi:Stack", "command:local:Command"), "has resources"),
        (Stack(openviduSecret="some"), "has openviduSecret in its configuration"),
    ],
)
def test_a_stack_that_has_something_is_not_overwritten(stack: Stack, has: str) -> None:
    with pytest.raises(PulumiError, match=has):
        require_new(stack)


def test_parts_are_set_one_by_one() -> None:
    hosts = json.dumps([{"publicIp": "203.0.113.5", "adopted": True}])
    assert parts_of("hosts", hosts) == [
        ("hosts[0].publicIp", "203.0.113.5"),
        ("hosts[0].adopted", "true"),
    ]
    assert parts_of("subnetIds", '["subnet-1", "subnet-2"]') == [
        ("subnetIds[0]", "subnet-1"),
        ("subnetIds[1]", "subnet-2"),
    ]
    assert parts_of("extraEnv", '{"KMS_IMAGE": "a"}') == [("extraEnv.KMS_IMAGE", "a")]

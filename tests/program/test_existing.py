"""Machines that exist: what is taken as `hosts`, and which host can carry OpenVidu."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from components.existing import host_checks, suitability
from components.existing.hosts import Host, fingerprint
from components.existing.suitability import Facts
from components.previous_state import Attempt, PreviousState, from_outputs
from components.settings.mistakes import ConfigurationError
from components.settings.read import read
from components.settings.table import Settings
from components.ssh_agent import find_mistake
from components.ssh_way import SshWay
from components.update_plan import replaced
from openvidu.downloads import DOCKER_HUB
from openvidu.roles import BASE
from tests.program.conftest import SECRETS, example, ssh_key

HOST_KEY = " ".join(ssh_key()[0].split()[:2])
AWS_ONLY = ("sshCidrs", "sshPublicKey")
FITS = Facts(
    os="Ubuntu 24.04.1 LTS",
    processor="x86_64",
    cpus=8,
    memory_mib=16_000,
    free_disk_mib=100_000,
    images="/var/lib/docker",
    free_images_mib=100_000,
    free_images_inodes=1_000_000,
    free_tmp_mib=1_000,
    has_docker=True,
    compose="2.26.1-4",
    reads=True,
    has_packages=True,
    has_python=True,
    clock_off=0.4,
    addresses=("10.5.0.6", "172.17.0.1"),
    installed=False,
    foreign=(),
    owner="",
    taken=(),
    busy=(),
    blocked=(),
)

RSA = "ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAAAgQ=="


def host(number: int, **changes: Any) -> dict[str, Any]:
    """The base is number 0."""
    address = 5 + number
    known = {"privateIp": f"10.5.0.{address}", "publicIp": f"203.0.113.{address}"}
    return {**known, "hostKey": HOST_KEY, **changes}


def configured(*hosts: dict[str, Any], **changes: str) -> dict[str, str]:
    kept = {key: text for key, text in example().items() if key not in AWS_ONLY}
    return {**kept, "machines": "existing", "hosts": json.dumps(hosts), **changes}


def settings(*hosts: dict[str, Any], **changes: str) -> Settings:
    return read(configured(*hosts, **changes), SECRETS)


def problems(*hosts: dict[str, Any], **changes: str) -> str:
    with pytest.raises(ConfigurationError) as caught:
        settings(*hosts, **changes)
    return str(caught.value)


def test_hosts_are_the_base_and_then_nodes() -> None:
    found = settings(host(0), host(1), host(2), host(3), retiredNodes="[2]")
    assert found.main_private_ip == "10.5.0.5"
    assert found.node_numbers == (1, 3)
    assert found.node_private_ip(3) == "10.5.0.8"
    assert found.hosts[1] == Host("203.0.113.6", "10.5.0.6", HOST_KEY)


@pytest.mark.parametrize(
    ("hosts", "told"),
    [
        ([host(0)], "must list at least the base and one node"),
        ([host(0), host(1)], "nodeCount: must be 1 to 1, the nodes that hosts has"),
        ([host(0), host(1), host(1, privateIp="10.5.0.9")], "203.0.113.6 is the address of"),
        ([host(0), host(1), host(2, privateIp="10.5.0.6")], "10.5.0.6 is the address of hosts[1]"),
        ([host(0), host(1), host(2, hostKey="")], "hostKey is missing in hosts[2]"),
        ([host(0), host(1), host(2, hostKey="ssh-ed25519 x")], "must be a public SSH host key"),
        ([host(0), host(1), host(2, publicIp="node-2")], "publicIp must be an IPv4 address"),
        ([host(0), host(1), host(2, user="root")], "user must be left out"),
        (
            [host(0), host(1), host(2, privateIp="10.5.1.7")],
            "hosts[2].privateIp 10.5.1.7 is outside 10.5.0.0/24",
        ),
        (
            [host(0, privateIp="192.168.1.5"), host(1, privateIp="192.168.1.6"), host(2)],
            "hosts[2].privateIp 10.5.0.7 is outside 192.168.0.0/16",
        ),
        ([host(0, privateIp="8.8.8.8"), host(1), host(2)], "8.8.8.8 isn't a private address"),
        ([host(0), host(1), {"publicIp": "203.0.113.7"}], "with publicIp and privateIp"),
    ],
)
def test_hosts_that_cannot_be_meant_are_refused(hosts: list[dict[str, Any]], told: str) -> None:
    assert told in problems(*hosts)


@pytest.mark.parametrize(
    ("changes", "told", "command"),
    [
        (
            {"publicIp": "x"},
            'hosts[2].publicIp must be an IPv4 address, got "x"',
            "'hosts[2].publicIp' 203.0.113.7",
        ),
        (
            {"publicIp": "240.0.0.1"},
            "must be the address of a machine",
            "'hosts[2].publicIp' 203.0.113.7",
        ),
        (
            {"privateIp": 5},
            "hosts[2].privateIp must be an IPv4 address",
            "'hosts[2].privateIp' 10.5.0.7",
        ),
        ({"privateIp": "10.5.1.7"}, "10.5.1.7 is outside", "'hosts[2].privateIp' 10.5.0.7"),
        (
            {"hostKey": RSA},
            "ecdsa-sha2-nistp521)",
            "rm --path 'hosts[2].hostKey' && uv run openvidu",
        ),
        ({"user": "root"}, "user must be left out", "pulumi config rm --path 'hosts[2].user'"),
        ({"sshPort": 70_000}, "sshPort must be a port from 1 to 65535", "'hosts[2].sshPort' 22"),
        ({"sshPort": True}, "sshPort must be a whole number", "'hosts[2].sshPort' 22"),
        ({"sshJump": "a"}, "an object with host, and where", "rm --path 'hosts[2].sshJump'"),
        ({"sshJump": {}}, "hosts[2].sshJump.host is missing", "'hosts[2].sshJump.host' 203.0"),
        (
            {"sshJump": {"host": "-oProxyCommand=x"}},
            "hosts[2].sshJump.host must be",
            "'hosts[2].sshJump.host' 203.0",
        ),
        ({"sshJump": {"host": "240.0.0.1"}}, "the address of a host", "sshJump.host' 203.0"),
        (
            {"sshJump": {"host": "j.example.io", "port": 0}},
            "sshJump.port must be a port",
            "'hosts[2].sshJump.port' 22",
        ),
        (
            {"sshJump": {"host": "j.example.io", "user": "a b"}},
            "the name of a user for SSH",
            "rm --path 'hosts[2].sshJump.user'",
        ),
        (
            {"sshJump": {"host": "j.example.io", "key": "x"}},
            "key must be left out",
            "rm --path 'hosts[2].sshJump.key'",
        ),
        (
            {"sshJump": {"host": "j.example.io", "hostKey": RSA}},
            "hosts[2].sshJump.hostKey must be a public SSH host key",
            "rm --path 'hosts[2].sshJump.hostKey' && uv run openvidu-enterprise host-keys",
        ),
        (
            {"sshJump": {"host": "j.example.io"}},
            "hostKey is missing in hosts[2].sshJump",
            "uv run openvidu-enterprise host-keys",
        ),
    ],
)
def test_a_mistake_at_one_host_is_the_one_mistake_and_its_remedy_leaves_others_alone(
    changes: dict[str, Any], told: str, command: str
) -> None:
    with pytest.raises(ConfigurationError) as caught:
        settings(host(0), host(1), host(2, **changes))
    (mistake,) = caught.value.mistakes
    assert mistake.key == "hosts"
    assert told in mistake.problem
    assert command in mistake.command


@pytest.mark.parametrize("name", ["jump.example.io", "jump", "jump_1.internal", "192.0.2.7"])
def test_a_jump_host_has_any_name_that_is_resolved_here(name: str) -> None:
    found = settings(host(0), host(1), host(2, sshJump={"host": name, "hostKey": HOST_KEY}))
    assert found.hosts[2].way.jump
    assert found.hosts[2].way.jump.host == name


def test_another_way_to_a_machine_makes_it_no_other_machine() -> None:
    before = settings(host(0), host(1), host(2))
    after = settings(host(0, sshPort=2222), host(1), host(2, sshPort="2222"))
    previous = PreviousState(
        hosts=dict(zip(("base", "node-1", "node-2"), before.hosts, strict=True)),
        base_host="203.0.113.5",
    )
    assert not replaced(after, previous)
    assert after.hosts[2].way == SshWay(2222)


OTHER_KEY = "ssh-ed25519 AAAA"


def deployed(before: Settings, *done: str) -> PreviousState:
    """A stack whose base and nodes are on these hosts, and what of it has run."""
    hosts = dict(zip(("base", "node-1", "node-2"), before.hosts, strict=True))
    return PreviousState(hosts=hosts, done=dict.fromkeys(done, Attempt("2.30.0", 1)))


@pytest.mark.parametrize("changes", [{"hostKey": OTHER_KEY}, {"publicIp": "203.0.113.99"}])
def test_another_host_key_or_public_address_makes_it_no_other_machine(
    changes: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: dict[str, Host] = {}

    def inspect(name: str, host: Host, *_: object) -> Facts:
        asked[name] = host
        return replace(FITS, cpus=1)

    monkeypatch.setattr(host_checks, "_inspect", inspect)
    before = settings(host(0), host(1), host(2))
    after = settings(host(0), host(1, **changes), host(2))
    previous = deployed(before, "base")
    assert not replaced(after, previous)
    host_checks.check(after, previous)
    # It's tried before anything is changed.
    assert asked["node-1"] == after.hosts[1]
    assert "node-2" not in asked


@pytest.mark.parametrize(
    ("changes", "command"),
    [
        (
            {"privateIp": "10.5.0.99", "publicIp": "203.0.113.99"},
            "pulumi config set --path 'hosts[0].publicIp' 203.0.113.5 && "
            "pulumi config set --path 'hosts[0].privateIp' 10.5.0.5",
        ),
        (
            {"publicIp": "203.0.113.99", "hostKey": OTHER_KEY},
            "pulumi config set --path 'hosts[0].publicIp' 203.0.113.5",
        ),
    ],
)
def test_services_that_run_do_not_leave_their_machine(
    changes: dict[str, str], command: str
) -> None:
    before = settings(host(0), host(1), host(2))
    after = settings(host(0, **changes), host(1), host(2))
    with pytest.raises(ConfigurationError) as caught:
        host_checks.check(after, deployed(before, "base"))
    (mistake,) = caught.value.mistakes
    assert "the base of this stack runs on 203.0.113.5, 10.5.0.5, and can't" in mistake.problem
    assert mistake.command == f"{command}\n      or: pulumi stack init ANOTHER-STACK"
    # A first deployment that failed may have named the wrong one.
    assert not suitability.another_main(after, deployed(before))


@pytest.mark.parametrize("answers", [True, False])
def test_another_way_is_tried_before_anything_is_changed(
    answers: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []

    def inspect(name: str, host: Host, *_: object) -> Facts | str:
        asked.append((name, host.way))
        # It was suitable when it came, and carries OpenVidu by now.
        return replace(FITS, cpus=1) if answers else "203.0.113.7 can't be reached: refused"

    monkeypatch.setattr(host_checks, "_inspect", inspect)
    monkeypatch.setattr(host_checks.pulumi.runtime, "is_dry_run", lambda: False)
    before = settings(host(0), host(1), host(2))
    after = settings(host(0), host(1), host(2, sshPort=2222))
    previous = PreviousState(
        hosts=dict(zip(("base", "node-1", "node-2"), before.hosts, strict=True))
    )
    if answers:
        host_checks.check(after, previous)
    else:
        with pytest.raises(ConfigurationError, match="can't be reached: refused"):
            host_checks.check(after, previous)
    assert ("node-2", SshWay(2222)) in asked
    assert "node-1" not in dict(asked)


@pytest.mark.parametrize(
    ("seen", "told"),
    [
        ({}, None),
        ({"cpus": 1, "installed": True}, None),
        (
            {"compose": "2.40.3"},
            "its Docker Compose is 2.40.3; with OpenVidu 2.31.0 it must be older than",
        ),
        ({"has_docker": False}, "Docker or Docker Compose doesn't answer there"),
    ],
)
def test_a_host_that_cannot_start_another_version_is_told_before_any_drains(
    seen: dict[str, Any], told: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its owner may have put another Compose there since it came."""
    asked = []

    def inspect(name: str, *_: object) -> Facts:
        asked.append(name)
        return replace(FITS, **seen) if name == "node-2" else FITS

    monkeypatch.setattr(host_checks, "_inspect", inspect)
    wanted = settings(host(0), host(1), host(2), openviduVersion="2.31.0")
    names = ("base", "node-1", "node-2")
    has = dict.fromkeys(names, Attempt("2.30.0", 1))
    previous = PreviousState(hosts=dict(zip(names, wanted.hosts, strict=True)), tried=has, done=has)
    if told is None:
        host_checks.check(wanted, previous)
    else:
        with pytest.raises(ConfigurationError, match=told) as caught:
            host_checks.check(wanted, previous)
        assert str(caught.value).count("node-2 (203.0.113.7)") == 1
    assert sorted(asked) == list(names)
    asked.clear()
    host_checks.check(replace(wanted, openvidu_version="2.30.0"), previous)
    assert asked == []


@pytest.mark.parametrize(
    ("changes", "told", "command"),
    [
        (
            {"sshPrivateKey": ""},
            "sshPrivateKey: is missing",
            "uv run openvidu-enterprise init-stack",
        ),
        ({"sshAgent": "true"}, "one of the two", "pulumi config rm sshPrivateKey"),
        (
            {"sshJumpPrivateKey": ssh_key()[1]},
            "no host has an sshJump",
            "pulumi config rm sshJumpPrivateKey",
        ),
    ],
)
def test_a_key_or_an_agent_logs_in(changes: dict[str, str], told: str, command: str) -> None:
    found = problems(host(0), host(1), host(2), **changes)
    assert told in found
    assert command in found


@pytest.mark.parametrize(
    ("listed", "problem"),
    [
        (None, "there is no SSH agent with a key here: nobody"),
        ("ssh-ed25519 AAAAOTHER me\n", "your SSH agent doesn't have the key of sshPublicKey"),
        (ssh_key()[0] + "\n", None),
    ],
    # The key is another one in each process.
    ids=["no agent", "another key", "the key"],
)
def test_an_agent_that_cannot_log_in_is_told(listed: str | None, problem: str | None) -> None:
    given = {"sshAgent": "true", "sshPrivateKey": "", "sshPublicKey": ssh_key()[0]}
    found = find_mistake(listed, "nobody", settings(host(0), host(1), host(2), **given))
    assert (found.problem if found else None) == problem


@pytest.mark.parametrize("kind", ["ecdsa-sha2-nistp384", "ecdsa-sha2-nistp521"])
def test_host_keys_of_all_kinds_that_the_provider_takes_are_taken(kind: str) -> None:
    key = f"{kind} AAAA"
    assert settings(host(0), host(1, hostKey=key), nodeCount="1").hosts[1].host_key == key


@pytest.mark.parametrize(("said", "found"), [({}, None), ({"adopted": True}, True)])
def test_whose_openvidu_is_there_makes_it_no_other_machine(
    said: dict[str, Any], found: bool | None
) -> None:
    one = settings(host(0, **said), host(1), host(2)).hosts[0]
    assert one.adopted is found
    assert one == settings(host(0), host(1), host(2)).hosts[0]


def test_a_host_whose_openvidu_is_taken_over_is_not_warned_of_it() -> None:
    there = replace(FITS, installed=True)
    plain = settings(host(0), host(1), host(2))
    taken = settings(host(0), host(1, adopted=True), host(2))
    assert "configured anew" in suitability.warnings("node-1", plain.hosts[1], there)[0]
    assert suitability.warnings("node-1", taken.hosts[1], there) == []
    full = replace(there, free_disk_mib=5_000, free_images_mib=5_000)
    assert suitability.mistakes("node-1", taken.hosts[1], full, taken) == []


def test_owners_of_base_services_keep_their_own_keys_there() -> None:
    env = json.dumps({"OWNERS_OWN": "yes"})
    assert "OWNERS_OWN can't be set here" in problems(host(0), host(1), host(2), baseExtraEnv=env)
    found = settings(host(0, adopted=True), host(1), host(2), baseExtraEnv=env)
    assert dict(found.base_extra_env) == {"OWNERS_OWN": "yes"}


def test_hosts_are_for_existing_machines_only() -> None:
    given = {**example(), "hosts": json.dumps([host(0), host(1)])}
    with pytest.raises(ConfigurationError, match="machines is aws"):
        read(given, SECRETS)


def test_a_fingerprint_is_what_openssh_shows() -> None:
    # ssh-keygen -lf on this key, which was made for this test.
    key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIFl0pTqDsI7VBSRrm+GXh6h3yRDfp/qdxZgmHGd/10OA"
    assert fingerprint(key) == "SHA256:FQotp77nDAFS6HiuUtiU1ij2/2VsttIub9B9jZEHvzc"


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"processor": "aarch64"}, "its processor must be x86_64, got aarch64"),
        ({"cpus": 2}, "it must have at least 4 CPUs and 8 GiB of memory, and has 2 and 15.6"),
        ({"memory_mib": 4000}, "and has 8 and 3.9"),
        ({"free_disk_mib": 5 * 1024}, "5 GiB are free in /opt, must be at least 20"),
        ({"free_images_mib": 64}, "0.1 GiB are free in /var/lib/docker, where Docker keeps images"),
        ({"free_images_inodes": 900}, "900 more files can be made in /var/lib/docker"),
        ({"free_tmp_mib": 1}, "1 MiB are free in /tmp, must be at least 200"),
        ({"reads": False}, "can't read files in /opt, as Docker from snap can't"),
        ({"compose": "2.40.3+ds1-0ubuntu1"}, "with OpenVidu 2.30.0 it must be older than 2.39,"),
        ({"clock_off": -400.0}, "its clock is -400 s off"),
        ({"has_docker": False}, "Docker and Docker Compose aren't there"),
        ({"addresses": ("10.9.0.6",)}, "10.5.0.6 isn't its address; it has 10.9.0.6"),
        ({"foreign": ("/opt/openvidu",)}, "/opt/openvidu is there already, and this stack didn't"),
        (
            {"owner": "acme/openvidu/office", "foreign": ("/opt/openvidu",)},
            "it belongs to the stack acme/openvidu/office, which has noted so there",
        ),
        (
            {"taken": ("filebeat", "web-1")},
            "for its own, and remove them when it stops: filebeat w",
        ),
        ({"busy": ("tcp:443",)}, "something listens already on tcp:443"),
        ({"blocked": ("10.5.0.5:6379",)}, "it can't reach 10.5.0.5:6379"),
        (
            {"lacking": {DOCKER_HUB: "Could not resolve host: registry-1.docker.io"}},
            "it can't have images of OpenVidu and others from registry-1.docker.io: Could not",
        ),
    ],
)
def test_a_host_that_cannot_carry_openvidu_is_refused(changes: dict[str, Any], told: str) -> None:
    wanted = settings(host(0), host(1), host(2))
    assert not suitability.mistakes("node-1", wanted.hosts[1], FITS, wanted)
    found = suitability.mistakes("node-1", wanted.hosts[1], replace(FITS, **changes), wanted)
    assert [told in mistake.problem for mistake in found] == [True]


@pytest.mark.parametrize(
    ("private_ip", "addresses", "address"),
    [
        ("10.5.0.7", ("172.17.0.1", "10.5.0.5", "fe80::1", "10.5.0.9"), "10.5.0.9"),
        ("10.5.0.7", ("10.9.0.6",), "ADDRESS"),
    ],
)
def test_a_host_with_another_private_address_is_named_by_its_place(
    private_ip: str, addresses: tuple[str, ...], address: str
) -> None:
    wanted = settings(host(0), host(1), host(2, privateIp=private_ip))
    previous = replace(FITS, addresses=addresses)
    [mistake] = suitability.mistakes("node-2", wanted.hosts[2], previous, wanted)
    assert mistake.command == f"pulumi config set --path 'hosts[2].privateIp' {address}"


def test_every_port_that_a_base_publishes_is_looked_at() -> None:
    """Source: repository, compose file of the base services."""
    published = {80, 443, 5442, 5443, 5601, 6379, 9000, 9001, 9200}
    wanted = settings(host(0), host(1), host(2))
    assert {f"tcp:{port}" for port in published} <= set(host_checks.listened(BASE, wanted))


def test_an_openvidu_that_is_there_listens_on_its_own_ports() -> None:
    wanted = settings(host(0), host(1), host(2))
    previous = replace(FITS, installed=True, busy=("tcp:443",))
    assert not suitability.mistakes("node-1", wanted.hosts[1], previous, wanted)


def test_a_compose_of_today_does_for_an_openvidu_of_today() -> None:
    for version in ("2.32.1", "latest"):
        wanted = settings(host(0), host(1), host(2), openviduVersion=version)
        newest = replace(FITS, compose="5.5.1", free_images_inodes=None)
        assert not suitability.mistakes("node-1", wanted.hosts[1], newest, wanted)


def test_docker_is_installed_on_request_where_that_can_be_done() -> None:
    wanted = settings(host(0), host(1), host(2), installDocker="true")
    without = replace(FITS, has_docker=False)
    assert not suitability.mistakes("node-1", wanted.hosts[1], without, wanted)
    neither = replace(without, has_packages=False)
    [mistake] = suitability.mistakes("node-1", wanted.hosts[1], neither, wanted)
    assert "no apt-get to install Docker with" in mistake.problem


@pytest.mark.parametrize(
    ("cpus", "memory_mib", "warns"), [(8, 15_900, 0), (4, 15_900, 1), (8, 7_800, 1)]
)
def test_less_than_advised_is_warned_of(cpus: int, memory_mib: int, warns: int) -> None:
    wanted = settings(host(0), host(1), host(2))
    facts = replace(FITS, cpus=cpus, memory_mib=memory_mib)
    found = suitability.warnings("node-1", wanted.hosts[1], facts)
    assert len(found) == warns


def test_a_limit_of_logins_is_told_with_what_lets_one_in() -> None:
    wanted = settings(host(0), host(1, sshPort=2222), host(2))
    facts = replace(FITS, limited="198.51.100.7")
    [told] = suitability.warnings("node-1", wanted.hosts[1], facts)
    assert "allow from 198.51.100.7 to any port 2222 proto tcp (on that host)" in told
    assert not suitability.mistakes("node-1", wanted.hosts[1], facts, wanted)


def test_hosts_that_answer_nobody_are_not_blocked() -> None:
    facts = replace(FITS, blocked=("10.5.0.7:4443", "10.5.0.5:6379"))
    assert suitability.without(facts, {"10.5.0.7"}).blocked == ("10.5.0.5:6379",)


def test_the_network_of_hosts_is_theirs_to_choose() -> None:
    far = [host(0), host(1), host(2, privateIp="10.6.0.7")]
    assert settings(*far, subnetCidr="10.0.0.0/8").node_private_ip(2) == "10.6.0.7"
    assert "10.6.0.7 is outside 10.5.0.0/16" in problems(*far, subnetCidr="10.5.0.0/16")
    others = [host(number, privateIp=f"172.16.{number}.5") for number in range(3)]
    assert settings(*others).main_private_ip == "172.16.0.5"


def test_what_a_host_prints_is_read_or_shown() -> None:
    lines = (
        "os=Debian\nprocessor=x86_64\ncpus=4\nmemoryMib=8000\nfreeDiskMib=30000\n"
        "images=/var/lib/docker\nfreeImagesMib=9\nfreeImagesInodes=\nfreeTmpMib=9\ndocker=yes\n"
        "compose=\nreads=no\npackages=yes\npython=no\nclock=1000\naddresses=10.5.0.6 fe80::1\n"
        "installed=no\nhindrance=mirror\nlimited=\nforeign=\nowner=\ntaken=\nbusy=\n"
        "blocked=10.5.0.5:6379 10.5.0.5:9000\n"
        "https://a.example.io/v2/=ok\nhttps://b.example.io/v2/=timed out\n"
    )
    found = suitability.parse(lines, asked=990.0)
    assert isinstance(found, Facts)
    assert (found.has_docker, found.clock_off) == (False, 10.0)
    assert found.blocked == ("10.5.0.5:6379", "10.5.0.5:9000")
    assert found.hindrance == "mirror"
    assert found.lacking == {"https://b.example.io/v2/": "timed out"}
    assert "can't be read" in str(suitability.parse("Welcome to Ubuntu", asked=0.0))


def test_a_host_keeps_its_place() -> None:
    wanted = settings(host(0), host(2), host(3))
    previous = PreviousState(hosts={"node-2": wanted.hosts[1], "base": wanted.hosts[0]})
    [mistake] = suitability.moved(wanted, previous)
    assert "203.0.113.7 is node-2 in this stack and would become node-1" in mistake.problem
    assert mistake.command.endswith("openvidu-enterprise retire node-2")


def test_another_host_in_a_place_replaces_the_node() -> None:
    before = settings(host(0), host(1), host(2))
    state = {
        f"urn:…::{name}": {
            "type": "command:local:Command",
            "outputs": {
                "environment": {
                    "NODE_HOST": one.public_ip,
                    "NODE_IP": one.private_ip,
                    "NODE_HOST_KEY": one.host_key,
                }
            },
        }
        for name, one in zip(("base", "node-1", "node-2"), before.hosts, strict=True)
    }
    previous = from_outputs(state)
    assert previous.base_host == "203.0.113.5"
    assert previous.base_host_key == HOST_KEY
    assert not replaced(before, previous)
    after = settings(host(0), host(1), host(7))
    assert replaced(after, previous) == {2: "node-2 is replaced (203.0.113.7 to 203.0.113.12)"}


@pytest.mark.parametrize("logged_in", [True, False])
def test_a_hosted_zone_needs_a_provider_that_is_logged_in(
    logged_in: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    def asked() -> None:
        if not logged_in:
            raise RuntimeError("no valid credential sources")

    monkeypatch.setattr(host_checks.aws, "get_caller_identity", asked)
    base = Host("203.0.113.5", "10.5.0.5", HOST_KEY)
    wanted = replace(read(example(), SECRETS), hosts=(base,), hosted_zone_id="Z1")
    mistakes = host_checks._hosted_zone(wanted)
    assert [one.key for one in mistakes] == ([] if logged_in else ["hostedZoneId"])
    assert all("AWS was asked: no valid credential sources" in one.problem for one in mistakes)

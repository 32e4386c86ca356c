"""What is seen on a host before anything is changed there."""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest

from components.existing import suitability
from components.existing.suitability import Facts
from components.remote import text_of
from tests.scripts.existing_host import FOUND, ExistingHost, existing_host

FIELDS = {"ADDRESS": "10.5.0.6", "FOLDER": "/opt/openvidu", "PORTS": "", "PEERS": ""}


@pytest.fixture
def host(tmp_path: Path) -> ExistingHost:
    made = existing_host(tmp_path)
    made.program("free", "echo 'Mem: 15900 1 2'")
    made.program("python3", "exit 0")
    return made


def inspect(host: ExistingHost, **changes: str) -> Facts:
    done = host.run("inspect-host.sh", **{**FIELDS, **changes})
    assert done.returncode == 0, done.stderr
    found = suitability.parse(done.stdout, asked=0.0)
    assert isinstance(found, Facts), found
    return found


def test_a_host_that_speaks_german_is_understood(host: ExistingHost) -> None:
    host.program("free", "[[ $LC_ALL == C ]] && memory=Mem || memory=Speicher\necho $memory: 15900")
    assert inspect(host).memory_mib == 15_900


def test_what_is_in_the_users_home_is_not_run_by_root(host: ExistingHost) -> None:
    host.program("python3", "[[ $1 == -I ]] || touch $W/not-isolated")
    assert inspect(host).has_python
    assert not (host.world / "not-isolated").exists()


def test_a_folder_of_the_owners_is_seen(host: ExistingHost) -> None:
    assert not inspect(host).installed
    host.path("/opt/openvidu").mkdir()
    assert inspect(host).foreign == ("/opt/openvidu",)


def with_docker(host: ExistingHost) -> None:
    host.knows("installed", "docker.io 28", "docker-compose-v2 2.24.6")
    host.path("/bin/docker").symlink_to("docker-stand-in")


def test_docker_is_looked_at_where_openvidu_will_be(host: ExistingHost) -> None:
    with_docker(host)
    facts = inspect(host)
    assert (facts.has_docker, facts.compose, facts.reads) == (True, "2.24.6", True)
    assert not list(host.path("/opt").iterdir())


def test_a_docker_that_cannot_read_opt_is_seen(host: ExistingHost) -> None:
    with_docker(host)
    host.knows("snap")
    assert not inspect(host).reads


BEATS = "aaaaaaaaaaaa|docker.elastic.co/beats/filebeat:8.15.0|logs||"
SITE = "bbbbbbbbbbbb|nginx:1|openvidu-web-1|openvidu|/srv/openvidu"
OURS = "cccccccccccc|kurento-media-server:7|kms||"


@pytest.mark.parametrize(
    ("role", "taken"), [("node", ("logs", "openvidu-web-1")), ("master", ("openvidu-web-1",))]
)
def test_containers_that_openvidu_would_take_for_its_own_are_seen(
    host: ExistingHost, role: str, taken: tuple[str, ...]
) -> None:
    with_docker(host)
    host.runs(BEATS, SITE, "dddddddddddd|redis:7|cache|shop|/srv/shop")
    assert inspect(host, ROLE=role).taken == taken


@pytest.mark.parametrize(
    ("noted", "owner"),
    [("acme/openvidu/office", "acme/openvidu/office"), ("acme/openvidu/here", ""), ("", "")],
)
def test_a_host_of_another_stack_is_seen(host: ExistingHost, noted: str, owner: str) -> None:
    host.has(f"{FOUND}/stack", noted and f"{noted}\n")
    assert inspect(host, STACK="acme/openvidu/here").owner == owner


def test_of_a_host_that_was_begun_with_only_an_owners_containers_are_seen(
    host: ExistingHost,
) -> None:
    with_docker(host)
    host.has(f"{FOUND}/containers", "aaaaaaaaaaaa\n")
    host.runs(BEATS, SITE, OURS)
    assert inspect(host, ROLE="node").taken == ("logs", "openvidu-web-1")
    host.runs(OURS)
    assert inspect(host, ROLE="node").taken == ()


@pytest.mark.parametrize("place", ["/var/lib/docker", "/srv/images"])
def test_the_space_is_that_of_the_disk_where_docker_keeps_images(
    host: ExistingHost, place: str
) -> None:
    with_docker(host)
    host.knows("docker-root", place)
    fields = "".join(f"{name}={text}\n" for name, text in FIELDS.items())
    own_disk = f"/bin/mount -t tmpfs none /srv\nmkdir -p {place}\n/bin/mount -t tmpfs -o "
    own_disk += f"size=64m,nr_inodes=900 none {place}\n"
    done = host.shell(own_disk + text_of("inspect-host.sh"), f"{fields}\n")
    facts = suitability.parse(done.stdout, asked=0.0)
    assert isinstance(facts, Facts), done.stderr
    assert (facts.images, facts.free_images_mib) == (place, 64)
    assert 800 < (facts.free_images_inodes or 0) < 900
    assert facts.free_disk_mib > 64


def test_downloads_that_a_host_cannot_have_are_told_with_the_reason(host: ExistingHost) -> None:
    refuse = 'echo "curl: (28) Connection timed out after 5001 milliseconds" >&2; exit 28'
    host.program(
        "curl", f"[[ ${{@: -1}} == *a.example.io* ]] && echo 'HTTP/2 200' || {{ {refuse}; }}"
    )
    facts = inspect(host, DOWNLOADS="https://a.example.io/x.sh https://b.example.io/x.sh")
    told = "Connection timed out after 5001 milliseconds"
    assert facts.lacking == {"https://b.example.io/x.sh": told}


def test_a_host_without_curl_is_not_blamed_for_its_way_out(host: ExistingHost) -> None:
    host.path("/bin/curl").unlink()
    assert inspect(host, DOWNLOADS="https://b.example.io/x.sh").lacking == {}


OF_UFW = """\
-P INPUT DROP
-A ufw-user-input -p tcp -m tcp --dport 22 -m conntrack --ctstate NEW -m recent --set --name DEFAULT
-A ufw-user-input -p tcp -m tcp --dport 22 -m conntrack --ctstate NEW -m recent --update \
--seconds 30 --hitcount 6 --name DEFAULT --mask 255.255.255.255 --rsource -j ufw-user-limit
-A ufw-user-input -p tcp -m tcp --dport 8080 -j ACCEPT
"""
OF_NFT = "    tcp dport 22 ct state new limit rate over 6/minute burst 3 packets drop\n"
OF_OTHERS = "-A INPUT -p tcp --dport 2200 -m recent --update --seconds 30 --hitcount 6 -j DROP\n"
OPEN = "-A ufw-user-input -p tcp -m tcp --dport 22 -j ACCEPT\n"


@pytest.mark.parametrize(
    ("program", "rules", "is_limited"),
    [
        ("iptables", OF_UFW, True),
        ("nft", OF_NFT, True),
        ("iptables", OF_OTHERS, False),
        ("iptables", OPEN, False),
    ],
)
def test_a_limit_of_logins_is_seen_with_who_logs_in(
    host: ExistingHost, program: str, rules: str, is_limited: bool
) -> None:
    (host.world / "rules").write_text(rules)
    host.program(program, "cat $W/rules")
    lines = "".join(f"{name}={text}\n" for name, text in FIELDS.items())
    look = shlex.quote(text_of("inspect-host.sh"))
    # As sudo does, a shell that knows who logs in has another without.
    done = host.shell(
        f"env -u SSH_CONNECTION /bin/bash -c {look}; exit",
        f"{lines}\n",
        SSH_CONNECTION="198.51.100.7 50000 10.5.0.6 22",
    )
    found = suitability.parse(done.stdout, asked=0.0)
    assert isinstance(found, Facts), found
    assert found.limited == ("198.51.100.7" if is_limited else "")


def test_who_logs_in_is_left_to_be_named_where_nothing_tells_it(host: ExistingHost) -> None:
    (host.world / "rules").write_text(OF_UFW)
    host.program("iptables", "cat $W/rules")
    assert inspect(host).limited == "ADDRESS"

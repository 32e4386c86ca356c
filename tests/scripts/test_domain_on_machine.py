"""Before Let's Encrypt is asked: where the domain leads the world, and what is wrong in DNS."""

from __future__ import annotations

from pathlib import Path

import pytest

from components.remote import text_of
from tests.scripts.existing_host import ExistingHost, existing_host

ADDRESS = "203.0.113.5"
FIELDS = {
    "NAME": "base",
    "FOLDER": "/opt/base",
    "COMMAND": "base-services",
    "PROXY": "loadbalancer",
    "PUBLIC_IP": ADDRESS,
    "WAIT_FOR": "s3",
    "DOMAIN_SECONDS": "-1",
}
ENV = "DOMAIN_OR_PUBLIC_IP=openvidu.example.io\nCERTIFICATE_TYPE=letsencrypt\n"
STARTED = "started\n"
OWN_RUN = """\
/bin/mount -t tmpfs none /run
place=$(readlink -m /etc/resolv.conf)
mkdir -p "${place%/*}" && touch -a "$place"
/bin/mount --bind RESOLV "$place"
"""
WITH_RESOLVED = "mkdir -p /run/systemd/resolve && touch /run/systemd/resolve/resolv.conf\n"
GETENT = """\
[[ $* == *--service=dns* ]] || echo '127.0.1.1 STREAM openvidu.example.io'
[[ $* != *--service=dns* ]] || sed 's/$/ STREAM/' $W/records
"""
RESOLVECTL = """\
[[ $* == *--synthesize=no* ]] || { echo 'openvidu.example.io IN A 127.0.1.1'; exit; }
[[ $* == *--type=AAAA* ]] && kind=AAAA || kind=A
while read -r address; do
  [[ $address == *:* ]] && its=AAAA || its=A
  [[ $its != "$kind" ]] || echo "openvidu.example.io IN $kind $address  -- link: eth0"
done <$W/records
"""


@pytest.fixture(params=["resolved", "plain"])
def before(tmp_path: Path, request: pytest.FixtureRequest) -> tuple[ExistingHost, str]:
    """A base whose /etc/hosts leads its name to itself, and what makes its /run and resolv.conf."""
    host = existing_host(tmp_path)
    host.program("getent", GETENT)
    host.program("resolvectl", RESOLVECTL)
    host.program("ip", "echo '2: eth0    inet6 2001:db8::5/64 scope global'")
    host.has("/opt/base/.env", ENV)
    # What comes after the start is another test's.
    host.has("/opt/base/base-services", f"#!/bin/bash\necho {STARTED}\nexit 1\n")
    host.path("/opt/base/base-services").chmod(0o755)
    host.program("docker", "exit 0")
    host.program("curl", "echo 200")
    host.knows("resolv.conf", "nameserver 192.0.2.53")
    own = OWN_RUN.replace("RESOLV", str(host.world / "resolv.conf"))
    return host, own + (WITH_RESOLVED if request.param == "resolved" else "")


def start(before: tuple[ExistingHost, str], *records: str) -> tuple[int, str]:
    host, own = before
    host.knows("records", *records)
    fields = "".join(f"{name}={text}\n" for name, text in FIELDS.items())
    done = host.shell(own + text_of("start-services.sh"), f"{fields}\n")
    return done.returncode, done.stdout + done.stderr


@pytest.mark.parametrize("records", [(ADDRESS,), (ADDRESS, "2001:db8::5")])
def test_what_dns_says_counts(before: tuple[ExistingHost, str], records: tuple[str, ...]) -> None:
    assert STARTED in start(before, *records)[1]


@pytest.mark.parametrize(
    ("records", "told"),
    [
        ((ADDRESS, "2001:db8::1"), "its AAAA record 2001:db8::1 isn't this machine's"),
        ((ADDRESS, "198.51.100.9"), "its A record 198.51.100.9 isn't this machine's"),
        ((), "here it leads to no address"),
    ],
)
def test_what_is_wrong_in_dns_is_told_before_the_authority_is_asked(
    before: tuple[ExistingHost, str], records: tuple[str, ...], told: str
) -> None:
    status, said = start(before, *records)
    assert status == 1
    assert "openvidu.example.io doesn't lead to this machine alone; nothing was started" in said
    assert told in said
    assert f"openvidu.example.io must lead to {ADDRESS}; here it leads to " in said
    assert all(record in said for record in records)
    assert STARTED not in said


def test_without_a_server_of_names_what_the_machine_knows_counts(
    before: tuple[ExistingHost, str],
) -> None:
    host, own = before
    host.knows("resolv.conf", "# none")
    host.program("getent", f"[[ $* == *--service* ]] || echo '{ADDRESS} STREAM'")
    assert STARTED in start((host, own.replace(WITH_RESOLVED, "")))[1]

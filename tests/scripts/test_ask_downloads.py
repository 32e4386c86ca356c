"""What a machine says of the downloads that an installation takes: asked with curl, over TLS."""

from __future__ import annotations

import os
import ssl
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from components.remote import fields, text_of
from lab.cloud import authority
from lab.openvidu.web.messages import Request, Response
from openvidu.downloads import DOCKER_HUB
from remote.machines import COMMANDS
from tests.serving import serving

CLOSED = "127.0.0.1:9"
"""Nothing listens there."""


@dataclass(frozen=True)
class Machine:
    """A machine with curl, and what its Docker says of itself.

    Attributes:
        folder: its programs, and the authority that it trusts.
        far: where downloads are.
    """

    folder: Path
    far: str

    def docker_says(self, proxy: str = "", without: str = "", mirrors: str = "") -> None:
        """Have Docker go through a proxy, but for some hosts, and ask mirrors."""
        program = self.folder / "docker"
        program.write_text(f"#!/bin/sh\necho '{proxy}|{without}|{mirrors}'\n")
        program.chmod(0o755)

    def run(self, shell: str, script: str, given: str = "", **variables: str) -> list[str]:
        """The lines that a script prints there, which has to end well."""
        done = subprocess.run(
            [shell, "-c", script],
            input=given,
            env={
                "PATH": f"{self.folder}:{os.environ['PATH']}",
                "CURL_CA_BUNDLE": str(self.folder / "trusted.pem"),
                **variables,
            },
            capture_output=True,
            text=True,
            check=False,
        )
        assert (done.returncode, done.stderr) == (0, "")
        return done.stdout.splitlines()

    def of(self, *places: str, **variables: str) -> list[str]:
        """What it says of each."""
        urls = fields({"URLS": " ".join(places)})
        lines = self.run("/bin/bash", text_of("ask-downloads.sh"), urls, **variables)
        told = dict(line.split("=", 1) for line in lines)
        assert told.keys() == {*places}
        return [told[place] for place in places]


async def answer(request: Request) -> Response:
    """A bucket with one install script, and registries with logins elsewhere."""
    if request.path == "/base_2.30.0.sh":
        return Response(200, b"#!/bin/bash\n")
    if not request.path.endswith("/v2/"):
        return Response(404 if request.path.endswith("/") else 403)
    logins = {"/v2/": f"https://{request.headers['host']}/logins"}
    realm = logins.get(request.path, f"https://{CLOSED}/logins")
    return Response(401, headers={"Www-Authenticate": f'Bearer realm="{realm}",service="r"'})


@pytest.fixture
def machine(tmp_path: Path) -> Iterator[Machine]:
    trusted = authority.create(tmp_path)
    (tmp_path / "trusted.pem").write_bytes(trusted.read_bytes())
    certificate, key = authority.issue(["localhost"], directory=tmp_path)
    (tmp_path / "pair.pem").write_text(certificate + key)
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    tls.load_cert_chain(tmp_path / "pair.pem")
    with serving(answer, tls) as far:
        made = Machine(tmp_path, far)
        made.docker_says()
        yield made


def test_what_answers_can_be_had(machine: Machine) -> None:
    places = (f"{machine.far}/base_2.30.0.sh", f"{machine.far}/OpenVidu/", f"{machine.far}/v2/")
    assert machine.of(*places) == ["ok"] * 3


def test_the_preflight_asks_as_root(machine: Machine) -> None:
    (machine.folder / "sudo").write_text('#!/bin/sh\n[ "$1" = -n ] && shift && exec "$@"\n')
    (machine.folder / "sudo").chmod(0o755)
    asked = {"ASK": text_of("ask-downloads.sh"), "URLS": f"{machine.far}/v2/ {machine.far}/a.sh"}
    assert sorted(machine.run("/bin/sh", COMMANDS["downloads"](asked))) == [
        f"{machine.far}/a.sh=it answers 403",
        f"{machine.far}/v2/=ok",
    ]


def test_why_something_cannot_be_had_is_told_as_curl_does(machine: Machine) -> None:
    unknown, closed = machine.of("https://nothing.invalid/", f"https://{CLOSED}/")
    (distrusted,) = machine.of(f"{machine.far}/", CURL_CA_BUNDLE="/etc/hostname")
    assert unknown == "Could not resolve host: nothing.invalid"
    assert closed.startswith("Failed to connect to 127.0.0.1 port 9")
    assert "certificate" in distrusted


def test_an_install_script_has_to_be_there(machine: Machine) -> None:
    assert machine.of(f"{machine.far}/base_2.99.0.sh") == ["it answers 403"]


def test_a_registry_whose_logins_cannot_be_had_is_no_use(machine: Machine) -> None:
    (told,) = machine.of(f"{machine.far}/shut/v2/")
    assert told.startswith(f"it has logins given by https://{CLOSED}/logins: Failed to connect")


def test_registries_are_asked_as_docker_does(machine: Machine) -> None:
    places = (f"{machine.far}/base_2.30.0.sh", f"{machine.far}/v2/")
    machine.docker_says(proxy=f"http://xxxxx:xxxxx@{CLOSED}")
    script, registry = machine.of(*places)
    assert script == "ok"
    assert registry.startswith("Failed to connect to 127.0.0.1 port 9")
    machine.docker_says(proxy=f"http://{CLOSED}", without="localhost")
    assert machine.of(*places) == ["ok", "ok"]
    machine.docker_says()
    script, registry = machine.of(*places, https_proxy=f"http://{CLOSED}")
    assert registry == "ok"
    assert script.startswith("Failed to connect to 127.0.0.1 port 9")


def test_a_machine_is_asked_by_the_way_that_it_will_have(machine: Machine) -> None:
    """Where its Docker has none yet; a host that is asked straight is asked so by both."""
    places = (f"{machine.far}/base_2.30.0.sh", f"{machine.far}/v2/", DOCKER_HUB)
    text = f"{text_of('https.sh')}\ntell_of {' '.join(places)}"

    def told(**way: str) -> list[str]:
        said = dict(line.split("=", 1) for line in machine.run("/bin/bash", text, **way))
        return [said[place] for place in places]

    closed = "Failed to connect to 127.0.0.1 port 9"
    by_proxy = told(PROXY=f"http://me:hidden@{CLOSED}")
    assert [answer.startswith(closed) for answer in by_proxy] == [True] * 3
    straight = told(PROXY=f"http://{CLOSED}", STRAIGHT="localhost", MIRROR=machine.far)
    assert straight == ["ok"] * 3


async def wants_a_login(_: Request) -> Response:
    return Response(407)


def test_a_proxy_whose_login_docker_keeps_to_itself_is_no_fault(machine: Machine) -> None:
    with serving(wants_a_login) as proxy:
        machine.docker_says(proxy=proxy.replace("//", "//xxxxx:xxxxx@"))
        assert machine.of(f"{machine.far}/v2/") == ["ok"]


def test_a_mirror_will_do_for_docker_hub(machine: Machine) -> None:
    machine.docker_says(proxy=f"http://{CLOSED}", without="localhost")
    assert machine.of(DOCKER_HUB) != ["ok"]
    mirrors = f"https://{CLOSED}/ {machine.far}/"
    machine.docker_says(proxy=f"http://{CLOSED}", without="localhost", mirrors=mirrors)
    assert machine.of(DOCKER_HUB, f"https://{CLOSED}/v2/")[0] == "ok"
    assert machine.of(f"https://{CLOSED}/v2/") != ["ok"]

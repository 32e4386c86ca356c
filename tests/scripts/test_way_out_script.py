"""A machine's way out: Docker isn't restarted under calls, and nothing of an owner's goes."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from subprocess import CompletedProcess

import pytest

from components.remote import text_of
from tests.scripts.existing_host import FOUND, ExistingHost, existing_host

PROXY = "http://me:hidden@proxy.example.io:3128"
SHOWN = "http://xxxxx:xxxxx@proxy.example.io:3128"
"""As Docker shows it."""
BY_PROXY = {"PROXY": PROXY, "STRAIGHT": "localhost,10.5.0.0/24"}
MIRROR = {"MIRROR": "https://mirror.example.io"}
LOGIN = {
    "LOGIN_AT": "https://index.docker.io/v1/",
    "LOGIN": base64.b64encode(b"me:hidden").decode(),
}
WAY_OUT = "var/lib/openvidu-way-out"
DROP_IN = "etc/systemd/system/docker.service.d/openvidu-way-out.conf"
DAEMON = "var/lib/etc-docker/daemon.json"
"""Where these hosts have /etc/docker/daemon.json, as not each computer has such a folder."""
RUNNING = "/opt/openvidu/docker-compose.yml"
RESTART, RELOAD = "systemctl restart docker", "systemctl reload docker"


@pytest.fixture
def host(tmp_path: Path) -> ExistingHost:
    made = existing_host(tmp_path)
    made.knows("download", "x")
    made.knows("sources", "docker.io 28.2.2", "docker-compose-v2 2.24.6")
    return made


@pytest.fixture
def with_docker(host: ExistingHost) -> ExistingHost:
    host.knows("installed", "docker.io 28.2.2", "docker-compose-v2 2.24.6")
    host.path("/bin/docker").symlink_to("docker-stand-in")
    return host


def run(host: ExistingHost, script: str, **fields: str) -> CompletedProcess[str]:
    text = text_of(script).replace("/etc/docker/", "/var/lib/etc-docker/")
    lines = "".join(f"{name}={value}\n" for name, value in fields.items())
    done = host.shell(text, f"{lines}\n")
    assert "hidden" not in done.stdout + done.stderr
    assert LOGIN["LOGIN"] not in done.stdout + done.stderr
    return done


def install(host: ExistingHost, **way_out: str) -> str:
    done = refused(host, **way_out)
    assert done.returncode == 0, done.stderr
    return done.stdout


def refused(host: ExistingHost, **way_out: str) -> CompletedProcess[str]:
    fields = {"INSTALL": "true", "COMPOSE_URL": "https://x", "COMPOSE_SHA256": "0"}
    return run(host, "install-docker.sh", **fields, FOLDER="/opt/openvidu", **way_out)


def written(host: ExistingHost) -> list[str]:
    """The files that aren't the stand-ins'."""
    places = (host.path("etc"), host.path("var"))
    found = (file for place in places for file in place.rglob("*") if not file.is_dir())
    return sorted(str(file.relative_to(host.root)) for file in found)


def test_without_a_key_nothing_is_written(with_docker: ExistingHost) -> None:
    install(with_docker)
    assert written(with_docker) == []


def test_docker_has_the_proxy_before_it_starts_for_the_first_time(host: ExistingHost) -> None:
    host.program("apt-get", f"[[ $1 == update ]] || cat /{DROP_IN} >$W/seen\n{_apt_get(host)}")
    install(host, **BY_PROXY)
    assert host.known("seen") == ["[Service]", f"EnvironmentFile=-/{WAY_OUT}/docker-proxy"]
    assert host.path(f"{WAY_OUT}/docker-proxy").read_text().splitlines() == [
        f"HTTP_PROXY={PROXY}",
        f"HTTPS_PROXY={PROXY}",
        "NO_PROXY=localhost,10.5.0.0/24",
    ]
    assert RESTART not in host.known("did")
    assert f"apt-get --yes --quiet update by {PROXY}" in host.known("did")
    for file in host.path(WAY_OUT).iterdir():
        assert file.stat().st_mode & 0o777 == 0o600, file
    assert host.path(WAY_OUT).stat().st_mode & 0o777 == 0o700


def test_a_docker_without_containers_is_restarted_once(with_docker: ExistingHost) -> None:
    install(with_docker, **BY_PROXY)
    assert with_docker.known("did").count(RESTART) == 1
    with_docker.knows("docker-proxy", SHOWN)
    install(with_docker, **BY_PROXY)
    assert with_docker.known("did").count(RESTART) == 1


def test_no_docker_is_restarted_under_calls(with_docker: ExistingHost) -> None:
    """Nor is anything else refused: what runs goes on, and the next start has the proxy."""
    with_docker.has(RUNNING)
    with_docker.knows("running", "0123456789ab")
    said = install(with_docker, **BY_PROXY)
    assert "goes by the noted proxy from its next start on: containers run" in said
    assert "goes by no proxy from its next start on" in install(with_docker)
    assert RESTART not in with_docker.known("did")
    assert written(with_docker) == []


def test_a_docker_that_does_not_answer_is_not_restarted(with_docker: ExistingHost) -> None:
    with_docker.has(RUNNING)
    (with_docker.world / "silent").touch()
    refused(with_docker, **BY_PROXY)
    assert RESTART not in with_docker.known("did")


def test_an_owners_containers_are_not_ended_for_a_proxy(with_docker: ExistingHost) -> None:
    with_docker.knows("running", "0123456789ab")
    done = refused(with_docker, **BY_PROXY)
    assert done.returncode == 1
    assert "it was\nleft alone" in done.stderr
    assert "sudo systemctl restart docker (there). Then: pulumi up" in done.stderr
    assert written(with_docker) == []


def test_a_proxy_that_an_owner_gave_docker_stays(with_docker: ExistingHost) -> None:
    with_docker.knows("docker-proxy", "http://other.example.io:8080")
    assert "Docker has a proxy of its own" in install(with_docker, **BY_PROXY)
    assert written(with_docker) == [f"{WAY_OUT}/proxy"]
    assert RESTART not in with_docker.known("did")


def test_a_mirror_is_taken_while_containers_run(with_docker: ExistingHost) -> None:
    with_docker.has(RUNNING)
    with_docker.knows("running", "0123456789ab")
    install(with_docker, **MIRROR)
    assert mirrors(with_docker) == ["https://mirror.example.io"]
    install(with_docker, **MIRROR)
    assert with_docker.known("did") == [RELOAD]
    install(with_docker, MIRROR="https://other.example.io")
    assert mirrors(with_docker) == ["https://other.example.io"]
    install(with_docker)
    assert with_docker.known("did") == [RELOAD] * 3
    assert written(with_docker) == []


def mirrors(host: ExistingHost) -> list[str]:
    found: list[str] = json.loads(host.path(DAEMON).read_text())["registry-mirrors"]
    return found


@pytest.mark.parametrize("text", ['{"log-driver": "local"}', ""])
def test_an_owners_daemon_json_is_not_changed(with_docker: ExistingHost, text: str) -> None:
    with_docker.has(DAEMON, text)
    done = refused(with_docker, **MIRROR)
    assert done.returncode == 1
    assert 'Add "registry-mirrors": ["https://mirror.example.io"] there' in done.stderr
    assert written(with_docker) == [DAEMON]
    assert with_docker.path(DAEMON).read_text() == text


def test_an_owners_daemon_json_that_names_the_mirror_will_do(with_docker: ExistingHost) -> None:
    text = '{"registry-mirrors": ["https://mirror.example.io/"]}'
    with_docker.has(DAEMON, text)
    install(with_docker, **MIRROR)
    install(with_docker)
    assert with_docker.path(DAEMON).read_text() == text
    assert with_docker.known("did") == []


def test_a_daemon_json_that_was_edited_since_is_its_editors(with_docker: ExistingHost) -> None:
    install(with_docker, **MIRROR)
    text = '{"registry-mirrors": ["https://mirror.example.io"], "debug": true}'
    with_docker.path(DAEMON).write_text(text)
    install(with_docker)
    assert written(with_docker) == [DAEMON]
    assert with_docker.path(DAEMON).read_text() == text


def test_a_login_is_in_a_file_for_root_alone(with_docker: ExistingHost) -> None:
    install(with_docker, **LOGIN)
    file = with_docker.path(f"{WAY_OUT}/docker/config.json")
    assert json.loads(file.read_text()) == {"auths": {LOGIN["LOGIN_AT"]: {"auth": LOGIN["LOGIN"]}}}
    assert file.stat().st_mode & 0o777 == 0o600
    assert file.parent.stat().st_mode & 0o777 == 0o700
    install(with_docker)
    assert written(with_docker) == []


def test_pulls_have_the_login_and_no_other_command_of_the_machine(
    with_docker: ExistingHost,
) -> None:
    used = f"{text_of('containers.sh')}\necho ${{DOCKER_CONFIG:-none}}"
    assert with_docker.shell(used).stdout == "none\n"
    install(with_docker, **LOGIN)
    assert with_docker.shell(used).stdout == f"/{WAY_OUT}/docker\n"


@pytest.mark.parametrize("own", [{}, {"https_proxy": "http://own.example.io"}])
def test_downloads_go_by_the_proxy_and_nothing_else(
    with_docker: ExistingHost, own: dict[str, str]
) -> None:
    install(with_docker, **BY_PROXY)
    inside = f"{text_of('download.sh')}\nget https://x /dev/null 5; echo ${{https_proxy:-none}}"
    done = with_docker.shell(inside, **own)
    assert with_docker.known("did")[-1] == f"curl by {PROXY}, but localhost,10.5.0.0/24"
    assert done.stdout == f"{own.get('https_proxy', 'none')}\n"


def test_without_the_key_downloads_go_as_the_machine_has_it(host: ExistingHost) -> None:
    inside = f"{text_of('download.sh')}\nget https://x /dev/null 5"
    host.shell(inside, https_proxy="http://own.example.io")
    assert host.known("did") == ["curl by http://own.example.io, but nobody"]


def test_a_host_that_is_released_has_nothing_of_it(with_docker: ExistingHost) -> None:
    with_docker.path(FOUND).mkdir()
    with_docker.has(f"{FOUND}/folders")
    with_docker.has(f"{FOUND}/docker")
    install(with_docker, **BY_PROXY, **MIRROR, **LOGIN)
    done = run(with_docker, "release-host.sh", FOLDER="/opt/openvidu", COMMAND="openvidu")
    assert done.returncode == 0, done.stderr
    assert written(with_docker) == []
    assert with_docker.known("did")[-2:] == [RESTART, RELOAD]


@pytest.mark.parametrize(
    ("daemon", "running", "told"),
    [("{}", "", "mirror"), (None, "0123456789ab", "restart"), (None, "", "")],
)
def test_what_is_in_the_way_is_told_before_anything_changes(
    with_docker: ExistingHost, daemon: str | None, running: str, told: str
) -> None:
    if daemon:
        with_docker.has(DAEMON, daemon)
    with_docker.knows("running", *running.split())
    with_docker.program("free", "echo 'Mem: 15900 1 2'")
    before = written(with_docker)
    fields = {"ADDRESS": "10.5.0.6", "FOLDER": "/opt/openvidu"}
    done = run(with_docker, "inspect-host.sh", **fields, **BY_PROXY, **MIRROR)
    assert f"hindrance={told}\n" in done.stdout
    assert written(with_docker) == before


def test_a_machine_without_docker_downloads_by_the_proxy_too(host: ExistingHost) -> None:
    note = f"{text_of('put-way-out.sh')}\nnote_proxy"
    for proxy, noted in (("http://a.example.io", "a"), ("http://b.example.io", "b"), ("", "")):
        assert host.shell(f"PROXY={proxy}\n{note}").returncode == 0
        host.shell(f"{text_of('download.sh')}\nget https://x /dev/null 5")
        by = f"http://{noted}.example.io" if noted else "no proxy"
        assert host.known("did")[-1] == f"curl by {by}, but nobody"
    assert written(host) == []


def _apt_get(host: ExistingHost) -> str:
    return (host.root / "bin" / "apt-get").read_text().split("\n", 2)[2]

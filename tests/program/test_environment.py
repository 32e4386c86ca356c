"""`.env`: what is written is what every reader reads, and nothing else is written."""

from __future__ import annotations

import json
import re
import subprocess
import time
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from components.endpoints import of_base
from components.env_files import base_env, master_env, node_env
from components.installation import env_file
from components.remote import with_text
from components.settings.read import read
from components.settings.table import Settings
from lab.openvidu.docker.interpolation import read_env_file
from membership.clock import Clock
from membership.lock import load_balancer_lock
from openvidu import environment
from openvidu.deployment import deployment
from openvidu.options import options
from openvidu.release import LATEST, VERSIONS
from tests.program.conftest import SECRETS
from tests.small_disk import fill, small_disk

ROOT = Path(__file__).parents[2]
NODE_EXAMPLE = """\
DOMAIN_OR_PUBLIC_IP=openvidu.example.io
OPENVIDU_PRO_LICENSE=license-of-openvidu
OPENVIDU_SECRET=secret-of-openvidu
OPENVIDU_ENTERPRISE_MEDIA_SERVER=mediasoup
HTTPS_PORT=443
OPENVIDU_ENTERPRISE_HA_NODE_PRIVATE_IP=10.5.0.6
OPENVIDU_ENTERPRISE_HA_REDIS_HOST=10.5.0.5
OPENVIDU_ENTERPRISE_HA_REDIS_PORT=6379
OPENVIDU_ENTERPRISE_HA_REDIS_PASSWORD=secret-of-redis
OPENVIDU_ENTERPRISE_HA_S3_CONFIG_SERVICE_ENDPOINT=http://10.5.0.5:9000
OPENVIDU_ENTERPRISE_HA_S3_CONFIG_BUCKET=openvidu-enterprise
OPENVIDU_ENTERPRISE_HA_S3_CONFIG_ACCESS_KEY=minioadmin
OPENVIDU_ENTERPRISE_HA_S3_CONFIG_SECRET_KEY=secret-of-s3
OPENVIDU_PRO_ELASTICSEARCH_HOST=http://10.5.0.5:9200
OPENVIDU_PRO_KIBANA_HOST=http://10.5.0.5:5601
ELASTICSEARCH_USERNAME=elasticadmin
ELASTICSEARCH_PASSWORD=secret-of-elasticsearch
"""


@pytest.mark.parametrize("version", [*VERSIONS, LATEST, "2.33.0"])
@pytest.mark.parametrize("role", ["base", "node", "master"])
def test_nothing_that_a_compose_file_uses_is_empty(
    settings: Settings, role: str, version: str
) -> None:
    wanted = replace(settings, openvidu_version=version, letsencrypt_email="me@example.io")
    text = {
        "base": lambda: base_env(wanted, "openvidu.example.io"),
        "node": lambda: node_env(wanted, 1, of_base(wanted, "openvidu.example.io")),
        "master": lambda: master_env(wanted, "openvidu.example.io"),
    }[role]()
    values, its = environment.parse(text), deployment(role, version)
    assert its.needs
    assert [name for name in its.needs if not values.get(name)] == []
    assert set(its.template) <= set(values)


def test_what_nobody_configures_is_as_in_openvidus_own_file(settings: Settings) -> None:
    values = environment.parse(node_env(settings, 1, of_base(settings, "openvidu.example.io")))
    assert values["OPENVIDU_RECORDING_CUSTOM_LAYOUT"] == "/opt/openvidu/custom-layout"
    assert values["OPENVIDU_SESSIONS_GARBAGE_THRESHOLD"] == "3600"


@pytest.mark.parametrize(("version", "relay"), [("2.31.0", None), ("2.32.0", "true")])
def test_a_version_has_what_came_with_it(
    settings: Settings, version: str, relay: str | None
) -> None:
    text = master_env(replace(settings, openvidu_version=version), "openvidu.example.io")
    assert environment.parse(text).get("COTURN_INTERNAL_RELAY") == relay


def test_a_node_has_every_line_of_the_documented_example(settings: Settings) -> None:
    lines = node_env(settings, 1, of_base(settings, "openvidu.example.io")).splitlines()
    assert set(NODE_EXAMPLE.splitlines()) <= set(lines)


def test_nodes_differ_in_their_private_address_only(settings: Settings) -> None:
    first, second = (
        node_env(settings, number, of_base(settings, "x.example.io")).splitlines()
        for number in (1, 2)
    )
    different = [pair for pair in zip(first, second, strict=True) if pair[0] != pair[1]]
    assert different == [
        (f"{environment.NODE_PRIVATE_IP}=10.5.0.6", f"{environment.NODE_PRIVATE_IP}=10.5.0.7")
    ]


def test_recordings_go_where_extra_keys_say(settings: Settings) -> None:
    elsewhere = {"OPENVIDU_PRO_AWS_S3_BUCKET": "recordings", "OPENVIDU_PRO_AWS_SECRET_KEY": "a/b+c"}
    changed = replace(settings, recording=True, extra_env=tuple(elsewhere.items()))
    found = environment.parse(node_env(changed, 1, of_base(changed, "x.example.io")))
    assert {name: found[name] for name in elsewhere} == elsewhere
    assert found[environment.S3_BUCKET] == "openvidu-enterprise"


def test_the_base_has_every_required_key(settings: Settings) -> None:
    values = environment.parse(base_env(settings, "openvidu.example.io"))
    assert all(values[key] for key in environment.BASE_REQUIRED)


@pytest.mark.parametrize(
    ("login", "shown"),
    [
        ({"turnStaticAuthSecret": "shared="}, "staticAuthSecret=shared="),
        ({"turnUsername": "me", "turnCredential": "pass"}, "username=me,credential=pass"),
    ],
)
def test_a_turn_server_is_written_as_documented(
    config: dict[str, str], login: dict[str, str], shown: str
) -> None:
    settings = read({**config, "turnServer": "turns:turn.example.io:443", **login}, SECRETS)
    text = node_env(settings, 1, of_base(settings, "openvidu.example.io"))
    assert f'OPENVIDU_WEBRTC_ICE_SERVERS=["url=turns:turn.example.io:443,{shown}"]\n' in text
    assert "shared" not in repr(settings)


def test_webhooks_are_written_as_documented(config: dict[str, str]) -> None:
    config |= {
        "webhookEndpoint": "https://app.example.io/events",
        "webhookEvents": '["sessionCreated", "HANodeRegistered"]',
        "webhookHeaders": '["Authorization: Basic bmFtZTpwYXNzMQ=="]',
    }
    settings = read(config, SECRETS)
    lines = node_env(settings, 1, of_base(settings, "openvidu.example.io")).splitlines()
    assert "OPENVIDU_WEBHOOK_EVENTS=[sessionCreated,HANodeRegistered]" in lines
    assert 'OPENVIDU_WEBHOOK_HEADERS=["Authorization: Basic bmFtZTpwYXNzMQ=="]' in lines


def test_the_bases_own_settings_reach_its_compose_file(config: dict[str, str]) -> None:
    further = {"HTTPS_HSTS": "max-age=1; preload", "ES_JAVA_OPTS": "-Xms4g -Dlog4j2.x=y"}
    config |= {
        "httpPort": "8080",
        "dashboardCidrs": '["203.0.113.0/24", "2001:db8::/32"]',
        "baseExtraEnv": json.dumps(further),
    }
    values = read_env_file(base_env(read(config, SECRETS), "openvidu.example.io"), {})
    wanted = {
        **further,
        "HTTP_PORT": "8080",
        "ALLOWED_ACCESS_TO_DASHBOARD": "203.0.113.0/24,2001:db8::/32",
    }
    assert {name: values.get(name) for name in wanted} == wanted
    assert "ALLOWED_ACCESS_TO_RESTAPI" not in values


@pytest.mark.parametrize("version", VERSIONS)
def test_what_can_be_set_is_what_the_bases_files_take(version: str) -> None:
    files = deployment("base", version).compose.values()
    text = str([file.services for file in files])
    assert [name for name in options("base", version) if f"${{{name}:-" not in text] == []


ELSEWHERE = {
    "HTTP_PORT": "httpPort",
    "HTTPS_PORT": "httpsPort",
    "ALLOWED_ACCESS_TO_DASHBOARD": "dashboardCidrs",
    "ALLOWED_ACCESS_TO_RESTAPI": "apiCidrs",
}
"""What is set by a key of the configuration."""
FIXED = {"OPENVIDU_ENTERPRISE_HA_REDIS_PORT", "OPENVIDU_RECORDING_CUSTOM_LAYOUT"}
"""What is as on the page: nodes are told where Redis is, and a base has no layouts."""


@pytest.mark.parametrize("version", VERSIONS)
def test_what_the_bases_files_take_can_be_set(version: str) -> None:
    text = str([file.services for file in deployment("base", version).compose.values()])
    taken = set(re.findall(r"\$\{(\w+):-", text))
    assert taken - {*options("base", version), *FIXED} == set(ELSEWHERE)
    schema = (ROOT / "Pulumi.yaml").read_text()
    assert [key for key in ELSEWHERE.values() if f"  {key}:\n" not in schema] == []


NODES_OWN = {
    "OPENVIDU_PRO_SPEECH_TO_TEXT": "vosk",
    "OPENVIDU_PRO_SPEECH_TO_TEXT_IMAGE": "openvidu/speech-to-text-service-vosk:2.30.0",
    "OPENVIDU_PRO_SPEECH_TO_TEXT_AZURE_KEY": "key",
    "OPENVIDU_PRO_SPEECH_TO_TEXT_AZURE_REGION": "westeurope",
    "OPENVIDU_PRO_DOCKER_REGISTRIES": '["serveraddress=a.io,username=me,password=b=c"]',
    "KMS_IMAGE": "kurento/kurento-media-server:7.1.1",
    "KMS_DOCKER_ENV_GST_DEBUG": "2,Kurento*:4",
}


@pytest.mark.parametrize(("name", "value"), NODES_OWN.items())
def test_a_nodes_further_keys_can_be_set(config: dict[str, str], name: str, value: str) -> None:
    """They are in the `.env` of a node or a master, commented out; a value may hold `=`."""
    config["extraEnv"] = json.dumps({name: value})
    settings = read(config, {*SECRETS, "extraEnv"})
    text = node_env(settings, 1, of_base(settings, "openvidu.example.io"))
    assert read_env_file(text, {})[name] == value
    known = [deployment(role, settings.openvidu_version).further for role in ("node", "master")]
    assert any(name in further for further in known)


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("role", ["node", "master"])
def test_events_that_are_sent_can_be_chosen(
    config: dict[str, str], role: str, version: str
) -> None:
    by_default = deployment(role, version).template["OPENVIDU_WEBHOOK_EVENTS"].strip("[]")
    assert by_default.endswith("broadcastStarted,broadcastStopped") is (role == "master")
    events = [*by_default.split(","), "broadcastStarted", "broadcastStopped"]
    config |= {"webhookEndpoint": "https://app.example.io/", "webhookEvents": json.dumps(events)}
    assert list(read(config, SECRETS).webhook_events) == events


@given(st.text())
def test_any_value_is_refused_or_reads_back(text: str) -> None:
    try:
        rendered = environment.render({"KEY": text}, header="x")
    except environment.UnwritableValueError:
        return
    assert environment.parse(rendered) == {"KEY": text}
    assert rendered.count("\n") == 2


@given(st.text())
@example("it's")
@example('a"b')
@example("a #b")
@example("${HOME}")
def test_docker_compose_reads_what_was_written(text: str) -> None:
    # As for images in a Compose file: its values go before those of the file.
    try:
        rendered = environment.render({"KEY": text, "HOME": "other"}, header="x")
    except environment.UnwritableValueError:
        return
    assert read_env_file(rendered, {"HOME": "/root"})["KEY"] == text


@given(st.text(st.characters(codec="ascii"), max_size=8))
def test_shell_and_python_read_the_same(text: str) -> None:
    if not environment.is_writable(text):
        return
    rendered = environment.render({"KEY": text}, header="x")
    # The way OpenVidu's own scripts read a value.
    found = subprocess.run(
        ["bash", "-c", "grep -v '^#' | grep KEY | cut -d '=' -f2"],
        input=rendered,
        capture_output=True,
        text=True,
        check=True,
    )
    assert found.stdout == f"{text}\n"


@pytest.mark.parametrize(
    ("before", "ips", "after"),
    [
        ("127.0.0.1", {"10.5.0.6"}, "10.5.0.6"),
        ("10.5.0.6", {"10.5.0.10", "10.5.0.9"}, "10.5.0.9,10.5.0.10"),
        ("10.5.0.6", set(), "127.0.0.1"),
    ],
)
def test_the_list_of_nodes_is_never_empty(before: str, ips: set[str], after: str) -> None:
    text = f"A=1\n{environment.NODE_IPS}={before}\nB=2\n"
    changed = environment.with_value(text, environment.NODE_IPS, environment.node_ips_value(ips))
    assert changed == f"A=1\n{environment.NODE_IPS}={after}\nB=2\n"
    assert set(environment.node_ips(changed)) == ips


SCRIPT = Path("machine/put-env.sh").read_text()
OLD = "A=1\nB=1\n"
NEW = "A=2\nB=2\n"


def put(folder: Path, text: str) -> subprocess.CompletedProcess[str]:
    """Run the script with what the program sends it."""
    stdin = env_file(str(folder), environment.NODE_IPS, text)
    return subprocess.run(
        ["bash", "-c", SCRIPT], input=stdin, text=True, capture_output=True, check=False
    )


def test_put_env_writes_0600_and_keeps_the_list_of_nodes(tmp_path: Path) -> None:
    put(tmp_path, f"A=1\n{environment.NODE_IPS}=127.0.0.1\n")
    target = tmp_path / ".env"
    assert target.stat().st_mode & 0o777 == 0o600
    target.write_text(f"A=1\n{environment.NODE_IPS}=10.5.0.6\n")
    put(tmp_path, f"A=2\n{environment.NODE_IPS}=127.0.0.1\n")
    assert target.read_text() == f"A=2\n{environment.NODE_IPS}=10.5.0.6\n"


def test_put_env_says_who_edits_the_list_where_that_does_not_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(tmp_path, OLD)
    monkeypatch.setattr("tests.program.test_environment.SCRIPT", SCRIPT.replace("300", "0.1"))
    edit = load_balancer_lock(
        tmp_path / ".env.lock", purpose="node-1 joins", say=print, clock=Clock()
    )
    with edit:
        failed = put(tmp_path, NEW)
    assert failed.returncode == 1
    assert "list is locked by node-1 joins (" in failed.stderr
    assert failed.stderr.endswith("Run: pulumi up\n")
    assert (tmp_path / ".env").read_text() == OLD
    assert put(tmp_path, NEW).returncode == 0


def test_what_is_there_is_not_written_again(tmp_path: Path) -> None:
    put(tmp_path, OLD)
    before = (tmp_path / ".env").stat()
    said = put(tmp_path, OLD).stdout
    assert said == put(tmp_path, OLD).stdout == ".env is as it should be.\n"
    after = (tmp_path / ".env").stat()
    assert (after.st_ino, after.st_mtime_ns) == (before.st_ino, before.st_mtime_ns)


@pytest.mark.parametrize("sent", range(0, len(NEW), 3))
@pytest.mark.parametrize("how", ["cut", "killed"])
def test_a_write_that_ends_in_the_middle_leaves_the_old_file(
    tmp_path: Path, sent: int, how: str
) -> None:
    put(tmp_path, OLD)
    whole = env_file(str(tmp_path), "", NEW)
    process = subprocess.Popen(["bash", "-c", SCRIPT], stdin=subprocess.PIPE, text=True)
    assert process.stdin
    process.stdin.write(whole[: len(whole) - len(NEW) + sent])
    process.stdin.flush()
    while not list(tmp_path.glob(".env.??????")):
        time.sleep(0.01)
    if how == "killed":
        process.kill()
    process.stdin.close()
    assert process.wait() != 0
    assert (tmp_path / ".env").read_text() == OLD
    assert put(tmp_path, NEW).returncode == 0
    assert (tmp_path / ".env").read_text() == NEW


@pytest.mark.parametrize("sent", range(1, 40, 6))
def test_without_the_end_of_its_values_it_does_nothing(tmp_path: Path, sent: int) -> None:
    put(tmp_path, OLD)
    whole = env_file(str(tmp_path), "", NEW).removesuffix("\n" + NEW)
    cut = subprocess.run(
        ["bash", "-c", SCRIPT], input=whole[:-sent], text=True, capture_output=True, check=False
    )
    assert cut.returncode != 0
    assert (tmp_path / ".env").read_text() == OLD


def test_a_full_disk_leaves_the_old_file(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk") as disk:
        put(disk, OLD)
        fill(disk)
        failed = put(disk, NEW)
        assert failed.returncode != 0
        assert "No space left on device" in failed.stderr
        assert (disk / ".env").read_text() == OLD
        assert {one.name for one in disk.iterdir()} == {".env", ".env.lock", "ballast"}


def test_what_the_stack_wants_comes_over_whole_or_not_at_all(tmp_path: Path) -> None:
    script = Path("machine/put-membership-file.sh").read_text()
    script = script.replace("/var/lib/openvidu-membership", str(tmp_path / "there"))

    def put_file(stdin: str) -> int:
        return subprocess.run(
            ["bash", "-c", script], input=stdin, text=True, check=False
        ).returncode

    previous = tmp_path / "there" / "drain-policy"
    assert put_file(with_text({"FILE": "drain-policy"}, OLD)) == 0
    for cut in range(1, len(NEW) + 1):
        assert put_file(with_text({"FILE": "drain-policy"}, NEW)[:-cut]) != 0
    assert previous.read_text() == OLD
    assert list(previous.parent.iterdir()) == [previous]
    assert put_file(with_text({"FILE": "drain-policy"}, NEW)) == 0
    assert previous.read_text() == NEW

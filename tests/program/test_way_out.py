"""The keys of a way out: what they take, what machines are told, and when nodes pull images."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import replace

import pytest

from components.existing import suitability
from components.previous_state import Attempt, PreviousState, from_outputs
from components.settings.mistakes import ConfigurationError
from components.settings.read import read
from components.settings.table import Settings
from components.update_plan import pull_waits
from openvidu.downloads import downloads
from openvidu.release import NODE
from tests.program.conftest import SECRETS
from tests.program.test_cluster import Recorder, deploy
from tests.program.test_existing import FITS, host
from tests.program.test_existing import configured as with_hosts

PROXY = "http://proxy.example.io:3128"
WITH_LOGIN = "http://me:hidden-1@proxy.example.io:3128"
LOGIN = {"dockerRegistryUser": "me", "dockerRegistryPassword": "hidden-2"}
ALL = {
    "httpProxy": WITH_LOGIN,
    "noProxy": '[".example.io"]',
    "dockerRegistry": "https://mirror.example.io",
    **LOGIN,
}


def refused(config: Mapping[str, str], **changes: str) -> dict[str, str]:
    """Problem and command of each mistake, by key."""
    with pytest.raises(ConfigurationError) as error:
        read({**config, **changes}, SECRETS)
    assert "hidden" not in str(error.value)
    return {one.key: f"{one.problem}: {one.command}" for one in error.value.mistakes}


def told(recorder: Recorder, name: str) -> dict[str, str]:
    """The values that a machine's script gets."""
    given = recorder.of_type("command:remote:Command")[name]["stdin"]
    # A secret comes with its mark.
    text = given["value"] if isinstance(given, dict) else given
    lines = text.rpartition("\nexit\n}\n")[2].splitlines()
    return dict(line.split("=", 1) for line in lines if line)


@pytest.mark.parametrize(
    ("changes", "key", "problem"),
    [
        ({"httpProxy": "proxy.example.io:3128"}, "httpProxy", "must be http:// or https://"),
        (
            {"httpProxy": "http://proxy.example.io:99999"},
            "httpProxy",
            "must be http:// or https://",
        ),
        ({"httpProxy": 'http://proxy/a"b'}, "httpProxy", "must be http:// or https://"),
        (
            {"httpProxy": WITH_LOGIN},
            "httpProxy",
            "in plain text: pulumi config set --secret httpProxy",
        ),
        ({"noProxy": '["*"]', "httpProxy": PROXY}, "noProxy", "must be a host, .DOMAIN"),
        (
            {"noProxy": '[".example.io"]'},
            "noProxy",
            "without httpProxy, which isn't set: pulumi config rm noProxy",
        ),
        ({"installScriptUrl": "http://mirror.example.io"}, "installScriptUrl", "with https://"),
        ({"dockerRegistry": "http://mirror.example.io"}, "dockerRegistry", "of Docker Hub"),
        ({"dockerRegistry": "docker.io"}, "dockerRegistryUser", "is missing"),
        (
            LOGIN,
            "dockerRegistry",
            "though its login is set: pulumi config set dockerRegistry docker.io",
        ),
        (
            {"dockerRegistry": "https://m.example.io", "dockerRegistryUser": "me"},
            "dockerRegistryPassword",
            "needs both: pulumi config set --secret dockerRegistryPassword",
        ),
    ],
)
def test_what_a_way_out_takes_is_told(
    config: dict[str, str], changes: dict[str, str], key: str, problem: str
) -> None:
    found = refused(config, **changes)
    assert problem in found[key]


@pytest.mark.parametrize("proxy", [f"{PROXY}/", "https://10.0.0.1", "http://proxy:3128"])
def test_proxies_of_each_form_are_taken(config: dict[str, str], proxy: str) -> None:
    assert read({**config, "httpProxy": proxy}, SECRETS).http_proxy == proxy.rstrip("/")


def test_machines_are_told_and_nobody_else(
    config: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    secrets = (*SECRETS, "httpProxy")
    assert "hidden" not in repr(read({**config, **ALL}, secrets))
    monkeypatch.setattr("tests.program.test_cluster.SECRETS", secrets)
    recorder = deploy({**config, **ALL})
    for name in ("base-docker", "node-1-docker"):
        values = told(recorder, name)
        assert values["PROXY"] == WITH_LOGIN
        assert values["STRAIGHT"].split(",")[-2:] == ["10.5.0.0/24", ".example.io"]
        assert values["MIRROR"] == "https://mirror.example.io"
        assert values["LOGIN_AT"] == "https://index.docker.io/v1/"
        assert base64.b64decode(values["LOGIN"]) == b"me:hidden-2"
    for one in recorder.registered:
        if not one.name.endswith("-docker"):
            assert "hidden" not in str(one.inputs), one.name


def test_a_registry_that_is_no_mirror_is_for_its_login_alone(config: dict[str, str]) -> None:
    for registry, kept_as in (
        ("docker.io", "https://index.docker.io/v1/"),
        ("registry.example.io:5000", "registry.example.io:5000"),
    ):
        values = told(deploy({**config, **LOGIN, "dockerRegistry": registry}), "node-1-docker")
        assert (values["LOGIN_AT"], "MIRROR" in values) == (kept_as, False)


def test_install_scripts_come_from_their_mirror(config: dict[str, str]) -> None:
    mirror = "https://mirror.example.io/openvidu"
    recorder = deploy({**config, "installScriptUrl": f"{mirror}/"})
    for name in ("base-install", "node-1-install", "node-script"):
        url = told(recorder, name)["URL"]
        assert url.startswith(f"{mirror}/install_o")
    assert downloads(NODE, "2.30.0", mirror)[0].host == "mirror.example.io"


def test_several_new_nodes_pull_one_after_the_other_and_one_at_once(settings: Settings) -> None:
    many = replace(settings, node_count=20)
    waits = [*pull_waits(many, PreviousState()).values()]
    assert waits[:4] == [0, 2, 4, 6]
    assert waits[15:] == [30] * 5
    previous = replace(
        PreviousState(), tried={f"node-{n}": Attempt("2.30.0", 1) for n in (1, 2)}, waits={2: 2}
    )
    assert pull_waits(replace(settings, node_count=3), previous) == {1: 0, 2: 2, 3: 0}


def test_what_a_node_has_waited_is_kept_in_the_state(config: dict[str, str]) -> None:
    """Another number would be another input, and the next update would install again."""
    first = deploy({**config, "nodeCount": "3"})
    urn = "urn:pulumi:dev::openvidu-enterprise::command:local:Command"
    noted = {
        f"{urn}::{one.name}": {"outputs": one.inputs}
        for one in first.registered
        if one.name.endswith("-upgrade")
    }
    assert from_outputs(noted).waits == {2: 2, 3: 4}
    again = Recorder()
    again.state = noted
    second = deploy({**config, "nodeCount": "3"}, recorder=again)
    for number in (1, 2, 3):
        name = f"node-{number}-install"
        assert told(second, name) == told(first, name)


@pytest.mark.parametrize(
    ("hindrance", "command"),
    [("mirror", "sudo systemctl reload docker"), ("restart", "sudo systemctl restart docker")],
)
def test_what_is_in_the_way_on_a_host_is_refused_with_what_to_type(
    hindrance: str, command: str
) -> None:
    wanted = read(with_hosts(host(0), host(1), host(2)), SECRETS)
    previous = replace(FITS, hindrance=hindrance)
    (mistake,) = suitability.mistakes("node-1", wanted.hosts[1], previous, wanted)
    assert mistake.command == f"{command} (on that host), then: pulumi up"

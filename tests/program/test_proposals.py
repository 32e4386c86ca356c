"""What a message proposes leads on: whoever types it doesn't get the same message again.

And none that refuses what was typed, where something is deployed.
"""

from __future__ import annotations

import json
import shlex
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from components import machine_source, upgrade_path
from components.cluster_observation import Unseen
from components.existing.hosts import Host
from components.previous_state import Attempt, PreviousState
from components.settings.kept import another_kind
from components.settings.mistakes import ConfigurationError, Mistake
from components.settings.read import read
from components.settings.table import keys
from lab.engine.model import paths
from scripts.init_stack import make_ssh_key, missing_values
from tests.program.conftest import SECRETS, example
from tests.program.test_certificates import DOMAIN, OWN, configured
from tests.program.test_configuration import BAD
from tests.program.test_existing import configured as with_hosts
from tests.program.test_existing import host

TYPED = {
    **configured(example(), OWN),
    "webhookHeaders": "X-Api-Key: abc",
    "notify": "slack=https://hooks.slack.com/services/T0/B0/x",
    "turnStaticAuthSecret": "secret-of-turn",
    "turnCredential": "password-of-turn",
    "dockerRegistryPassword": "password-of-registry",
    "sshPublicKey": example()["sshPublicKey"],
    "sshPrivateKey": example()["sshPrivateKey"],
}
"""What is typed where a command asks, and the files that it reads."""
TURN = {"turnServer": "turn:turn.example.io:3478"}
ANOTHER_KEY = make_ssh_key()[0]
LISTS = (
    *("hosts", "mediaNodes", "notify", "retiredNodes", "sshCidrs"),
    *("webhookEvents", "webhookHeaders"),
)


def type_(config: dict[str, str], line: str) -> None:
    """Do to a configuration what a line of commands does."""
    for command in line.partition(", and so on")[0].split(" && "):
        match shlex.split(command):
            case ["uv", "run", "openvidu-enterprise", "init-stack"]:
                given = {key for key, text in config.items() if text}
                agent = config.get("sshAgent") == "true"
                config.update(missing_values(given, None, agent=agent))
            case ["uv", "run", "openvidu-enterprise", "host-keys"]:
                hosts = json.loads(config["hosts"])
                config["hosts"] = json.dumps(
                    [{**one, "hostKey": host(0)["hostKey"]} for one in hosts]
                )
            case ["pulumi", "config", verb, *rest]:
                place, *given = [word for word in rest if word not in ("--secret", "--path", "--")]
                key, *path = paths.parse(place) if "--path" in rest else [place]
                asked = not given or given[0].startswith(("$(", "<"))
                value = TYPED.get(key, "") if asked else given[0]
                change(config, key, path, value if verb == "set" else None)
            case words:
                raise AssertionError(words)


def change(config: dict[str, str], key: str, path: list[str | int], value: str | None) -> None:
    """Set a key, or what is at a path in it; None removes it."""
    if not path:
        config.pop(key, None)
        if value is not None:
            config[key] = value
        return
    found: Any = json.loads(config.get(key) or ("{}" if isinstance(path[0], str) else "[]"))
    inner = found
    for step in path[:-1]:
        if isinstance(inner, list) and step == len(inner):
            inner.append({})
        inner = inner[step]
    last: Any = path[-1]
    if value is None:
        inner.pop(last, None) if isinstance(inner, dict) else inner.pop(last)
    elif isinstance(inner, list):
        inner[last : last + 1] = [json.loads(value) if value.isdigit() else value]
    else:
        inner[last] = value
    config[key] = json.dumps(found)


def refused(
    config: dict[str, str], secrets: set[str], previous: PreviousState
) -> Sequence[Mistake]:
    """What the program refuses before it asks a machine."""
    try:
        settings = read(config, secrets, lambda: previous)
    except ConfigurationError as error:
        return error.mistakes
    kind = another_kind(settings, previous)
    return [
        *(kind or machine_source._another_network(settings, previous)),
        *upgrade_path.find_mistakes(settings, previous, Unseen("no way there")),
    ]


def leads_on(config: dict[str, str], previous: PreviousState | None = None, most: int = 9) -> None:
    """Type what is proposed until the configuration is taken; nothing is told twice.

    Args:
        config: where it begins.
        previous: what is deployed.
        most: how often something may be told.
    """
    told: set[tuple[str, str]] = set()
    secrets = {*SECRETS}
    for _ in range(most):
        for mistake in refused(config, secrets, previous or PreviousState()):
            assert (mistake.key, mistake.problem) not in told, mistake
            told.add((mistake.key, mistake.problem))
            type_(config, mistake.command.partition("\n")[0])
            secrets |= {mistake.key} if "--secret" in mistake.command else set()
    assert told
    assert not refused(config, secrets, previous or PreviousState())


@pytest.mark.parametrize(("key", "text"), BAD)
def test_what_is_proposed_for_a_bad_value_leads_on(key: str, text: str) -> None:
    leads_on({**example(), key: text})


@pytest.mark.parametrize("key", LISTS)
@pytest.mark.parametrize("text", ["x", "5", "{}"])
def test_what_is_proposed_for_no_list_leads_on(key: str, text: str) -> None:
    # An element can't be set in what is no list.
    with pytest.raises(ConfigurationError) as caught:
        read({**example(), key: text}, SECRETS)
    (mistake,) = caught.value.mistakes
    assert mistake.command.startswith(f"pulumi config rm {key}")


@pytest.mark.parametrize(
    "changes",
    [
        {"certificateType": "letsencrypt", "domainOrPublicIp": "203.0.113.5"},
        {"certificateType": "owncert"},
        {"certificateType": "acm"},
        {"nodeCount": "300"},
        {"nodeCount": "10", "subnetCidr": "10.5.0.0/28"},
        {"retiredNodes": "[2, 2, 400]"},
        {"turnUsername": "me"},
        TURN,
        {**TURN, "turnUsername": "me", "turnStaticAuthSecret": "secret-of-turn"},
        {**TURN, "turnCredential": "password", "turnStaticAuthSecret": "secret-of-turn"},
        {
            **TURN,
            "turnUsername": "me",
            "turnCredential": "password",
            "turnStaticAuthSecret": "secret-of-turn",
        },
        {"sshPublicKey": ANOTHER_KEY},
        {"shape": "ha-managed", "machines": "existing"},
        {"shape": "ha-managed", "machines": "existing", "hosts": json.dumps([host(0), host(1)])},
        {"shape": "ha-managed", "hosts": json.dumps([host(0), host(1)])},
        {"turnServer": "turn:turn.example.io:3478", "turnUsername": "me"},
        {"machines": "aws", "hosts": json.dumps([host(0), host(1)])},
        {"hostedZoneId": "Z1", "domainOrPublicIp": "203.0.113.5"},
        {"mediaNodes": '["10.5.0.20"]'},
        {"kibanaUrl": "https://kibana.example.io:5601"},
        {"webhookHeaders": '["X: a", "Y"]'},
        {"shape": "single-master", "nodeCount": "3", "retiredNodes": "[2]"},
        {"nodecount": "3"},
        {"openviduVersion": "2.31"},
        {"httpPort": "443"},
        {"httpPort": "8443", "httpsPort": "8443"},
        {"httpsPort": "80"},
        {"httpPort": "443", "certificateType": "letsencrypt"},
    ],
    # Keys are made anew each time: an id must be the same in every process.
    ids=lambda changes: " ".join(sorted(changes)),
)
def test_what_is_proposed_for_keys_that_do_not_fit_together_leads_on(
    changes: dict[str, str],
) -> None:
    leads_on({**example(), "domainOrPublicIp": DOMAIN, **changes})


MADE = [name for name, key in keys().items() if key.made]


@pytest.mark.parametrize("kind", [{}, {"machines": "existing"}, {"shape": "ha-managed"}], ids=str)
@pytest.mark.parametrize(
    "without", [*((key,) for key in MADE), ("sshPublicKey", "sshPrivateKey"), MADE], ids=" ".join
)
@pytest.mark.parametrize("text", [None, ""])
def test_what_is_proposed_for_a_value_that_is_missing_leads_on(
    kind: dict[str, str], without: Sequence[str], text: str | None
) -> None:
    # None: there's no such key; else it's stored with no value.
    config = {**example(), **kind}
    for key in without:
        change(config, key, [], text)
    if refused(config, {*SECRETS}, PreviousState()):
        leads_on(config)


@pytest.mark.parametrize("key", ["sshPublicKey", "sshPrivateKey"])
def test_half_an_ssh_key_that_does_not_fit_is_mended_before_the_other_is_asked_for(
    key: str,
) -> None:
    (other,) = {"sshPublicKey", "sshPrivateKey"} - {key}
    leads_on({**example(), key: "x", other: ""})


def test_the_half_of_an_ssh_key_that_there_is_stays() -> None:
    for key in ("sshPublicKey", "sshPrivateKey"):
        config = {**example(), key: ""}
        leads_on(config, most=1)
        assert config == example()


CHOICES = [
    {"shape": "ha-managed"},
    {"shape": "single-master"},
    {"machines": "existing"},
    {"shape": "ha-managed", "machines": "existing"},
    {"shape": "single-master", "machines": "existing"},
    *({"certificateType": kind} for kind in ("owncert", "letsencrypt", "acm")),
    {"sshAgent": "true"},
    TURN,
]


@pytest.mark.parametrize("choice", CHOICES, ids=lambda choice: " ".join(choice.values()))
def test_what_is_proposed_for_any_key_beside_a_choice_leads_on(choice: dict[str, str]) -> None:
    given = {name: key.example for name, key in keys().items() if key.example} | TYPED
    for name in given.keys() - choice.keys():
        config = {**example(), "domainOrPublicIp": DOMAIN, name: given[name], **choice}
        if refused(config, {*SECRETS}, PreviousState()):
            leads_on(config)


NAMES = ("A.B", 'A"B', "A'B", "A B", "A[0]", r"A\"B", "A:B", "A\\")


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    ("key", "value"),
    [("extraEnv", "a"), ("extraEnv", [1]), ("baseExtraEnv", "a"), ("tags", [1])],
    ids=str,
)
def test_what_is_proposed_for_a_name_of_an_object_leads_on(
    key: str, name: str, value: object
) -> None:
    config = {**example(), key: json.dumps({"OTHER": "a", name: value, f"{name}_SECRET": "x"})}
    leads_on(config)
    # What a path can't name, others go with.
    others = config.get(key, "{}")
    assert ("OTHER" in others) is (key != "baseExtraEnv" and name not in ("A:B", "A\\"))


def test_the_public_half_that_is_proposed_is_that_of_the_private_one(tmp_path: Path) -> None:
    """As a shell runs it."""
    (mistake,) = refused({**example(), "sshPublicKey": ANOTHER_KEY}, {*SECRETS}, PreviousState())
    (tmp_path / "key").write_text(example()["sshPrivateKey"])
    pulumi = f'#!/bin/sh\n[ $2 = get ] && exec cat {tmp_path}/key || echo "$4"'
    (tmp_path / "pulumi").write_text(pulumi)
    (tmp_path / "pulumi").chmod(0o755)
    told = subprocess.run(
        ["sh", "-c", mistake.command.partition("\n")[0]],
        env={"PATH": f"{tmp_path}:/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert not refused({**example(), "sshPublicKey": told.stdout}, {*SECRETS}, PreviousState())


@pytest.mark.parametrize(
    ("text", "meant"),
    [("2.31", "2.31.0"), ("v2.31.0", "2.31.0"), ("2.27", "2.30.0"), ("../x", "2.30.0")],
)
def test_the_version_is_proposed_that_was_probably_meant(text: str, meant: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        read({**example(), "openviduVersion": text}, SECRETS)
    (mistake,) = caught.value.mistakes
    assert mistake.command == f"pulumi config set openviduVersion {meant}"


@pytest.mark.parametrize(
    "hosts",
    [
        [],
        [host(0)],
        [host(0), host(1), host(1)],
        [host(0), host(1), host(2, hostKey="")],
        [host(0), host(1), host(2, hostKey="ssh-rsa AAAA")],
        [host(0), host(1), host(2, publicIp="x")],
        [host(0), host(1), host(2, user="root")],
        [host(0), host(1), {"publicIp": "203.0.113.7"}],
        [host(0), host(1), host(2, privateIp="10.6.0.7")],
        [host(0, privateIp="8.8.8.8"), host(1), host(2)],
        [host(0, privateIp="192.168.1.5"), host(1), host(2)],
        [host(0, privateIp="10.5.0.7"), host(1), host(2, privateIp="10.6.0.7")],
        [host(0, privateIp="10.5.0.7"), host(1), host(2, privateIp="x")],
        [host(0, publicIp="203.0.113.7"), host(1), host(2, publicIp="x")],
    ],
    ids=lambda hosts: f"{len(hosts)} hosts",
)
def test_what_is_proposed_for_hosts_leads_on(hosts: list[dict[str, Any]]) -> None:
    leads_on(with_hosts(*hosts))


@pytest.mark.parametrize("network", ["10.5.0.0/29", "10.5.0.0/30", "10.5.0.0/32"])
@pytest.mark.parametrize("first", ["10.5.0.1", "10.5.0.5", "10.5.0.6"])
def test_what_is_proposed_for_hosts_outside_a_small_network_leads_on(
    network: str, first: str
) -> None:
    hosts = [host(0, privateIp=first), *(host(number) for number in range(3, 6))]
    leads_on(with_hosts(*hosts, subnetCidr=network))


def test_hosts_outside_their_network_get_addresses_that_are_free() -> None:
    outside = [host(0), host(1), *(host(place, privateIp=f"10.6.0.{place}") for place in (2, 3))]
    with pytest.raises(ConfigurationError) as caught:
        read(with_hosts(*outside, subnetCidr="10.5.0.0/28"), SECRETS)
    proposed = [mistake.command.split()[-1] for mistake in caught.value.mistakes]
    assert proposed == ["10.5.0.7", "10.5.0.8"]


MAINS = {"ha": "base", "ha-managed": "bastion", "single-master": "master"}
MANAGED = {
    "shape": "ha-managed",
    "certificateType": "acm",
    "hostedZoneId": "Z0123456789ABCDEFGHIJ",
    "elasticsearchPassword": "Secret-of-search-1",
}


def on_aws(shape: str, version: str = "2.32.2") -> PreviousState:
    """A stack of this shape that runs, in a network that isn't the default one."""
    main = MAINS[shape]
    has = {main: Attempt(version, 1)}
    return PreviousState(
        addresses={main: "eipalloc-1"},
        tried=has,
        done=has,
        network="10.6.0.0/24",
        main_private_ip="10.6.0.5",
        zone_count=2 if shape == "ha-managed" else 1,
    )


@pytest.mark.parametrize("shape", MAINS)
@pytest.mark.parametrize("version", ["latest", "2.27", "2.31", "2.33", "2.30.0", "../x", "3.0.0"])
def test_the_version_that_is_proposed_is_taken_where_a_later_one_runs(
    shape: str, version: str
) -> None:
    kind = MANAGED if shape == "ha-managed" else {"shape": shape}
    config = {**example(), **kind, "subnetCidr": "10.6.0.0/24", "openviduVersion": version}
    leads_on(config, on_aws(shape), most=1)
    # A way in several steps is begun.
    assert config["openviduVersion"].startswith("2.3")


@pytest.mark.parametrize("shape", MAINS)
@pytest.mark.parametrize(
    "changes",
    [
        {"hosts": json.dumps([host(0), host(1)])},
        {"machines": "existing"},
        {"machines": "existing", "hosts": json.dumps([host(0), host(1)])},
        {"subnetCidr": "10.6.0.0/30"},
        {"subnetCidr": "10.6.0.0/26", "availabilityZones": "3"},
        {"availabilityZones": "4"},
        {"shape": "ha", "retiredNodes": "[2]"},
        {"shape": "ha-managed"},
        {"shape": "single-master", "nodeCount": "3"},
    ],
    ids=lambda changes: " ".join(sorted(changes)),
)
def test_what_is_proposed_for_a_stack_on_aws_is_not_refused_next(
    shape: str, changes: dict[str, str]
) -> None:
    kind = MANAGED if shape == "ha-managed" else {"shape": shape}
    previous = on_aws(shape)
    config = {**example(), **kind, "openviduVersion": "2.32.2", "subnetCidr": "10.6.0.0/24"}
    config |= changes
    if refused(config, {*SECRETS}, previous):
        leads_on(config, previous, most=2)
    assert config.get("machines", "aws") == "aws"
    assert config["shape"] == shape
    assert config["subnetCidr"] == "10.6.0.0/24"


@pytest.mark.parametrize(
    "changes",
    [{"machines": "aws"}, {"shape": "ha-managed"}, {"shape": "single-master", "nodeCount": "1"}],
    ids=lambda changes: " ".join(sorted(changes)),
)
def test_what_is_proposed_for_a_stack_of_machines_that_exist_is_not_refused_next(
    changes: dict[str, str],
) -> None:
    hosts = {"base": Host("203.0.113.5", "10.5.0.5", host(0)["hostKey"])}
    config = with_hosts(host(0), host(1), host(2), **changes)
    leads_on(config, PreviousState(hosts=hosts), most=1)
    assert config["machines"] == "existing"
    assert config.get("shape", "ha") == "ha"

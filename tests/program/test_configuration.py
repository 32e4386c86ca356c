"""Bad input is refused, all mistakes at once, by key and never with a secret's value."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes

from components.endpoints import of_base
from components.env_files import node_env
from components.settings import values
from components.settings.mistakes import ConfigurationError
from components.settings.read import read
from components.settings.table import keys
from openvidu import environment
from tests.program.conftest import SECRETS

PRIVATE_KEY = (
    ec.generate_private_key(ec.SECP256R1())
    .private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    .decode()
)


HALVES = (
    '["0.0.0.0/1", "128.0.0.0/1"]',
    '["0.0.0.0/2", "64.0.0.0/2", "128.0.0.0/1"]',
    '["8.0.0.0/7"]',
    '["2000::/3"]',
    '["::/1", "8000::/1"]',
)


def mistakes_of(config: dict[str, str]) -> dict[str, str]:
    """Problems by key."""
    with pytest.raises(ConfigurationError) as caught:
        read(config, SECRETS)
    return {mistake.key: mistake.problem for mistake in caught.value.mistakes}


def test_the_example_is_taken(config: dict[str, str]) -> None:
    settings = read(config, SECRETS)
    assert settings.node_numbers == (1, 2)
    assert settings.main_private_ip == "10.5.0.5"
    assert [settings.node_private_ip(number) for number in settings.node_numbers] == [
        "10.5.0.6",
        "10.5.0.7",
    ]


def key_pair(private: PrivateKeyTypes) -> dict[str, str]:
    form, openssh = serialization.PrivateFormat.OpenSSH, serialization.Encoding.OpenSSH
    pem, none = serialization.Encoding.PEM, serialization.NoEncryption()
    public = private.public_key().public_bytes(openssh, serialization.PublicFormat.OpenSSH)
    return {
        "sshPublicKey": public.decode(),
        "sshPrivateKey": private.private_bytes(pem, form, none).decode(),
    }


def test_a_key_that_ec2_does_not_import_is_refused(config: dict[str, str]) -> None:
    config |= key_pair(ec.generate_private_key(ec.SECP256R1()))
    assert mistakes_of(config).keys() == {"sshPublicKey"}
    assert "imports: ed25519, or RSA" in mistakes_of(config)["sshPublicKey"]


@pytest.mark.parametrize("key", ["sshCidrs", "dashboardCidrs", "apiCidrs"])
def test_a_network_that_is_given_twice_is_one(config: dict[str, str], key: str) -> None:
    config |= {key: json.dumps(["203.0.113.5", "203.0.113.5/32"])}
    assert getattr(read(config, SECRETS), keys()[key].field) == ("203.0.113.5/32",)


@pytest.mark.parametrize("domain", ["openvidu.example\u017f.io", "openvidu.example.\u212aio"])
def test_letters_that_become_others_in_a_domain_are_refused(
    config: dict[str, str], domain: str
) -> None:
    found = mistakes_of({**config, "domainOrPublicIp": domain, "hostedZoneId": "Z1"})
    assert "in ASCII" in found["domainOrPublicIp"]


def test_an_underscore_in_a_domain_is_named_as_the_reason(config: dict[str, str]) -> None:
    found = mistakes_of({**config, "domainOrPublicIp": "open_vidu.example.io"})
    assert "without underscores, as no certificate can have one" in found["domainOrPublicIp"]


BAD = [
    *(("nodeCount", text) for text in ("0", "-1", "1.5", "3 ", "true", "", "1000000000", "250")),
    *(
        ("openviduSecret", text)
        for text in ("a b", "a=b", "a#b", "a$b", "a'b", 'a"b', "a\\b", "a\nb", "a\0b", "é")
    ),
    ("openviduSecret", "OPENVIDU_SECRET"),
    ("redisPassword", "REDIS_SECRET"),
    ("elasticsearchPassword", "sixsix"),
    ("s3SecretKey", "seven77"),
    ("openviduProLicense", "<YOUR_OPENVIDU_PRO_LICENSE>"),
    *(
        ("subnetCidr", text)
        for text in ("10.5.0.0", "10.5.0.5/24", "10.5.0.0/29", "10.0.0.0/8", "8.8.8.0/24")
    ),
    *(("sshCidrs", text) for text in ("[]", '["10.0.0.1/8"]', '["0.0.0.0/0"]', '["::/0"]', "x")),
    *(
        ("domainOrPublicIp", text)
        for text in ("*.example.io", "a;b.io", "a.io\nX=1", "a" * 64 + ".io")
    ),
    ("certificateType", "own"),
    *(("openviduVersion", text) for text in ("../x", "2.30", "v2.30.0", "2.30.0;id", "2.27.0")),
    *(("drainTimeout", text) for text in ("0s", "-1h", "1h30x", "6", "", "9999h")),
    *(("httpsPort", text) for text in ("70000", "0", "22", "80", "6379", "5443", "9001")),
    ("retiredNodes", "[0]"),
    ("retiredNodes", "[true]"),
    ("retiredNodes", "[2, 2]"),
    ("volumeSize", "8"),
    *(("notify", text) for text in ('["https://a.example.io"]', '["mail=https://a.example.io"]')),
    *(("webhookHeaders", text) for text in ('["Authorization"]', '["A: b\\n"]', '["A: \\"b"]')),
    *(("turnServer", text) for text in ("turn.example.io", "turns:a b:443", "stun:a.io:3478")),
    ("turnServer", "turns:turn.example.io:443"),
    ("extraEnv", '{"MY_OPENVIDU_SECRET": "x"}'),
    ("extraEnv", '{"lower": "x"}'),
    ("extraEnv", '{"OPENVIDU_RECORDING_PATH": ""}'),
    ("extraEnv", '{"OPENVIDU_PRO_SPEECH_TO_TEXT": "on"}'),
    ("extraEnv", '{"OPENVIDU_SESSIONS_GARBAGE_INTERVAL": "15m"}'),
    ("extraEnv", '{"REDIS_PASSWORD_OF_OURS": "x"}'),
    ("baseExtraEnv", '{"HTTPS_PROTOCOLS": "SSLv3"}'),
    ("baseExtraEnv", '{"REDIRECT_WWW": "yes"}'),
    ("baseExtraEnv", '{"KMS_IMAGE": "x:1"}'),
    ("baseExtraEnv", '{"CALL_SECRET": "plain"}'),
    ("dashboardCidrs", '["203.0.113.7/24"]'),
    *(("httpPort", text) for text in ("22", "5443", "0")),
    ("installScriptSha256", '{"node": "abc"}'),
    ("installScriptSha256", '{"proxy": "' + "a" * 64 + '"}'),
    ("extraEnv", '{"A": "x y=z"}'),
    ("extraEnv", '{"A": ["x"]}'),
    ("extraEnv", '{"A": null}'),
    ("extraEnv", '{"A": "OPENVIDU_SECRET"}'),
    ("extraEnv", '{"OPENVIDU_ENTERPRISE_HA_NODE_PRIVATE_IP": "10.5.0.6"}'),
    *(("redisPassword", f"my{name}") for name in ("OPENVIDU_SECRET", "LETSENCRYPT_EMAIL")),
    *(("sshCidrs", text) for text in HALVES),
    *(("drainTimeout", text) for text in ("99999999999999h", "31d", "0.5s", "90", "5min", "1d1d")),
    ("domainOrPublicIp", "openvidu.example\u017f.io"),
    ("domainOrPublicIp", "open_vidu.example.io"),
    *(("domainOrPublicIp", text) for text in ("0.0.0.0", "127.0.0.1", "224.0.0.1")),  # noqa: S104
    ("turnServer", "turns:turn.example.io:99999"),
    ("turnServer", "turns:..:443"),
    ("s3Bucket", "192.168.0.1"),
    *(("sshUser", text) for text in ("-l", "a b", "a$b", "a;b", "", "a'b")),
    ("webhookEndpoint", "https://app.example.io/?token=a#b"),
]


@pytest.mark.parametrize(("key", "text"), BAD)
def test_a_bad_value_is_refused_by_its_key_and_once(
    config: dict[str, str], key: str, text: str
) -> None:
    with pytest.raises(ConfigurationError) as caught:
        read({**config, key: text}, SECRETS)
    assert [mistake.key for mistake in caught.value.mistakes] == [key]


@pytest.mark.parametrize(
    ("key", "text", "around"),
    [
        ("hosts", '[{"publicIp": "x", "privateIp": "10.5.0.5"}]', {"machines": "existing"}),
        ("sshPublicKey", "x", {}),
        ("sshPrivateKey", "x", {}),
        (
            "domainOrPublicIp",
            "a b",
            {"certificateType": "letsencrypt", "letsencryptEmail": "a@b.io"},
        ),
        ("domainOrPublicIp", "a b", {"hostedZoneId": "Z1"}),
        ("letsencryptEmail", "x", {"certificateType": "letsencrypt"}),
        ("ownCertificate", "x", {"certificateType": "owncert", "ownPrivateKey": PRIVATE_KEY}),
        ("turnServer", "x", {"turnStaticAuthSecret": "x"}),
        ("turnCredential", "a,b", {"turnServer": "turn:a.io:3478", "turnUsername": "me"}),
        ("shape", "cluster", {}),
        ("machines", "mine", {"hosts": '[{"publicIp": "1.2.3.4", "privateIp": "10.5.0.5"}]'}),
        ("subnetCidr", "10.5.0.1/24", {"nodeCount": "9"}),
    ],
)
def test_a_malformed_value_brings_no_mistakes_after_it(
    config: dict[str, str], key: str, text: str, around: dict[str, str]
) -> None:
    with pytest.raises(ConfigurationError) as caught:
        read({**config, **around, key: text}, SECRETS)
    assert [mistake.key for mistake in caught.value.mistakes] == [key]


@pytest.mark.parametrize(
    ("change", "key", "told"),
    [
        ({"baseExtraEnv": '{"HTTPS_PROTOCOL": "x"}'}, "baseExtraEnv", "mean HTTPS_PROTOCOLS?"),
        ({"extraEnv": '{"OPENVIDU_SECRET": "x"}'}, "extraEnv", "is set by openviduSecret"),
        (
            {"httpPort": "443"},
            "httpPort",
            "httpPort and httpsPort must be different ports, got 443",
        ),
        (
            {
                "httpPort": "8080",
                "certificateType": "letsencrypt",
                "letsencryptEmail": "openvidu@example.io",
            },
            "httpPort",
            "must be 80, the port that Let's Encrypt connects to",
        ),
        ({"extraEnv": '{"OPENVIDU_CDR": "x"}'}, "extraEnv", 'must be one of true, false, got "x"'),
    ],
)
def test_what_a_setting_takes_is_told(
    config: dict[str, str], change: dict[str, str], key: str, told: str
) -> None:
    assert told in mistakes_of({**config, **change})[key]


def test_a_secret_among_further_keys_is_stored_as_one_and_not_shown(config: dict[str, str]) -> None:
    registries = '["serveraddress=docker.example.io,username=me,password=hidden"]'
    config["extraEnv"] = json.dumps({"OPENVIDU_PRO_DOCKER_REGISTRIES": registries})
    with pytest.raises(ConfigurationError) as refused:
        read(config, SECRETS)
    assert "--secret --path 'extraEnv.OPENVIDU_PRO_DOCKER_REGISTRIES'" in str(refused.value)
    settings = read(config, {*SECRETS, "extraEnv"})
    assert "hidden" not in repr(settings) + str(refused.value)
    text = node_env(settings, 1, of_base(settings, "openvidu.example.io"))
    assert f"OPENVIDU_PRO_DOCKER_REGISTRIES={registries}\n" in text


def test_a_domain_of_253_characters_is_taken_and_no_longer_one(config: dict[str, str]) -> None:
    longest = ".".join(["a" * 63, "b" * 63, "c" * 63, "d" * 58, "io"])
    assert len(longest) == 253
    assert read({**config, "domainOrPublicIp": longest}, SECRETS).domain_or_public_ip == longest
    assert set(mistakes_of({**config, "domainOrPublicIp": f"{longest}x"})) == {"domainOrPublicIp"}


@pytest.mark.parametrize(
    ("login", "wrong"),
    [
        ({"turnUsername": "me"}, "turnCredential"),
        ({"turnUsername": "me", "turnStaticAuthSecret": "x"}, "turnServer"),
        ({"turnCredential": "x"}, "turnUsername"),
        ({"turnStaticAuthSecret": "a,b"}, "turnStaticAuthSecret"),
    ],
)
def test_a_turn_server_takes_one_login(
    config: dict[str, str], login: dict[str, str], wrong: str
) -> None:
    given = {**config, "turnServer": "turns:turn.example.io:443", **login}
    assert wrong in mistakes_of(given)


@pytest.mark.parametrize(
    ("event", "told"),
    [
        ("HANodeTerminated", "did you mean HANodeDeregistered?"),
        ("haNodeRegistered", "did you mean HANodeRegistered?"),
        ("sessionCreate", "did you mean sessionCreated?"),
        ("everything", "one of sessionCreated, sessionDestroyed, "),
    ],
)
def test_an_event_that_would_never_be_sent_is_refused(
    config: dict[str, str], event: str, told: str
) -> None:
    given = {**config, "webhookEvents": json.dumps(["sessionCreated", event])}
    assert told in mistakes_of(given)["webhookEvents"]


def test_an_event_of_a_later_version_has_a_way_past_the_list(config: dict[str, str]) -> None:
    other = {"OPENVIDU_WEBHOOK_EVENTS": "[somethingNew]"}
    config |= {
        "webhookEndpoint": "https://app.example.io/events",
        "webhookEvents": '["signalSent"]',
        "extraEnv": json.dumps(other),
    }
    settings = read(config, SECRETS)
    text = node_env(settings, 1, of_base(settings, "openvidu.example.io"))
    assert "OPENVIDU_WEBHOOK_EVENTS=[somethingNew]\n" in text


def test_a_login_without_its_turn_server_is_refused(config: dict[str, str]) -> None:
    assert set(mistakes_of({**config, "turnUsername": "me"})) == {"turnServer"}


def test_all_mistakes_come_in_one_error(config: dict[str, str]) -> None:
    config |= {"nodeCount": "0", "certificateType": "letsencrypt", "nodecount": "3"}
    del config["redisPassword"]
    found = mistakes_of(config)
    assert set(found) == {"nodeCount", "letsencryptEmail", "nodecount", "redisPassword"}


def test_a_misspelt_key_gets_the_right_one(config: dict[str, str]) -> None:
    assert mistakes_of({**config, "nodecount": "3"})["nodecount"].endswith(
        "did you mean nodeCount?"
    )


def test_a_secret_is_never_part_of_the_error(config: dict[str, str]) -> None:
    with pytest.raises(ConfigurationError) as caught:
        read({**config, "redisPassword": "do not show"}, SECRETS)
    assert "do not show" not in str(caught.value)


def test_a_secret_in_plain_text_is_refused(config: dict[str, str]) -> None:
    with pytest.raises(ConfigurationError, match="openviduSecret: is stored in plain text"):
        read(config, set(SECRETS) - {"openviduSecret"})


def test_a_missing_secret_names_the_command_that_makes_it(config: dict[str, str]) -> None:
    del config["openviduSecret"]
    with pytest.raises(ConfigurationError, match=r"uv run openvidu-enterprise init-stack"):
        read(config, SECRETS)


def test_settings_show_no_secret(config: dict[str, str]) -> None:
    assert "secret-of" not in repr(read(config, SECRETS))


def test_letsencrypt_wants_a_domain(config: dict[str, str]) -> None:
    config |= {
        "certificateType": "letsencrypt",
        "letsencryptEmail": "openvidu@example.io",
        "domainOrPublicIp": "198.51.100.1",
    }
    assert set(mistakes_of(config)) == {"domainOrPublicIp"}


def test_ssh_from_anywhere_needs_a_word_of_confirmation(config: dict[str, str]) -> None:
    config |= {"sshCidrs": json.dumps(["0.0.0.0/0"]), "allowSshFromAnywhere": "true"}
    assert read(config, SECRETS).ssh_cidrs == ("0.0.0.0/0",)


def test_a_retired_number_is_skipped(config: dict[str, str]) -> None:
    assert read({**config, "retiredNodes": "[2]"}, SECRETS).node_numbers == (1, 3)


def test_the_subnet_bounds_the_nodes(config: dict[str, str]) -> None:
    config["subnetCidr"] = "10.5.0.0/28"
    assert read({**config, "nodeCount": "9"}, SECRETS).node_private_ip(9) == "10.5.0.14"
    assert "nodeCount" in mistakes_of({**config, "nodeCount": "10"})


def test_the_secrets_of_the_base_are_needed_where_there_is_one(config: dict[str, str]) -> None:
    del config["redisPassword"], config["s3SecretKey"]
    assert mistakes_of(config) == {"redisPassword": "is missing", "s3SecretKey": "is missing"}
    assert read({**config, "shape": "single-master"}, SECRETS).node_numbers == ()


def test_a_single_master_has_no_nodes_and_a_cluster_no_media_nodes(config: dict[str, str]) -> None:
    single = {**config, "shape": "single-master", "nodeCount": "3", "retiredNodes": "[2]"}
    assert set(mistakes_of(single)) == {"nodeCount", "retiredNodes"}
    assert set(mistakes_of({**config, "mediaNodes": '["10.5.0.20"]'})) == {"mediaNodes"}
    for wrong in ("media-node", "8.8.8.8", "127.0.0.1"):
        several = {**single, "mediaNodes": json.dumps(["10.5.0.20", wrong])}
        assert "a private IPv4 address" in mistakes_of(several)["mediaNodes"]


@pytest.mark.parametrize("parse", [values.ssh_public_key, values.ssh_private_key])
@pytest.mark.parametrize("cut", range(0, 80, 7))
def test_half_a_key_is_refused(
    config: dict[str, str], parse: Callable[[str], str], cut: int
) -> None:
    text = config["sshPublicKey" if parse is values.ssh_public_key else "sshPrivateKey"]
    with pytest.raises(ValueError, match="an OpenSSH p"):
        parse(text[:cut])


def test_a_key_with_a_passphrase_is_refused() -> None:
    key = ed25519.Ed25519PrivateKey.generate()
    locked = serialization.BestAvailableEncryption(b"passphrase")
    for form, parse in (
        (serialization.PrivateFormat.OpenSSH, values.ssh_private_key),
        (serialization.PrivateFormat.PKCS8, values.private_key),
    ):
        text = key.private_bytes(serialization.Encoding.PEM, form, locked).decode()
        with pytest.raises(ValueError, match="without passphrase"):
            parse(text)
    with pytest.raises(ValueError, match="in PEM form"):
        values.certificate("é")


@pytest.mark.parametrize(
    ("key", "text", "value"),
    [
        ("drainTimeout", "1d", timedelta(days=1)),
        ("drainTimeout", "1.5h", timedelta(minutes=90)),
        ("drainTimeout", "1d2h30m15s", timedelta(days=1, hours=2, minutes=30, seconds=15)),
        ("sshCidrs", '["203.0.113.5", "203.0.113.5/32"]', ("203.0.113.5/32",)),
        ("sshCidrs", '["10.0.0.0/8", "2001:db8::/32"]', ("10.0.0.0/8", "2001:db8::/32")),
        ("webhookHeaders", '["X_Api_Key: a.b"]', ("X_Api_Key: a.b",)),
        ("domainOrPublicIp", "xn--bcher-kva.example", "xn--bcher-kva.example"),
    ],
)
def test_what_is_meant_is_taken(config: dict[str, str], key: str, text: str, value: object) -> None:
    assert getattr(read({**config, key: text}, SECRETS), keys()[key].field) == value


@pytest.mark.parametrize("user", ["first.last", "ops@corp.example.io", "corp\\ops"])
def test_another_user_for_ssh_needs_an_image_that_has_it(config: dict[str, str], user: str) -> None:
    with pytest.raises(ConfigurationError) as error:
        read({**config, "sshUser": user}, SECRETS)
    (mistake,) = error.value.mistakes
    assert mistake.key == "sshUser"
    assert "lets in ubuntu alone" in mistake.problem
    wanted = read({**config, "sshUser": user, "imageId": "ami-0123456789abcdef0"}, SECRETS)
    assert wanted.ssh_user == user


def test_a_webhook_may_have_a_query(config: dict[str, str]) -> None:
    url = "https://app.example.io/events?token=abc&room=1"
    settings = read({**config, "webhookEndpoint": url}, SECRETS)
    text = node_env(settings, 1, of_base(settings, "openvidu.example.io"))
    assert environment.parse(text)["OPENVIDU_WEBHOOK_ENDPOINT"] == url


def test_booleans_and_numbers_are_texts_of_env(config: dict[str, str]) -> None:
    # As `pulumi config set --path extraEnv.OPENVIDU_CDR true` stores it.
    given = {**config, "extraEnv": '{"OPENVIDU_CDR": true, "A": 5, "B": 1.5, "C": "true"}'}
    assert dict(read(given, SECRETS).extra_env) == {
        "OPENVIDU_CDR": "true",
        "A": "5",
        "B": "1.5",
        "C": "true",
    }


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("OPENVIDU_SECRET", "openviduSecret"),
        ("OPENVIDU_ENTERPRISE_HA_NODE_PRIVATE_IP", "subnetCidr, or hosts where machines exist"),
        ("OPENVIDU_RECORDING", "recording"),
        ("OPENVIDU_WEBRTC_ICE_SERVERS", "turnServer"),
    ],
)
def test_what_the_program_sets_names_the_key_to_use(
    config: dict[str, str], name: str, key: str
) -> None:
    given = {**config, "extraEnv": json.dumps({name: "x"})}
    assert mistakes_of(given) == {"extraEnv": f"{name} is set by {key}"}


@pytest.mark.parametrize(
    ("key", "text"),
    [
        ("webhookEndpoint", "ftp://user:Swordfish-1@example.io"),
        ("extraEnv", '{"A": "x#Swordfish-1", "lower": "Swordfish-1"}'),
        ("extraEnv", '{"A": ["Swordfish-1"]}'),
        ("domainOrPublicIp", "Swordfish-1"),
        ("webhookEvents", '["Swordfish-1"]'),
        ("hosts", '[{"publicIp": "Swordfish-1", "privateIp": "10.5.0.5"}]'),
        ("shape", "Swordfish-1"),
        ("sshCidrs", '["Swordfish-1"]'),
    ],
)
def test_what_is_stored_as_a_secret_is_never_shown(
    config: dict[str, str], key: str, text: str
) -> None:
    with pytest.raises(ConfigurationError) as caught:
        read({**config, key: text}, [*SECRETS, key])
    assert key in str(caught.value)
    assert "word" not in str(caught.value)


def test_checks_across_keys_show_no_secret_either(config: dict[str, str]) -> None:
    config |= {"certificateType": "letsencrypt", "domainOrPublicIp": "203.0.113.5"}
    with pytest.raises(ConfigurationError, match=r"\[secret\]"):
        read(config, [*SECRETS, "domainOrPublicIp"])


@pytest.mark.parametrize(
    "shaped",
    [
        lambda key: key.replace("\n", "\r\n"),
        lambda key: " ".join(key.split("\n")),
        lambda key: key.replace("\n", "\n    "),
        lambda key: f"comment\n{key}",
        lambda key: f"\n\n{key}\n\n",
    ],
    ids=["CRLF", "one line", "indented", "text before", "empty lines"],
)
def test_an_ssh_key_gets_the_form_that_ssh_add_takes(
    config: dict[str, str], tmp_path: Path, shaped: Callable[[str], str]
) -> None:
    key = config["sshPrivateKey"]
    taken = read({**config, "sshPrivateKey": shaped(key)}, SECRETS).ssh_private_key
    assert taken == key
    file = tmp_path / "key"
    file.touch(mode=0o600)
    file.write_text(
        values.ssh_private_key(key.replace("\n", "").replace("KEY-----b", "KEY-----\nb"))
    )
    shown = subprocess.run(
        ["ssh-keygen", "-y", "-f", file], capture_output=True, text=True, check=True
    ).stdout
    assert shown.split()[:2] == config["sshPublicKey"].split()[:2]

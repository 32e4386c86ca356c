"""Secrets are made once, and are taken by the configuration."""

from __future__ import annotations

import pytest

from components.settings import values
from scripts.init_stack import make_secret, make_ssh_key, missing_values, require_whole_key
from scripts.pulumi_cli import PulumiError


def test_an_empty_stack_gets_everything_but_the_license() -> None:
    assert set(missing_values((), None)) == {
        "openviduSecret",
        "redisPassword",
        "s3SecretKey",
        "elasticsearchPassword",
        "sshPublicKey",
        "sshPrivateKey",
    }


def test_what_is_there_is_left_as_it_is() -> None:
    everything = set(missing_values((), "a-license"))
    assert missing_values(everything, "another-license") == {}


def test_half_an_ssh_key_is_refused() -> None:
    made = missing_values({"sshPublicKey"}, None)
    assert made.keys() == missing_values({"sshPublicKey", "sshPrivateKey"}, None).keys()
    with pytest.raises(PulumiError, match="sshPrivateKey isn't"):
        require_whole_key({"sshPublicKey", *made})
    with pytest.raises(PulumiError, match="ssh-keygen -y"):
        require_whole_key({"sshPrivateKey", *made})
    require_whole_key({"sshPublicKey", "sshPrivateKey", *made})
    require_whole_key({*made})


def test_with_an_agent_of_the_operators_no_ssh_key_is_made() -> None:
    for present in (set[str](), {"sshPublicKey"}):
        assert not {"sshPublicKey", "sshPrivateKey"} & set(
            missing_values(present, None, agent=True)
        )


def test_made_values_are_taken_by_the_configuration() -> None:
    made = {make_secret() for _ in range(200)}
    assert len(made) == 200
    for secret in made:
        assert values.elasticsearch_password(secret) == values.s3_secret_key(secret) == secret
    public, private = make_ssh_key()
    assert values.ssh_public_key(public) == public
    assert values.ssh_private_key(private)

from __future__ import annotations

import pytest

from .harness import LOCAL, REMOTE, Provider, failing
from .values import UNKNOWN, Properties, secret

DEFAULTS = {"user": "root", "port": 22, "dialErrorLimit": 10, "perDialTimeout": 15}


def test_inputs_of_the_right_types_pass_as_they_are(provider: Provider) -> None:
    inputs = {
        "create": "a",
        "update": "b",
        "delete": secret("c"),
        "stdin": "",
        "logging": "none",
        "interpreter": ["python3", "-c"],
        "dir": "/",
        "environment": {"A": secret("b")},
        "triggers": ["a", 1, True, {"b": [secret("c")]}],
        "addPreviousOutputInEnv": False,
    }

    assert provider.check(LOCAL, inputs) == (inputs, [])


def test_every_wrong_or_unknown_property_is_named(provider: Provider) -> None:
    _, failures = provider.check(
        LOCAL,
        {
            "create": 5,
            "interpreter": "sh",
            "environment": {"A": 5},
            "addPreviousOutputInEnv": "yes",
            "bogus": 1,
        },
    )

    wrong = "on 'local.CommandInputs' must be a"
    assert failures == [
        (
            "addPreviousOutputInEnv",
            f"Field 'addPreviousOutputInEnv' {wrong} 'bool'; got 'string' instead",
        ),
        ("bogus", "Unrecognized field 'bogus' on 'local.CommandInputs'"),
        ("create", f"Field 'create' {wrong} 'string'; got 'float64' instead"),
        (
            "environment[A] value",
            f"Field 'environment[A] value' {wrong} 'string'; got 'float64' instead",
        ),
        ("interpreter", f"Field 'interpreter' {wrong} '[]string'; got 'string' instead"),
    ]


def test_a_remote_command_needs_a_connection_with_a_host(provider: Provider) -> None:
    assert provider.check(REMOTE, {"create": "a"})[1] == [
        ("connection", "Missing required field 'connection' on 'remote.CommandInputs'")
    ]
    assert provider.check(REMOTE, {"connection": {"port": "x", "bogus": 1}})[1] == [
        (
            "connection",
            "An error occurred decoding 'CommandInputs.connection': 3 failures decoding:"
            "\n\thost: Missing required field 'host' on 'remote.Connection'"
            "\n\tport: Field 'port' on 'remote.Connection' must be a 'float64'; "
            "got 'string' instead"
            "\n\tbogus: Unrecognized field 'bogus' on 'remote.Connection'",
        )
    ]


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ({"host": "h"}, {"host": "h", **DEFAULTS}),
        (secret({"host": "h"}), {"host": "h", **DEFAULTS}),
        (
            {"host": "h", "user": "", "port": 0, "dialErrorLimit": 0, "perDialTimeout": 0},
            {"host": "h", "user": "", "port": 0, "dialErrorLimit": 0, "perDialTimeout": 0},
        ),
        (
            {"host": "h", "perDialTimeout": 1.9, "privateKey": "k", "password": "p"},
            {
                **DEFAULTS,
                "host": "h",
                "perDialTimeout": 1,
                "privateKey": secret("k"),
                "password": secret("p"),
            },
        ),
        (
            {"host": "h", "proxy": {"host": "g", "privateKeyPassword": "p"}},
            {
                **DEFAULTS,
                "host": "h",
                "proxy": {**DEFAULTS, "host": "g", "privateKeyPassword": secret("p")},
            },
        ),
    ],
)
def test_a_connection_is_completed_and_kept_secret(
    provider: Provider, given: Properties, kept: Properties
) -> None:
    inputs = provider.checked(REMOTE, connection=given)

    assert inputs == {"connection": secret(kept)}


def test_unknown_values_pass_for_any_type(provider: Provider) -> None:
    unknown = {"create": UNKNOWN, "environment": UNKNOWN, "triggers": [UNKNOWN]}

    assert provider.check(LOCAL, unknown) == (unknown, [])
    assert provider.checked(REMOTE, connection=UNKNOWN) == {"connection": secret(UNKNOWN)}


def test_a_secret_that_is_unknown_comes_back_as_an_empty_secret(provider: Provider) -> None:
    given = {"stdin": secret(UNKNOWN), "environment": {"A": secret(UNKNOWN)}}

    assert provider.check(LOCAL, given)[0] == {
        "stdin": secret(""),
        "environment": {"A": secret("")},
    }


@pytest.mark.parametrize("type_", ["command:local:Nothing", "command:remote:Nothing"])
def test_a_type_that_does_not_exist_is_named(provider: Provider, type_: str) -> None:
    with failing() as messages:
        provider.check(type_, {})

    assert type_.removeprefix("command:") in messages[0]
    assert "not found" in messages[0]

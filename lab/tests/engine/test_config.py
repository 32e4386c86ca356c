"""`config`, the configuration schema, and what the program gets of them, with either engine."""

from __future__ import annotations

import json

import pytest

from lab.tests.engine.harness import Stack

SCHEMA = """
    config:
      nodeCount: {type: integer, default: 2}
      retiredNodes: {type: array, items: {type: integer}, default: []}
      drain: {type: boolean, default: false}
      extraEnv: {type: object, default: {}}
      domain: {type: string, default: ""}
      aws:region: {value: eu-west-1}
"""

PROGRAM = """
    pulumi.export("nodeCount", config.require_int("nodeCount"))
    pulumi.export("retiredNodes", config.require_object("retiredNodes"))
    pulumi.export("drain", config.require_bool("drain"))
    pulumi.export("extraEnv", config.require_object("extraEnv"))
    pulumi.export("domain", config.get("domain"))
    pulumi.export("region", pulumi.Config("aws").get("region"))
"""


@pytest.fixture
def typed(stack: Stack) -> Stack:
    stack.declare(SCHEMA)
    stack.program(PROGRAM)
    return stack


def test_defaults_of_the_project_reach_the_program(typed: Stack) -> None:
    typed.must_up()
    assert typed.outputs() == {
        "nodeCount": 2,
        "retiredNodes": [],
        "drain": False,
        "extraEnv": {},
        "domain": "",
        "region": "eu-west-1",
    }


def test_values_of_the_stack_go_before_defaults(typed: Stack) -> None:
    typed.run("config", "set", "nodeCount", "3")
    typed.run("config", "set", "drain", "true")
    typed.run("config", "set", "--path", "retiredNodes[0]", "2")
    typed.run("config", "set", "--path", "retiredNodes[1]", "5")
    typed.run("config", "set", "--path", 'extraEnv["A.B"]', "x y")
    typed.run("config", "set", "aws:region", "eu-north-1")
    typed.must_up()
    assert typed.outputs() == {
        "nodeCount": 3,
        "retiredNodes": [2, 5],
        "drain": True,
        "extraEnv": {"A.B": "x y"},
        "domain": "",
        "region": "eu-north-1",
    }


def test_values_are_set_together_or_not_at_all(typed: Stack) -> None:
    values = {"nodeCount": {"value": "4"}, "retiredNodes": {"value": "[2]", "objectValue": [2]}}
    typed.run("config", "set-all", "--json", json.dumps(values))
    pairs = ("--plaintext", "drain=true", "--secret", "domain=example.io")
    typed.run("config", "set-all", *pairs)
    refused = typed.run("config", "set-all", "--plaintext", "nodeCount=5", "--plaintext", "drain")
    typed.must_up()
    assert refused.code != 0
    assert "config value must be in the form [key]=[value]" in refused.text
    outputs = typed.outputs()
    assert (outputs["nodeCount"], outputs["retiredNodes"], outputs["drain"]) == (4, [2], True)
    assert json.loads(typed.run("config", "--json").out)["demo:domain"] == {"secret": True}


@pytest.mark.parametrize("text", ["3 ", "1.5", "many", ""])
def test_a_value_of_another_type_is_refused(typed: Stack, text: str) -> None:
    typed.run("config", "set", "nodeCount", "--", text)
    done = typed.preview()
    assert done.code != 0
    assert "configuration key 'nodeCount' must be of type 'integer'" in done.text


def test_a_value_that_the_project_wants_is_missing(stack: Stack) -> None:
    stack.declare("config:\n  subnet: {type: string}\n")
    done = stack.preview()
    assert done.code != 0
    assert "missing configuration value 'subnet'" in done.text


def test_values_keep_their_text(stack: Stack) -> None:
    texts = {"lines": "a\n  b\n", "number": "007", "quote": 'it\'s "so" #1: yes', "dash": "-5"}
    for key, text in texts.items():
        assert stack.run("config", "set", key, "--", text).code == 0
    for key, text in texts.items():
        assert stack.run("config", "get", key).out == f"{text}\n"


def test_a_value_can_come_from_standard_input(stack: Stack) -> None:
    stack.run("config", "set", "--secret", "key", stdin="line one\nline two")
    assert stack.run("config", "get", "key").out.strip() == "line one\nline two"
    text = (stack.project / "Pulumi.dev.yaml").read_text()
    assert "line one" not in text


def test_secrets_are_listed_blinded(stack: Stack) -> None:
    stack.run("config", "set", "plain", "open")
    stack.run("config", "set", "--secret", "hidden", "veiled")
    assert stack.run("config", "--json").json == {
        "demo:hidden": {"secret": True},
        "demo:plain": {"value": "open", "secret": False},
    }
    assert stack.run("config", "--json", "--show-secrets").json["demo:hidden"] == {
        "value": "veiled",
        "secret": True,
    }
    assert stack.run("config").out.split() == [
        "KEY",
        "VALUE",
        "hidden",
        "[secret]",
        "plain",
        "open",
    ]


def test_a_value_can_be_removed(stack: Stack) -> None:
    stack.run("config", "set", "a", "1")
    stack.run("config", "set", "b", "2")
    assert stack.run("config", "rm", "a").code == 0
    assert list(stack.run("config", "--json").json) == ["demo:b"]


def test_a_key_that_is_not_there_is_an_error(stack: Stack) -> None:
    done = stack.run("config", "get", "nosuch")
    assert done.code != 0
    assert "configuration key 'nosuch' not found for stack 'dev'" in done.text


def test_a_secret_inside_an_object_makes_the_key_secret(stack: Stack) -> None:
    stack.run("config", "set", "--path", "db.user", "admin")
    stack.run("config", "set", "--path", "--secret", "db.password", "veiled")
    stack.program(
        """
        pulumi.export("db", config.require_secret_object("db"))
        print("connecting as admin with veiled")
        """
    )
    done = stack.must_up()
    assert "connecting as admin with [secret]" in done.text
    assert "veiled" not in done.text
    assert stack.outputs() == {"db": {"user": "admin", "password": "veiled"}}


def test_comments_in_the_file_stay(stack: Stack) -> None:
    file = stack.project / "Pulumi.dev.yaml"
    head = file.read_text()
    file.write_text(
        f"{head}config:\n  # how many machines\n  demo:count: 2 # two\n\n  demo:z: last\n"
    )
    stack.run("config", "set", "count", "3")
    text = file.read_text()
    assert "# how many machines" in text
    assert stack.run("config", "get", "count").out.strip() == "3"
    assert stack.run("config", "get", "z").out.strip() == "last"

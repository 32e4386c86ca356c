"""What is read and what is shown: wire, masks, rendering, the stack's file, command lines."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from google.protobuf import json_format, struct_pb2
from hypothesis import given
from hypothesis import strategies as st

from lab.engine.cli.parser import parse
from lab.engine.display.facts import difference_text
from lab.engine.display.masking import Masker
from lab.engine.display.render import change_lines, lines
from lab.engine.model.diff import Diff, PropertyDiff
from lab.engine.model.values import OUTPUT_SIGNATURE, SIGNATURE, UNKNOWN, Secret
from lab.engine.plugin import wire
from lab.engine.project.stack_file import StackFile, edit
from lab.engine.run.durations import seconds
from lab.engine.run.options import Targets

json_like = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**50), 2**50) | st.text(max_size=6),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3)
    ),
    max_leaves=8,
)


@given(st.dictionaries(st.text(max_size=4), json_like | json_like.map(Secret), max_size=3))
def test_properties_survive_the_wire(properties: dict[str, Any]) -> None:
    assert wire.read(wire.write(properties)) == properties


def test_who_does_not_know_secrets_gets_them_in_plain() -> None:
    struct = wire.write({"a": Secret(["x"])}, secrets=False)
    assert json_format.MessageToDict(struct) == {"a": ["x"]}


def test_unknown_values_can_be_left_out() -> None:
    assert wire.read(wire.write({"a": UNKNOWN, "b": [UNKNOWN, 1]}, unknowns=False)) == {"b": [1]}


def test_output_values_lose_their_wrapping_but_not_their_dependencies() -> None:
    struct = json_format.ParseDict(
        {
            "a": {SIGNATURE: OUTPUT_SIGNATURE, "value": "x", "dependencies": ["urn:1"]},
            "b": {SIGNATURE: OUTPUT_SIGNATURE, "secret": True, "dependencies": ["urn:2"]},
        },
        struct_pb2.Struct(),
    )
    assert wire.read(struct) == {"a": "x", "b": Secret(UNKNOWN)}
    assert wire.dependencies(struct.fields["a"]) == {"urn:1"}
    assert wire.dependencies(struct.fields["b"]) == {"urn:2"}


def test_known_secrets_are_masked_in_all_their_forms() -> None:
    masker = Masker()
    key = "-----BEGIN KEY-----\nMIIEvQIBADANBgkqhkiG\n-----END KEY-----\n"
    hidden = {"password": 'quo"te', "key": key, "short": "ab", "port": 56789}
    masker.learn({name: Secret(value) for name, value in hidden.items()})
    assert masker.mask('login with quo"te') == "login with [secret]"
    assert masker.mask('{"p": "quo\\"te"}') == '{"p": "[secret]"}'
    assert masker.mask("  MIIEvQIBADANBgkqhkiG") == "  [secret]"
    assert masker.mask("port 56789") == "port [secret]"
    assert masker.mask("ab stays") == "ab stays"


def test_a_line_that_a_secret_script_has_too_is_no_secret_input() -> None:
    masker = Masker()
    masker.learn({"stdin": Secret("#!/usr/bin/env bash\nlogin a-long-password\n")})
    assert masker.mask("#!/usr/bin/env bash\nset -eu\n", whole=True).startswith("#!/usr/bin/env")
    assert masker.mask("+ login a-long-password") == "+ [secret]"


def test_the_lines_of_what_a_command_printed_are_not_masked_one_by_one() -> None:
    masker = Masker()
    masker.learn({"stdout": Secret("node-1: waiting for 4 calls\nnode-1: idle\n")}, whole=True)
    assert masker.mask("node-1: waiting for 4 calls") == "node-1: waiting for 4 calls"


def test_a_secret_object_does_not_make_its_parts_secret() -> None:
    masker = Masker()
    masker.learn({"connection": Secret({"host": "203.0.113.5", "password": Secret("veiled")})})
    assert masker.mask("203.0.113.5 veiled") == "203.0.113.5 [secret]"


def test_the_longest_secret_is_masked_first() -> None:
    masker = Masker()
    masker.learn_texts(["pass", "password"])
    assert masker.mask("password") == "[secret]"


def test_values_are_shown_with_secrets_and_unknown_ones_hidden() -> None:
    shown = list(lines({"b": Secret(1), "long": UNKNOWN, "a": {"x": [1, None]}, "__x": 1}, "  "))
    assert shown == [
        "  a   : {",
        "      x: [",
        "          [0]: 1",
        "          [1]: <null>",
        "      ]",
        "  }",
        "  b   : [secret]",
        "  long: [unknown]",
    ]


def test_only_what_differs_is_shown() -> None:
    shown = list(
        change_lines(
            {"same": 1, "gone": "x", "list": [1, 2], "secret": Secret("a")},
            {"same": 1, "new": "y", "list": [1, 3], "secret": Secret("b")},
            "",
        )
    )
    assert shown == [
        '- gone  : "x"',
        "~ list  : [",
        "      [0]: 1",
        "    ~ [1]: 2 => 3",
        "  ]",
        '+ new   : "y"',
        "~ secret: [secret] => [secret]",
    ]


@pytest.mark.parametrize(
    ("diff", "text"),
    [
        (None, ""),
        (Diff(changed=True, changed_keys=("b", "a")), "[diff: ~a,b]"),
        (Diff(changed=True, detailed={"triggers[0]": PropertyDiff("update")}), "[diff: ~triggers]"),
        (
            Diff(
                changed=True,
                detailed={"a": PropertyDiff("add"), "b": PropertyDiff("delete-replace")},
            ),
            "[diff: +a-b]",
        ),
    ],
)
def test_differences_in_short(diff: Diff | None, text: str) -> None:
    assert difference_text(diff) == text


FILE = """\
encryptionsalt: v1:abc
config:
  # the number of machines
  demo:count: 2 # two
  demo:list:
    - a
    - b
  "demo:quoted": x

# the end
"""


@given(
    st.sampled_from(["demo:count", "demo:list", "demo:quoted", "demo:new"]),
    json_like.filter(lambda value: value is not None),
)
def test_an_edit_changes_one_entry_and_keeps_comments(key: str, value: Any) -> None:
    path = Path("/nonexistent/Pulumi.dev.yaml")
    file = StackFile(path, "demo")
    file._text = FILE
    file.config = dict(yaml.safe_load(FILE)["config"])
    file.set(key, value)
    assert yaml.safe_load(file._text) == {
        "encryptionsalt": "v1:abc",
        "config": {**yaml.safe_load(FILE)["config"], key: value},
    }
    assert "# the number of machines" in file._text
    assert "# the end" in file._text
    file.remove(key)
    assert key not in yaml.safe_load(file._text)["config"]


def test_an_entry_goes_into_a_file_without_any() -> None:
    assert edit("", "config", "a:b", "a:b: 1\n") == "config:\n  a:b: 1\n"
    assert edit("config: {}\n", "config", "a:b", "a:b: 1\n") == "config:\n  a:b: 1\n"


@pytest.mark.parametrize(
    ("text", "result"), [("", 0), ("0", 0), ("30s", 30), ("1h30m", 5400), ("1.5m", 90)]
)
def test_durations_are_read(text: str, result: float) -> None:
    assert seconds(text) == result


@pytest.mark.parametrize("text", ["1h30x", "h", "-1s", "5"])
def test_what_is_no_duration_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="expected a text such as 1h30m"):
        seconds(text)


def test_stars_in_targets_stand_for_parts_of_a_urn() -> None:
    urn = "urn:pulumi:dev::demo::t:i:T::node-1"
    assert urn in Targets(("**node-*",))
    assert urn in Targets(("urn:pulumi:dev::demo::*:*:*::node-1",))
    assert urn not in Targets(("urn:*",))
    assert urn not in Targets()


def test_a_value_may_stand_after_options() -> None:
    options = parse(["config", "set", "key", "--secret", "value", "-s", "dev"])
    assert (options.key, options.value, options.secret, options.stack) == (
        "key",
        "value",
        True,
        "dev",
    )
    assert parse(["config", "set", "key", "-s", "dev", "--", "-5"]).value == "-5"


def test_an_option_that_does_not_exist_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        parse(["up", "--nosuch"])
    said = capsys.readouterr().err
    assert "unrecognized arguments: --nosuch" in said
    assert "For all of it: ./run pulumi" in said

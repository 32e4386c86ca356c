"""Secrets: encrypted in state, hidden on the screen, handed to providers as secrets."""

from __future__ import annotations

from pathlib import Path

import pytest

from lab.tests.engine.harness import Stack

SECRET = "correct-horse-battery"

PROGRAM = """
    secret = config.require_secret("password")
    a = Thing("a", value=secret, nested={"deep": [secret]})
    b = Thing("b", opts(additional_secret_outputs=["token"]), value="plain")
    c = Thing("c", value=a.echo)
    pulumi.export("password", secret)
    pulumi.export("token", b.token)
    pulumi.export("plain", b.echo)
"""


@pytest.fixture
def with_secret(stack: Stack) -> Stack:
    assert stack.run("config", "set", "--secret", "password", SECRET).code == 0
    stack.program(PROGRAM)
    return stack


def files_with(folder: Path, text: str) -> list[str]:
    return [
        str(file.relative_to(folder))
        for file in folder.rglob("*")
        if file.is_file() and text in file.read_text(errors="replace")
    ]


def test_a_secret_is_nowhere_in_plain(with_secret: Stack) -> None:
    with_secret.must_up()
    for place in ("state", "project", "home"):
        assert files_with(with_secret.folder / place, SECRET) == []
    assert files_with(with_secret.folder / "state", "token of b") == []
    assert with_secret.outputs()["password"] == SECRET
    assert with_secret.outputs()["token"] == "token of b"


def test_outputs_show_secrets_only_when_asked(with_secret: Stack) -> None:
    done = with_secret.must_up()
    assert SECRET not in done.text
    assert "password: [secret]" in done.out
    assert "token   : [secret]" in done.out
    listed = with_secret.run("stack", "output", "--json").json
    assert listed == {"password": "[secret]", "plain": "plain", "token": "[secret]"}
    assert with_secret.run("stack", "output", "password").out.strip() == "[secret]"
    assert with_secret.run("stack", "output", "password", "--show-secrets").out.strip() == SECRET


def test_secrets_are_marked_in_state(with_secret: Stack) -> None:
    with_secret.must_up()
    resources = with_secret.resources()
    for name, key in (("a", "value"), ("c", "value"), ("c", "echo"), ("b", "token")):
        found = {**resources[name]["inputs"], **resources[name]["outputs"]}[key]
        assert "ciphertext" in found, (name, key)
    assert resources["b"]["additionalSecretOutputs"] == ["token"]


def test_a_change_of_a_secret_is_shown_without_it(with_secret: Stack) -> None:
    with_secret.must_up()
    with_secret.run("config", "set", "--secret", "password", "another-secret-text")
    done = with_secret.preview("--diff")
    assert "[secret] => [secret]" in done.out
    assert "another-secret-text" not in done.text
    assert SECRET not in done.text


def test_preview_as_json_has_no_secret(with_secret: Stack) -> None:
    done = with_secret.preview("--json")
    assert SECRET not in done.text
    assert done.json["config"]["demo:password"] == "[secret]"
    new = {one["urn"].rsplit("::", 1)[-1]: one["newState"] for one in done.json["steps"]}
    assert new["a"]["inputs"]["value"] == "[secret]"


def test_an_error_that_repeats_a_secret_is_masked(with_secret: Stack) -> None:
    with_secret.fail("create", "a", f"can't log in with {SECRET}")
    done = with_secret.up()
    assert done.code != 0
    assert "can't log in with [secret]" in done.text
    assert SECRET not in done.text


def test_a_log_that_repeats_a_secret_is_masked(stack: Stack) -> None:
    stack.run("config", "set", "--secret", "password", SECRET)
    stack.program(
        """
        secret = config.require_secret("password")
        Thing("a", logs=[pulumi.Output.unsecret(pulumi.Output.concat("using ", secret))])
        secret.apply(lambda text: print("printed", text))
        """
    )
    done = stack.must_up()
    assert "using [secret]" in done.out
    assert "printed [secret]" in done.out
    assert SECRET not in done.text


def test_an_update_that_changes_nothing_leaves_the_encrypted_texts_alone(
    with_secret: Stack,
) -> None:
    if with_secret.engine != "embedded":
        pytest.skip("the CLI encrypts anew; the embedded engine promises more")
    with_secret.must_up()
    before = with_secret.resources()
    with_secret.must_up()
    assert with_secret.resources() == before


def test_a_wrong_passphrase_is_told(with_secret: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    with_secret.must_up()
    monkeypatch.setattr("lab.tests.engine.harness.PASSPHRASE", "another one")
    done = with_secret.preview()
    assert done.code != 0
    assert "incorrect passphrase" in done.text

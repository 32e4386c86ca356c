from __future__ import annotations

from pathlib import Path

from .harness import Provider, failing
from .values import secret

RUN = "command:local:run"


def test_run_runs_and_gives_arguments_and_outputs(provider: Provider, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    args = {
        "command": "cat; echo $A; echo err >&2",
        "stdin": "in\n",
        "environment": {"A": secret("a")},
        "dir": str(tmp_path),
        "assetPaths": ["*"],
    }

    outputs, failures = provider.invoke(RUN, **args)

    assert failures == []
    assert outputs.pop("assets").keys() == {"file"}
    assert outputs == {**args, "stdout": "in\na", "stderr": "err"}
    assert sorted(provider.engine.messages) == ["a", "err", "in"]


def test_what_run_prints_is_not_secret_even_if_the_command_is(provider: Provider) -> None:
    outputs, _ = provider.invoke(RUN, command=secret("echo a"))

    assert outputs == {"command": secret("echo a"), "stdout": "a", "stderr": ""}


def test_wrong_arguments_are_named(provider: Provider) -> None:
    _, failures = provider.invoke(RUN, cmd="true")

    assert failures == [
        ("cmd", "Unrecognized field 'cmd' on 'local.RunInputs'"),
        ("command", "Missing required field 'command' on 'local.RunInputs'"),
    ]


def test_a_failing_command_fails_the_call(provider: Provider) -> None:
    with failing() as messages:
        provider.invoke(RUN, command="echo why; exit 7")

    assert messages == ['exit status 7: running "echo why; exit 7":\nwhy\n']


def test_a_function_that_does_not_exist_is_named(provider: Provider) -> None:
    with failing() as messages:
        provider.invoke("command:local:walk")

    assert "local:walk' not found" in messages[0]

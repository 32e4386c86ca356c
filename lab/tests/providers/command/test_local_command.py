from __future__ import annotations

from pathlib import Path

import pytest

from .harness import LOCAL, Provider, failing
from .values import Properties, secret

STATE = {"create": "a", "stdout": "out", "stderr": "err"}


def test_create_runs_the_command_and_keeps_what_it_prints(provider: Provider) -> None:
    inputs = {"create": "echo out; echo; printf err >&2", "delete": "exit 1", "update": "exit 1"}

    id_, outputs = provider.create(LOCAL, inputs)

    assert id_.startswith("thing")
    assert len(id_) == len("thing") + 8
    assert outputs == {**inputs, "stdout": "out\n", "stderr": "err"}


def test_create_without_a_command_does_nothing(provider: Provider) -> None:
    outputs = provider.created(LOCAL, delete="exit 1")

    assert outputs == {"delete": "exit 1", "stdout": "", "stderr": ""}


def test_the_command_gets_environment_stdin_folder_and_interpreter(
    provider: Provider, tmp_path: Path
) -> None:
    outputs = provider.created(
        LOCAL,
        create='printf "%s\n" "$A" "$PWD" "$(cat)"; [[ x == x ]]',
        environment={"A": secret("a b")},
        stdin=secret("one\ntwo"),
        dir=str(tmp_path),
        interpreter=["bash", "-c"],
    )

    assert outputs["stdout"] == f"a b\n{tmp_path}\none\ntwo"


def test_without_stdin_the_command_reads_nothing(provider: Provider) -> None:
    assert provider.created(LOCAL, create="readlink /proc/self/fd/0")["stdout"] == "/dev/null"


def test_a_command_need_not_read_all_of_its_stdin(provider: Provider) -> None:
    assert provider.created(LOCAL, create="echo done", stdin="x" * 200_000)["stdout"] == "done"


def test_update_runs_the_command_for_update(provider: Provider) -> None:
    news = {"create": "exit 1", "update": "echo updated"}

    assert provider.update(LOCAL, STATE, news) == {**news, "stdout": "updated", "stderr": ""}


def test_update_without_a_command_for_it_runs_create_again(provider: Provider) -> None:
    assert provider.update(LOCAL, STATE, {"create": "echo again"})["stdout"] == "again"


def test_update_without_any_command_keeps_the_outputs(provider: Provider) -> None:
    news = {"delete": "exit 1"}

    assert provider.update(LOCAL, STATE, news) == {**news, "stdout": "out", "stderr": "err"}


def test_update_takes_ignored_properties_from_the_state(provider: Provider) -> None:
    state = {**STATE, "create": "echo old"}

    outputs = provider.update(LOCAL, state, {"create": "echo new"}, ignore=["create"])

    assert outputs == {"create": "echo old", "stdout": "old", "stderr": ""}


@pytest.mark.parametrize(
    ("inputs", "seen"),
    [
        ({}, "[out] [err]"),
        ({"addPreviousOutputInEnv": True}, "[out] [err]"),
        ({"addPreviousOutputInEnv": False}, "[] []"),
        ({"environment": {"PULUMI_COMMAND_STDOUT": "mine"}}, "[out] [err]"),
    ],
)
def test_the_previous_output_is_in_the_environment(
    provider: Provider, inputs: Properties, seen: str
) -> None:
    command = 'echo "[$PULUMI_COMMAND_STDOUT] [$PULUMI_COMMAND_STDERR]"'

    assert provider.update(LOCAL, STATE, {"update": command, **inputs})["stdout"] == seen


def test_delete_runs_with_the_inputs_and_outputs_of_the_state(
    provider: Provider, tmp_path: Path
) -> None:
    state = {
        **STATE,
        "delete": "(cat; echo $A $PULUMI_COMMAND_STDOUT) > deleted",
        "dir": str(tmp_path),
        "environment": {"A": secret("a")},
        "stdin": "stdin ",
    }

    provider.delete(LOCAL, state)

    assert (tmp_path / "deleted").read_text() == "stdin a out\n"


def test_delete_without_a_command_does_nothing(provider: Provider) -> None:
    provider.delete(LOCAL, {**STATE, "create": "exit 1"})


def test_read_gives_back_the_state(provider: Provider) -> None:
    assert provider.read(LOCAL, STATE, {"create": "a"}) == STATE


@pytest.mark.parametrize(
    ("inputs", "message"),
    [
        (
            {"create": 'echo out; : "\t\\é\u200b"; exit 3'},
            'exit status 3: running "echo out; : \\"\\t\\\\é\\u200b\\"; exit 3":\nout\n',
        ),
        ({"create": "kill -9 $$"}, 'signal: killed: running "kill -9 $$":\n'),
        ({"create": "kill -TERM $$"}, 'signal: terminated: running "kill -TERM $$":\n'),
        (
            {"create": "pwd", "dir": "/no/such"},
            'chdir /no/such: no such file or directory: running "pwd":\n',
        ),
        (
            {"create": "pwd", "interpreter": ["no-such"]},
            'exec: "no-such": executable file not found in $PATH: running "pwd":\n',
        ),
        (
            {"create": "pwd", "interpreter": ["/no/such"]},
            'fork/exec /no/such: no such file or directory: running "pwd":\n',
        ),
        (
            {"create": "pwd", "environment": {"A": "a\0b"}},
            'exec: environment variable contains NUL: running "pwd":\n',
        ),
        (
            {"create": "pwd", "bogus": 1},
            "invalid inputs: 1 failures decoding:\n\t"
            "bogus: Unrecognized field 'bogus' on 'local.CommandInputs'",
        ),
    ],
)
def test_an_error_says_why_and_repeats_command_and_output(
    provider: Provider, inputs: Properties, message: str
) -> None:
    with failing() as messages:
        provider.create(LOCAL, inputs)

    assert messages == [message]


def test_failing_updates_and_deletes_are_errors_too(provider: Provider) -> None:
    with failing() as messages:
        provider.update(LOCAL, STATE, {"update": "exit 2"})
    assert messages == ['exit status 2: running "exit 2":\n']

    with failing() as messages:
        provider.delete(LOCAL, {**STATE, "delete": "echo why >&2; exit 4"})
    assert messages == ['exit status 4: running "echo why >&2; exit 4":\nwhy\n']


def test_a_state_that_is_not_whole_is_an_error(provider: Provider) -> None:
    with failing() as messages:
        provider.delete(LOCAL, {"delete": "true", "stderr": ""})

    assert messages == [
        "1 failures decoding:\n\tstdout: Missing required field 'stdout' on 'local.CommandOutputs'"
    ]


def test_output_that_is_not_utf8_is_an_error_after_the_command_ran(provider: Provider) -> None:
    with failing() as messages:
        provider.created(LOCAL, create="printf '\\377'")

    assert "invalid UTF-8" in messages[0]


def test_a_child_in_the_background_holds_the_command_as_long_as_it_holds_its_output(
    provider: Provider, tmp_path: Path
) -> None:
    go_on, ended = tmp_path / "go-on", tmp_path / "ended"
    child = f"(until [ -e {go_on} ]; do sleep 0.05; done; touch {ended})"
    provider.created(LOCAL, create=f"{child} >/dev/null 2>&1 &")
    assert not ended.exists()

    attached = provider.start_create(LOCAL, create=f"{child} & echo begun")
    provider.engine.wait_for("begun")
    assert not attached.done()
    go_on.touch()
    attached.result()
    assert ended.exists()


def test_commands_run_side_by_side(provider: Provider, tmp_path: Path) -> None:
    until_all_run = (
        f"touch {tmp_path}/$$; until [[ $(ls {tmp_path} | wc -l) == 6 ]]; do sleep 0.05; done"
    )

    running = [
        provider.start_create(LOCAL, create=until_all_run, interpreter=["bash", "-c"])
        for _ in range(6)
    ]
    for command in running:
        command.result()

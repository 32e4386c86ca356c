from __future__ import annotations

from pathlib import Path

import pytest

from .harness import REMOTE, Provider, failing
from .sshd import Sshd
from .values import Properties, secret


def test_create_runs_the_command_there(provider: Provider, sshd: Sshd) -> None:
    inputs = provider.checked(
        REMOTE,
        connection=sshd.connection(),
        create='echo out; cat; echo err >&2; test -n "$SSH_CONNECTION"',
        stdin=secret("in\n"),
    )

    id_, outputs = provider.create(REMOTE, inputs)

    assert id_.startswith("thing")
    assert outputs == {**inputs, "stdout": "out\nin", "stderr": "err"}


def test_without_stdin_the_command_reads_nothing(provider: Provider, sshd: Sshd) -> None:
    outputs = provider.created(REMOTE, create="cat; echo end", connection=sshd.connection())

    assert outputs["stdout"] == "end"


def test_update_without_a_command_for_it_runs_create_again(provider: Provider, sshd: Sshd) -> None:
    news = {"create": "echo again", "connection": sshd.connection()}
    state = {**news, "stdout": "", "stderr": ""}

    assert provider.update(REMOTE, state, news)["stdout"] == "again"


def test_delete_runs_with_what_the_state_holds(
    provider: Provider, sshd: Sshd, tmp_path: Path
) -> None:
    state = {
        "connection": secret(sshd.connection()),
        "create": "exit 1",
        "delete": f"(cat; echo $TAKEN_A) > {tmp_path}/deleted",
        "environment": {"TAKEN_A": secret("a")},
        "stdin": "stdin ",
        "stdout": "",
        "stderr": "",
    }

    provider.delete(REMOTE, state)

    assert (tmp_path / "deleted").read_text() == "stdin a\n"


def test_the_server_takes_variables_that_its_acceptenv_names(
    provider: Provider, sshd: Sshd
) -> None:
    inputs = {"create": "echo $TAKEN_A", "environment": {"TAKEN_A": secret("a b")}}

    assert provider.created(REMOTE, connection=sshd.connection(), **inputs)["stdout"] == "a b"


def test_a_refused_variable_is_an_error_and_the_command_does_not_run(
    provider: Provider, sshd: Sshd, tmp_path: Path
) -> None:
    inputs = {"create": f"touch {tmp_path}/ran", "environment": {"REFUSED": "a"}}

    with failing() as messages:
        provider.created(REMOTE, connection=sshd.connection(), **inputs)

    assert messages == ['could not set environment variable "REFUSED": ssh: setenv failed']
    assert not (tmp_path / "ran").exists()
    (line,) = provider.engine.lines
    assert (line.severity, line.ephemeral) == ("ERROR", False)
    assert "Unable to set 'REFUSED'." in line.message


@pytest.mark.parametrize(
    ("inputs", "refused"),
    [({}, ["STDOUT", "STDERR"]), ({"addPreviousOutputInEnv": False}, [])],
)
def test_previous_output_that_is_refused_is_a_warning(
    provider: Provider, sshd: Sshd, inputs: Properties, refused: list[str]
) -> None:
    news = {"create": "echo [$PULUMI_COMMAND_STDOUT]", "connection": sshd.connection(), **inputs}

    outputs = provider.update(REMOTE, {**news, "stdout": "out", "stderr": "err"}, news)

    assert outputs["stdout"] == "[]"
    warnings = [line.message for line in provider.engine.lines if line.severity == "WARNING"]
    assert [warning.split("'")[1] for warning in warnings] == [
        f"PULUMI_COMMAND_{name}" for name in refused
    ]


@pytest.mark.parametrize(
    ("command", "reason", "printed"),
    [
        ("echo out; exit 3", "Process exited with status 3", "out\n"),
        ("kill -9 $$", "Process exited with status 137 from signal KILL", ""),
        ("kill -TERM $$", "Process exited with status 143 from signal TERM", ""),
    ],
)
def test_an_error_says_why_and_repeats_command_and_output(
    provider: Provider, sshd: Sshd, command: str, reason: str, printed: str
) -> None:
    with failing() as messages:
        provider.created(REMOTE, create=command, connection=sshd.connection())

    assert messages == [f'{reason}: running "{command}":\n{printed}']


def test_a_connection_that_is_cut_is_an_error(provider: Provider, sleeping_sshd: Sshd) -> None:
    sleeping_sshd.start()
    connection = sleeping_sshd.connection()
    command = provider.start_create(REMOTE, create="echo go; sleep 9", connection=connection)
    provider.engine.wait_for("go")

    sleeping_sshd.cut_connections()

    with failing() as messages:
        command.result()
    assert messages == [
        "wait: remote command exited without exit status or exit signal: "
        'running "echo go; sleep 9":\ngo\n'
    ]

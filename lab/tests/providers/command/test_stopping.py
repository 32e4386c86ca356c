from __future__ import annotations

import os
import signal
import time
from pathlib import Path

from tests.ports import closed_port

from .harness import LOCAL, REMOTE, Provider, failing
from .sshd import Sshd


def test_cancel_kills_only_the_shell_and_waits_for_its_children(
    fresh_provider: Provider, tmp_path: Path
) -> None:
    create = f"trap 'echo trapped' TERM INT; echo go; (sleep 0.4; touch {tmp_path}/child); echo end"
    command = fresh_provider.start_create(LOCAL, create=create)
    fresh_provider.engine.wait_for("go")

    fresh_provider.cancel()

    with failing() as messages:
        command.result()
    assert messages == [f'signal: killed: running "{create}":\ngo\n']
    assert (tmp_path / "child").exists()


def test_after_cancel_no_command_starts(fresh_provider: Provider) -> None:
    fresh_provider.cancel()

    with failing() as messages:
        fresh_provider.created(LOCAL, create="echo a")

    assert messages == ['context canceled: running "echo a":\n']


def test_a_time_out_kills_as_cancel_does(provider: Provider) -> None:
    begin = time.monotonic()

    with failing() as messages:
        provider.create(LOCAL, {"create": "echo go; exec sleep 60"}, timeout=1)

    assert messages == ['signal: killed: running "echo go; exec sleep 60":\ngo\n']
    assert time.monotonic() - begin < 30


def test_a_provider_that_is_ended_leaves_its_commands_running(
    fresh_provider: Provider, tmp_path: Path
) -> None:
    create = f"echo go; echo $$ > {tmp_path}/pid; exec sleep 20"
    fresh_provider.start_create(LOCAL, create=create)
    fresh_provider.engine.wait_for("go")

    fresh_provider.process.terminate()

    fresh_provider.process.wait(timeout=5)
    command = int((tmp_path / "pid").read_text())
    os.kill(command, signal.SIGKILL)  # fails if it is not there


def test_commands_are_in_the_process_group_of_the_provider(
    provider: Provider,
) -> None:
    group = provider.created(LOCAL, create="ps -o pgid= -p $$")["stdout"].strip()

    assert int(group) == os.getpgid(provider.process.pid)


def test_a_remote_command_runs_on_after_cancel_and_time_out(
    fresh_provider: Provider, sshd: Sshd
) -> None:
    connection = sshd.connection()
    command = fresh_provider.start_create(
        REMOTE, create="echo go; sleep 0.5; echo end", connection=connection
    )
    fresh_provider.engine.wait_for("go")

    fresh_provider.cancel()

    assert command.result()["stdout"] == "go\nend"


def test_a_time_out_does_not_end_a_remote_command(provider: Provider, sshd: Sshd) -> None:
    inputs = {"create": "sleep 1.3; echo end", "connection": sshd.connection()}

    assert provider.create(REMOTE, inputs, timeout=1)[1]["stdout"] == "end"


def test_cancel_and_time_out_end_dialling(fresh_provider: Provider, sshd: Sshd) -> None:
    nobody = sshd.connection(port=closed_port(), dialErrorLimit=-1)

    with failing() as timed_out:
        fresh_provider.create(REMOTE, {"create": "true", "connection": nobody}, timeout=1)
    dialling = fresh_provider.start_create(REMOTE, create="true", connection=nobody)
    fresh_provider.engine.lines.clear()
    fresh_provider.engine.wait_for("Dial 2/inf failed: retrying")
    fresh_provider.cancel()
    with failing() as canceled:
        dialling.result()

    assert timed_out == ["context deadline exceeded"]
    assert canceled == ["context canceled"]

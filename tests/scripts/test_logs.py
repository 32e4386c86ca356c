"""The logs of one machine or of all, merged by time."""

from __future__ import annotations

import getpass
import os
from dataclasses import replace

import pytest

from components.over_ssh import MACHINES, environment
from scripts.logs import follow_all, merged, show_merged
from scripts.stack_machines import Machine
from tests.scripts.conftest import Base
from tests.scripts.test_commands import run

AT = "2026-11-29T08:00:0{}.000000000Z"


def line(second: int, text: str, service: str = "coturn-1") -> str:
    return f"{service}  | {AT.format(second)} {text}\n"


def test_lines_of_all_machines_come_by_time_with_the_machines_name() -> None:
    told = merged(
        {
            "base": line(3, "third", "redis-1") + line(1, "first", "loadbalancer-1"),
            "node-1": line(2, "second") + line(4, "fourth"),
        }
    )
    assert told == [
        f"base    loadbalancer-1  | {AT.format(1)} first\n",
        f"node-1  coturn-1  | {AT.format(2)} second\n",
        f"base    redis-1  | {AT.format(3)} third\n",
        f"node-1  coturn-1  | {AT.format(4)} fourth\n",
    ]


def test_a_line_without_a_time_stays_with_the_one_before_it() -> None:
    told = merged({"a": line(1, "one") + "more\n" + line(3, "three"), "b": line(2, "two")})
    assert [one.split()[-1] for one in told] == ["one", "more", "two", "three"]


def test_what_a_service_writes_of_another_time_does_not_move_its_line() -> None:
    told = merged({"a": line(2, f"says | {AT.format(9)} itself"), "b": line(3, "later")})
    assert told[0].startswith("a")


@pytest.fixture
def there(base: Base, monkeypatch: pytest.MonkeyPatch) -> list[Machine]:
    """A base and a node, which are both the machine on loopback."""
    monkeypatch.setenv("PATH", f"{base.folder}/client:{os.environ['PATH']}")

    def machine(name: str) -> Machine:
        (base.folder / name).mkdir()
        variables = {
            **environment(MACHINES),
            "SSH_USER": getpass.getuser(),
            "NODE_NAME": name,
            "NODE_HOST": "127.0.0.1",
            "NODE_HOST_KEY": base.host_key,
            "FOLDER": str(base.folder / name),
        }
        return Machine(name, "127.0.0.1", variables, base.private_key)

    return [machine("base"), machine("node-1")]


SAYS = """
case $OLDPWD in
*/base) echo "redis-1  | 2026-11-29T08:00:02.000000000Z the password is s3cret" ;;
*) echo "coturn-1  | 2026-11-29T08:00:01.000000000Z of node: $*" ;;
esac
"""


def test_all_machines_are_asked_and_secrets_masked(
    base: Base, there: list[Machine], capsys: pytest.CaptureFixture[str]
) -> None:
    base.does(SAYS)
    assert show_merged(there, "--since 600s --timestamps", ["s3cret"]) == 0
    first, second = capsys.readouterr().out.splitlines()
    assert first.startswith("node-1  coturn-1  | ")
    assert "docker compose logs --no-color --since 600s --timestamps" in first
    assert second.endswith("the password is ********")
    assert second.startswith("base    redis-1")


def test_followed_lines_have_the_machines_name_and_no_secret(
    base: Base, there: list[Machine], capfd: pytest.CaptureFixture[str]
) -> None:
    base.does(SAYS)
    assert follow_all(there, "--follow --timestamps", ["s3cret"]) == 0
    lines = sorted(capfd.readouterr().out.splitlines())
    assert lines[0].startswith("base    redis-1")
    assert lines[0].endswith("********")
    assert lines[1].startswith("node-1  coturn-1")


STRANGER = 'case $OLDPWD in */base) echo "no such service: coturn" >&2; exit 1 ;; esac; ' + (
    'echo "coturn-1  | 2026-11-29T08:00:01.000000000Z well"'
)


def test_who_has_no_such_service_is_passed_over_unless_nobody_has_it(
    base: Base, there: list[Machine], capsys: pytest.CaptureFixture[str]
) -> None:
    base.does(STRANGER)
    assert show_merged(there, "--timestamps coturn", []) == 0
    told = capsys.readouterr()
    assert told.out.startswith("node-1")
    assert not told.err
    base.does('echo "no such service: cotrun" >&2; exit 1')
    assert show_merged(there, "--timestamps cotrun", []) == 1
    assert "no such service: cotrun" in capsys.readouterr().err


def test_a_machine_that_does_not_answer_is_named_and_the_others_are_shown(
    base: Base, there: list[Machine], capsys: pytest.CaptureFixture[str]
) -> None:
    base.does(SAYS)
    lost = {**there[1].variables, "NODE_HOST": "127.0.0.2"}
    assert show_merged([there[0], replace(there[1], variables=lost)], "--timestamps", []) == 1
    told = capsys.readouterr()
    assert told.out.startswith("base")
    assert "node-1, 127.0.0.1: can't be reached" in told.err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((), "name a machine, or say --all"),
        (("node-1", "--all"), "name a machine, or say --all"),
        (("--all", "--since", "10"), "--since must be a duration with the units"),
        (("node-1", "--service", "x; id"), "--service must be a name"),
    ],
)
def test_what_cannot_be_asked_is_refused(words: tuple[str, ...], said: str) -> None:
    done = run("scripts.logs", *words)
    assert done.returncode == 1
    assert said in done.stderr

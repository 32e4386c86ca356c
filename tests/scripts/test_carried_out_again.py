"""A command that changed a machine and then failed is carried out again, whatever its input is."""

from __future__ import annotations

import getpass
import sys
from pathlib import Path

import pytest

from components.ssh_way import Jump, SshWay
from tests.engine.harness import ROOT, Stack, script
from tests.scripts.conftest import Base

PROGRAM = """
from dataclasses import replace
from components import remote
from components.configuration import read
from components.machine import Machine
from components.on_base import on_base
from components.ssh_way import Jump, SshWay
from tests.program.conftest import SECRETS, example

here = pulumi.ComponentResource("demo:index:Group", "here")
settings = replace(
    read(example(), SECRETS), ssh_user={user!r}, ssh_private_key={private_key!r}
)
base = Machine(
    "base",
    "10.5.0.5",
    pulumi.Output.from_input("127.0.0.1"),
    pulumi.Output.from_input("i-0"),
    pulumi.Output.from_input({host_key!r}),
    [],
    way={way!r},
)
given = remote.fields({{"VALUE": config.require("value")}})
remote.run_on(
    base, "put", "put-env.sh", settings, parent=here, stdin=pulumi.Output.secret(given)
)
on_base(
    "configuration",
    "configure",
    settings,
    base,
    {{"CONFIGURATION": config.require("value")}},
    parent=here,
    depends_on=[],
)
"""
CHANGES = """
case $did in
cat | install | tee) exec "${@:2}" ;;
bash) sed -n 's/^VALUE=//p' | tail -n 1 >put ;;
esac
[[ ! -e fails ]]
"""


@pytest.fixture(params=["straight", "jump"])
def stack(
    base: Base, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> Stack:
    """A stack that puts a value on the base, and has the base carry something out for it.

    The base has a port of its own; the jump host to it is the same machine.
    """
    host_key = base.host_key.splitlines()[0]
    jump = Jump("127.0.0.1", base.port, "", host_key) if request.param == "jump" else None
    monkeypatch.setenv("NOTES", str(base.folder / "notes"))
    base.does(CHANGES)
    made = Stack(tmp_path / "stack", "embedded")
    made.prepare()
    provider = f'cd {ROOT} && exec "{sys.executable}" -m lab.providers.command "$@"'
    script(made.folder / "bin" / "pulumi-resource-command", provider)
    made.program(
        PROGRAM.format(
            way=SshWay(base.port, jump),
            user=getpass.getuser(),
            private_key=base.private_key,
            host_key=host_key,
        )
    )
    made.configure(value="old")
    made.must_up()
    return made


def test_it_is_carried_out_again_for_what_the_state_holds(stack: Stack, base: Base) -> None:
    (base.folder / "fails").touch()
    stack.configure(value="new")
    assert stack.up("--continue-on-error").code != 0
    assert (base.folder / "put").read_text() == "new\n"
    assert base.did.count("configure") == 2
    (base.folder / "fails").unlink()
    stack.configure(value="old")
    stack.must_up()
    assert (base.folder / "put").read_text() == "old\n"
    assert base.did.count("configure") == 3
    assert not stack.steps()

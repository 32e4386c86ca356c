"""A command that changed a machine and then failed is carried out again, whatever its input is.

So is a look for calls in an update that was killed before the state knew of it.
"""

from __future__ import annotations

import getpass
import sys
from pathlib import Path

import pytest

from components.ssh_way import Jump, SshWay
from lab.tests.engine.harness import Stack, script
from tests.scripts.conftest import Base, by_ssm

PROGRAM = """
from dataclasses import replace
from pulumi_command import local
from components import remote
from components.settings.read import read
from components.machine import Machine
from components.previous_state import deployed
from components.on_base import on_base, quiet
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
there = deployed()
restart = {{
    "CONFIGURATION": pulumi.Output.from_input(config.require("restarts-for")),
    **there.configuration_attempt("base"),
}}
waited = quiet(
    base, "quiet-master", settings, restart, there, parent=here, depends_on=[]
)
local.Command(
    "base-version",
    create=":",
    environment=restart,
    opts=pulumi.ResourceOptions(parent=here, depends_on=[waited]),
)
"""
CHANGES = """
[[ $2 != flock ]] || { shift 3; did=$2; }
case $did in
cat | install | tee) exec "${@:2}" ;;
bash) sed -n 's/^VALUE=//p' | tail -n 1 >put ;;
esac
[[ ! -e fails ]]
"""


@pytest.fixture(params=["straight", "jump", "ssm"])
def stack(
    base: Base, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> Stack:
    """A stack that puts a value on the base, and has the base carry something out for it.

    The base has a port of its own; the jump host to it is the same machine, and so is that to which
    Session Manager leads.
    """
    host_key = base.host_key.splitlines()[0]
    jump = Jump("127.0.0.1", base.port, "", host_key) if request.param == "jump" else None
    ssm = "- demo dev base" if request.param == "ssm" else ""
    monkeypatch.setenv("NOTES", str(base.folder / "notes"))
    base.does(CHANGES)
    made = Stack(tmp_path / "stack", "embedded")
    made.prepare()
    by_ssm(base, project=made.project)
    provider = f'exec "{sys.executable}" -m lab.providers.command "$@"'
    script(made.folder / "bin" / "pulumi-resource-command", provider)
    made.program(
        PROGRAM.format(
            way=SshWay(base.port, jump, ssm),
            user=getpass.getuser(),
            private_key=base.private_key,
            host_key=host_key,
        )
    )
    made.configure(value="old", **{"restarts-for": "D1"})
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


def test_calls_are_looked_for_again_after_an_update_that_no_state_knows_of(
    stack: Stack, base: Base
) -> None:
    before = stack.run("stack", "export").out
    stack.configure(**{"restarts-for": "D2"})
    stack.must_up()
    assert base.did.count("quiet-master") == 1
    # As after a kill: what the base was told isn't in the state.
    for times in (2, 3):
        assert stack.run("stack", "import", stdin=before).code == 0
        stack.must_up()
        assert base.did.count("quiet-master") == times
    # Set back, nothing restarts; for the same again, later, it does.
    assert stack.run("stack", "import", stdin=before).code == 0
    stack.configure(**{"restarts-for": "D1"})
    assert not stack.steps()
    stack.configure(**{"restarts-for": "D2"})
    stack.must_up()
    assert base.did.count("quiet-master") == 4


def test_another_text_of_the_scripts_is_no_reason_to_look_for_calls(
    stack: Stack, base: Base
) -> None:
    stack.configure(**{"restarts-for": "D2"})
    stack.must_up()
    assert not stack.steps()
    program = stack.project / "__main__.py"
    another = "import components.over_ssh as o\no._START = f': another; {o._START}'\n"
    program.write_text(another + program.read_text())
    assert stack.steps()
    stack.must_up()
    assert base.did.count("quiet-master") == 1

"""What of a deployment's progress is printed: all, a line a resource, or a table of machines."""

from __future__ import annotations

import io
import time

import pytest

from lab.engine.display.brief import AGAIN_SECONDS, LASTS_SECONDS, Brief
from lab.engine.display.console import Console, Style
from lab.engine.display.facts import Facts, Message
from lab.engine.display.machine_table import OTHERS, MachineTable, machine_of
from lab.engine.display.masking import Masker
from lab.engine.model.state import ResourceState
from lab.engine.model.step import Op, Step

STACK = "urn:pulumi:dev::demo::pulumi:pulumi:Stack::demo-dev"


class Clock:
    """Stands still until it's told to go on."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(time, "monotonic", clock)
    return clock


class Shown:
    """A display of one kind, and what it has printed."""

    def __init__(self, kind: type[Console], secret: str = "") -> None:
        self.out = io.StringIO()
        masker = Masker()
        masker.learn_texts([secret] if secret else [])
        facts = Facts(preview=False, stack_urn=STACK)
        self.display = kind("Updating (dev)", STACK, facts, masker, Style(), self.out)

    def begin(self, name: str, op: Op = Op.CREATE) -> Step:
        step = step_of(name, op)
        self.display.begin(step)
        return step

    def says(self, step: Step, text: str, severity: str = "info") -> None:
        self.display.log(Message(severity, text, step.urn, ephemeral=severity == "info"))

    def second(self) -> None:
        """What happens each second."""
        self.display._show_working([*self.display._running.values()])

    @property
    def lines(self) -> list[str]:
        return [line for line in self.out.getvalue().splitlines()[1:] if line]


def step_of(name: str, op: Op) -> Step:
    urn = f"urn:pulumi:dev::demo::command:local:Command::{name}"
    state = ResourceState(urn=urn, type="command:local:Command", custom=True)
    old, new = (None, state) if op is Op.CREATE else (state, None)
    return Step(op=op, old=old, new=new)


def test_in_short_a_resource_is_one_line_once_it_is_done(clock: Clock) -> None:
    shown = Shown(Brief)
    step = shown.begin("base-install")
    for line in ("Pulling", "Pulled", "Started"):
        shown.says(step, line)
    clock.now += 3
    shown.second()
    shown.display.end(step, None)
    assert shown.lines == [" +  command:local:Command base-install created (3.00s)"]


def test_all_of_it_is_there_for_who_asks(clock: Clock) -> None:
    shown = Shown(Console)
    step = shown.begin("base-install")
    shown.says(step, "Pulling")
    shown.display.end(step, None)
    assert [line.split(" ", 5)[5] for line in shown.lines] == [
        "creating (0s)",
        "creating (0s) Pulling",
        "created (0.00s)",
    ]


def test_a_wait_that_lasts_is_told_with_what_can_be_typed_meanwhile(clock: Clock) -> None:
    shown = Shown(Brief)
    step = shown.begin("node-3-membership", Op.DELETE)
    shown.says(step, "To keep node-3: uv run openvidu-enterprise abort-drain node-3")
    shown.says(step, "node-3: waiting for 4 calls")
    clock.now += LASTS_SECONDS - 1
    shown.second()
    assert shown.lines == []
    clock.now += 1
    shown.second()
    assert shown.lines == [
        "@  node-3-membership deleting for 20s",
        "     To keep node-3: uv run openvidu-enterprise abort-drain node-3",
        "     node-3: waiting for 4 calls",
    ]


def test_it_is_told_again_each_minute_with_what_is_new(clock: Clock) -> None:
    shown = Shown(Brief)
    step = shown.begin("node-3-membership", Op.DELETE)
    clock.now += LASTS_SECONDS
    shown.second()
    for waited in range(5):
        shown.says(step, f"node-3: waiting for 4 calls, {waited}")
    clock.now += AGAIN_SECONDS - 1
    shown.second()
    clock.now += 1
    shown.second()
    told = [line for line in shown.lines if line.startswith("@")]
    assert told == [
        "@  node-3-membership deleting for 20s",
        "@  node-3-membership deleting for 1m20s",
    ]
    assert shown.lines[-1].strip() == "node-3: waiting for 4 calls, 4"


@pytest.mark.parametrize("kind", [Brief, MachineTable])
def test_what_goes_wrong_is_told_at_once_and_whole_at_the_end(
    kind: type[Console], clock: Clock
) -> None:
    shown = Shown(kind)
    step = shown.begin("base-install")
    shown.says(step, "the disk is nearly full\nNext: make room", "warning")
    assert "warning: the disk is nearly full" in shown.out.getvalue()
    shown.display.end(step, "exit status 1: running it:\nno such image\nNext: look at the name")
    assert "**creating failed** error: exit status 1: running it:" in shown.out.getvalue()
    shown.display.finish(failed=True)
    _, _, end = shown.out.getvalue().partition("Diagnostics:")
    for line in ("make room", "no such image", "look at the name"):
        assert line in end


@pytest.mark.parametrize(
    ("resource", "machine"),
    [
        ("node-12-membership", "node-12"),
        ("node-2", "node-2"),
        ("base-data", "base"),
        ("node-firewall", OTHERS),
        ("nodes-joined", OTHERS),
        ("baseline", OTHERS),
    ],
)
def test_a_resource_belongs_to_the_machine_of_its_name(resource: str, machine: str) -> None:
    assert machine_of(resource) == machine


def test_in_a_terminal_each_machine_has_a_row_that_says_what_it_waits_for(
    clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "140")
    shown = Shown(MachineTable, secret="pass-of-redis")
    shown.display.end(shown.begin("vpc"), None)
    base = shown.begin("base-start")
    shown.display.end(base, None)
    for number in (10, 2):
        shown.begin(f"node-{number}-start")
    joins = shown.begin("node-2-membership")
    shown.says(joins, "waiting for the API with pass-of-redis")
    clock.now += 65
    shown.display.finish(failed=False)
    table = shown.out.getvalue().partition("machine")[2].splitlines()[1:5]
    assert [line.split()[0] for line in table] == ["all", "base", "node-2", "node-10"]
    rows = [" ".join(line.split()) for line in table]
    assert rows[1] == "base 1 base-start created"
    assert rows[2].startswith("node-2 0 node-2-membership creating")
    assert "waiting for the API with [secret]" in rows[2]
    assert rows[3].startswith("node-10 0 node-10-start creating, 1m5s")


def test_a_wait_that_lasts_is_told_once_above_the_table(clock: Clock) -> None:
    shown = Shown(MachineTable)
    step = shown.begin("node-3-membership", Op.DELETE)
    shown.says(step, "To keep node-3: uv run openvidu-enterprise abort-drain node-3")
    for _ in range(3):
        clock.now += LASTS_SECONDS + AGAIN_SECONDS
        shown.second()
    assert shown.out.getvalue().count("To keep node-3") == 1

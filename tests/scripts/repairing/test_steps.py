"""What a step runs where."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from scripts.memberships import Concluded, Membership
from scripts.pulumi_cli import PulumiCli
from scripts.repairing.ladder import Step
from scripts.repairing.look import Patient
from scripts.repairing.steps import Steps
from scripts.stack_machines import Machine


@dataclass(frozen=True)
class Node(Membership):
    """A membership that keeps what is run."""

    conclusion: str = ""
    ran: list[str] = field(default_factory=list)

    def conclude(self) -> Concluded:
        return Concluded(self.conclusion, "", None)

    def run(self, action: str, **changes: str) -> int:
        self.ran.append(action)
        return 0


@dataclass(frozen=True)
class Host(Machine):
    """A machine that keeps what is run."""

    ran: list[str] = field(default_factory=list)

    def run(self, action: str, **more: str) -> int:
        self.ran.append(action)
        return 0


@pytest.mark.parametrize(("conclusion", "started"), [("serving", True), ("left", False)])
def test_beside_a_server_that_runs_what_is_down_is_started(
    conclusion: str, started: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The stack isn't asked for anything.
    monkeypatch.setattr("shutil.which", lambda _: "pulumi")
    ran: list[str] = []
    node = Node(2, {"START_NODE": "echo"}, "", conclusion, ran)
    patient = Patient(
        Host("node-2", "203.0.113.7", {}, "", None, ran),
        Machine("base", "203.0.113.5", {}, ""),
        node,
        None,
        lambda _: pytest.fail("no AWS"),
        443,
    )
    Steps(patient, PulumiCli("dev"), None, lambda _: None).take(Step.SERVICES)
    # One that doesn't serve is started by its join.
    assert ran == (["start-node"] if started else []) + ["join"]

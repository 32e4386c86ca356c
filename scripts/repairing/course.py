"""A repair from step to step: each one is decided by a look of that moment.

A step may bring a node back, and then its calls begin: the plan that was made before doesn't hold.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from scripts.repairing.ladder import (
    MachineObservation,
    Plan,
    Step,
    cost,
    costs_more,
    is_the_operators_word,
    plan,
    step_after,
)


@dataclass(frozen=True)
class End:
    """How a repair has ended.

    Attributes:
        seen: what is seen of the machine.
        plan: what follows from that.
    """

    seen: MachineObservation
    plan: Plan


@dataclass(frozen=True)
class Course:
    """How a machine is looked at and repaired.

    Attributes:
        look: looks at it from all sides.
        take: takes a step and waits for its end; whatever went wrong was told.
        agrees: whether the operator wants the step that was told; None where nobody is asked.
        tell: takes lines for the operator.
        to: the strongest step that may be taken, as in `plan`.
    """

    look: Callable[[], MachineObservation]
    take: Callable[[Step], None]
    agrees: Callable[[], bool] | None
    tell: Callable[[Sequence[str]], None]
    to: Step | None = None

    def plan(self, seen: MachineObservation, *, dead: bool) -> Plan:
        """Which steps there are, as in `ladder.plan`, by what is seen."""
        return plan(seen, self.to, dead=dead, asks=self.agrees is not None)

    def follow(self, seen: MachineObservation, *, dead: bool = False) -> End:
        """Take one step after the other, until it works or has to be left as it is.

        Args:
            seen: what is seen of it.
            dead: the operator says that a node carries no calls, as who agreed to a step does that
                would cut them. Once somebody has seen it run that doesn't count any more.
        """
        taken: Step | None = None
        decided = self.plan(seen, dead=dead)
        while step := step_after(taken, decided):
            self.tell([f"{step}: {cost(step, seen)}"])
            if self.agrees and not self.agrees():
                break
            # The answer took its time, and one look that finds it broken may have been unlucky.
            agreed, seen = seen, self.look()
            dead = dead and not seen.runs
            decided = self.plan(seen, dead=dead)
            now = step_after(taken, decided)
            if now is not step or costs_more(step, agreed, seen):
                self.tell([f"{seen.name} isn't as it was.", *_said(seen, decided)])
                if self.agrees or now is None:
                    continue
                step = now
                self.tell([f"{step}: {cost(step, seen)}"])
            dead = dead or is_the_operators_word(step, agreed)
            self.take(step)
            taken, seen = step, self.look()
            dead = dead and not seen.runs
            decided = self.plan(seen, dead=dead)
            if seen.works:
                self.tell([f"{seen.name} works again."])
                break
            self.tell([f"{seen.name} doesn't work after {step}.", *_said(seen, decided)])
        return End(seen, decided)


def _said(seen: MachineObservation, decided: Plan) -> list[str]:
    return [*seen.told, *filter(None, [decided.says])]

"""Takes registrations, from request to result: plan, carry out, remember.

Each runs in the thread of its request, up to the end of its steps.

Source: pulumi, pkg/resource/deploy/source_eval.go and deployment_executor.go.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from lab.engine.errors import EngineError
from lab.engine.model import urn as urns
from lab.engine.model.goal import Goal
from lab.engine.model.state import ResourceState
from lab.engine.model.step import Op, Step
from lab.engine.model.values import Properties, equal
from lab.engine.run.context import Context, RefusedError, StoppedError
from lab.engine.run.executor import Executor, StepFailedError
from lab.engine.run.ledger import Ledger
from lab.engine.run.planner import Planner


@dataclass(frozen=True, slots=True)
class Registered:
    """What the program gets back.

    Attributes:
        failed: whether the resource, or one that it depends on, could not be made.
        unknown: whether the resource wasn't made, so that nothing is known of it.
    """

    state: ResourceState
    failed: bool = False
    unknown: bool = False


class Registrar:
    """Carries registrations out."""

    def __init__(
        self, context: Context, ledger: Ledger, planner: Planner, executor: Executor
    ) -> None:
        self._context = context
        self._ledger = ledger
        self._planner = planner
        self._executor = executor
        self._active = 0
        self._idle = threading.Condition()
        self._steps: dict[str, Step] = {}
        self._stack_outputs: Properties | None = None

    def wait_until_idle(self) -> None:
        """Wait until no registration is under way."""
        with self._idle:
            self._idle.wait_for(lambda: self._active == 0)

    @property
    def states(self) -> list[ResourceState]:
        """All resources that were registered, in that order."""
        return [step.resource for step in self._steps.values()]

    def register(self, goal: Goal) -> Registered:
        """Register a resource.

        Raises:
            StoppedError: the deployment is stopping.
        """
        with self._at_work(), self._errors_shown(goal):
            steps = self._planner.plan(goal)
            done = self._carry_out(steps)
            if steps[0].op is Op.IMPORT and not done.failed:
                steps = self._planner.plan_after_import(goal, done.state)
                return self._carry_out(steps) if steps else done
            return done
        raise StoppedError("the deployment is stopping")

    def read(self, goal: Goal, id_: str) -> ResourceState:
        """Look at a resource that isn't managed here.

        Raises:
            StoppedError: the deployment is stopping.
        """
        with self._at_work(), self._errors_shown(goal):
            return self._carry_out(self._planner.plan_read(goal, id_)).state
        raise StoppedError("the deployment is stopping")

    def outputs(self, urn: str, outputs: Properties) -> None:
        """Set the outputs of a component; the stack's are set when all is over.

        Raises:
            RefusedError: no such resource was registered.
        """
        if urns.qualified_type(urn) == urns.STACK_TYPE:
            self._stack_outputs = outputs
            return
        with self._at_work():
            self._set_outputs(urn, outputs)

    def finish_stack(self) -> None:
        """Set the stack's outputs; after a failure, the old ones that were not given again stay."""
        outputs = self._stack_outputs
        if outputs is None:
            return
        urn = urns.stack_urn(self._context.stack, self._context.project)
        old = self._ledger.olds.get(urn)
        if self._context.failed and old is not None:
            outputs = {**old.outputs, **outputs}
        self._set_outputs(urn, outputs)

    def _set_outputs(self, urn: str, outputs: Properties) -> None:
        step = self._steps.get(urn)
        if step is None:
            if urn in self._ledger.failed:
                return
            raise RefusedError(f"cannot set outputs of '{urn}', which isn't registered", urn)
        if step.skipped or step.new is None:
            return
        changed = not equal(step.new.outputs, outputs)
        self._context.masker.learn(outputs, whole=True)
        self._context.journal.change(step.new, outputs=outputs)
        if changed:
            self._context.journal.flush()
        self._context.display.outputs(self._ledger.olds.get(urn), step.new)

    def _carry_out(self, steps: list[Step]) -> Registered:
        state = next(step.new for step in reversed(steps) if step.new is not None)
        if self._ledger.depends_on_failed(state):
            self._ledger.failed.add(state.urn)
            return Registered(state, failed=True)
        for step in steps:
            if step.new is not None and step.op is not Op.REPLACE:
                self._steps[step.urn] = step
        try:
            self._executor.run(steps)
        except StepFailedError:
            self._ledger.failed.add(state.urn)
            if self._context.stopping:
                raise
            return Registered(state, failed=True)
        self._context.masker.learn(state.outputs, whole=True)
        return Registered(state, unknown=any(step.skipped for step in steps))

    @contextmanager
    def _at_work(self) -> Iterator[None]:
        with self._idle:
            if self._context.stopping:
                raise StoppedError("the deployment is stopping")
            self._active += 1
        try:
            yield
        finally:
            with self._idle:
                self._active -= 1
                self._idle.notify_all()

    @contextmanager
    def _errors_shown(self, goal: Goal) -> Iterator[None]:
        """Show what a registration can't get past, and end the deployment."""
        try:
            yield
        except (StoppedError, StepFailedError) as error:
            raise StoppedError(str(error)) from error
        except RefusedError as error:
            if str(error):
                self._context.error(str(error), error.urn)
            self._context.fail()
            raise StoppedError(str(error)) from error
        except EngineError as error:
            if not self._context.terminated:
                urn = urns.make(
                    self._context.stack, self._context.project, goal.parent, goal.type, goal.name
                )
                self._context.error(str(error), urn)
            self._context.fail()
            raise StoppedError(str(error)) from error

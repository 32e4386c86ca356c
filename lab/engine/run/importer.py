"""Takes resources that exist into the state: what `pulumi import` does.

What the state has stays. Root stack, providers and components are made where they are missing;
everything else is read by its id.

Source: pulumi, pkg/resource/deploy/import.go.
"""

from __future__ import annotations

from collections.abc import Sequence

from lab.engine.model import urn as urns
from lab.engine.model.goal import Goal
from lab.engine.model.imports import Import
from lab.engine.model.state import ResourceState
from lab.engine.model.step import Op, Step
from lab.engine.model.values import Properties, copied_properties
from lab.engine.run.context import Context, RefusedError, StoppedError
from lab.engine.run.default_providers import DefaultProviders
from lab.engine.run.executor import Executor
from lab.engine.run.ledger import Ledger
from lab.engine.run.registrar import Registrar


class Importer:
    """Imports resources into a stack."""

    def __init__(
        self, context: Context, ledger: Ledger, registrar: Registrar, executor: Executor
    ) -> None:
        self._context = context
        self._ledger = ledger
        self._registrar = registrar
        self._executor = executor
        self._defaults = DefaultProviders(context.config, self._default_provider)

    def run(self, imports: Sequence[Import]) -> None:
        """Import all that the state hasn't got yet, parents and providers first."""
        new = [one for one in imports if not self._is_there(one)]
        if not self._may_begin(new):
            return
        try:
            self._keep_what_is_there()
            root = self._root()
            for wave in _waves(new):
                self._import(wave, root)
        except StoppedError:
            return
        except RefusedError as error:
            self._context.error(str(error), error.urn)
            self._context.fail()

    def _is_there(self, wanted: Import) -> bool:
        old = self._ledger.olds.get(wanted.urn)
        return old is not None and (wanted.is_provider or wanted.id == (old.import_id or old.id))

    def _may_begin(self, imports: Sequence[Import]) -> bool:
        """Find out what can't be imported before anything is; all of it is shown."""
        known = self._ledger.olds.keys() | {one.urn for one in imports}
        complaints = [(one, text) for one in imports if (text := self._complaint(one, known))]
        for one, text in complaints:
            self._context.error(text, one.urn)
        if complaints:
            self._context.fail()
        return not complaints

    def _complaint(self, wanted: Import, known: set[str]) -> str:
        old = self._ledger.olds.get(wanted.urn)
        if old is not None:
            has = f"with the id '{old.id}'" if old.id else "as a component"
            wants = f"the id '{wanted.id}'" if wanted.id else "a component"
            return (
                f"resource '{wanted.urn}' already exists\n"
                f"  the state has it {has}, the file names {wants}: take it out of the file, or "
                f"let the state forget it first: pulumi state delete '{wanted.urn}'"
            )
        if wanted.parent and wanted.parent not in known:
            return (
                f"unknown parent '{wanted.parent}' for resource '{wanted.urn}'\n"
                "  it is neither in the state nor in the file: add it to the file"
            )
        if wanted.provider and wanted.provider not in known:
            return (
                f"unknown provider '{wanted.provider}' for resource '{wanted.urn}'\n"
                "  it is neither in the state nor in the file: add it to the file, with its inputs"
            )
        return ""

    def _keep_what_is_there(self) -> None:
        """Go through the state in its order, so that what is new stands behind what it needs."""
        for old in self._ledger.base:
            if not old.delete:
                self._ledger.seen.add(old.urn)
                self._executor.run([Step(op=Op.SAME, old=old, new=old.copy(id=""))])

    def _root(self) -> str:
        """The URN of the stack, which is made if it isn't there."""
        context = self._context
        urn = urns.stack_urn(context.stack, context.project)
        if urn not in self._ledger.olds:
            goal = Goal(type=urns.STACK_TYPE, name=urns.name_of(urn), custom=False)
            self._registrar.register(goal)
        return urn

    def _import(self, wave: Sequence[Import], root: str) -> None:
        steps = []
        for one in wave:
            if one.is_provider:
                self._make_provider(one, root)
            else:
                self._ledger.seen.add(one.urn)
                steps.append(self._step(one, root))
        self._executor.run_wave(steps)
        if self._context.stopping:
            raise StoppedError("the deployment is stopping")

    def _step(self, wanted: Import, root: str) -> Step:
        state = ResourceState(
            urn=wanted.urn,
            type=wanted.type,
            custom=wanted.custom,
            parent=wanted.parent or root,
            provider=self._provider(wanted) if wanted.custom else "",
            protect=wanted.protect,
            import_id=wanted.id,
            inputs=copied_properties(wanted.inputs),
            outputs=copied_properties(wanted.outputs),
        )
        return Step(op=Op.IMPORT, new=state)

    def _provider(self, wanted: Import) -> str:
        if not wanted.provider:
            return self._defaults.reference(urns.package_of(wanted.type), wanted.version)
        state = self._ledger.providers.get(wanted.provider) or self._ledger.olds[wanted.provider]
        return str(urns.Reference(state.urn, state.id))

    def _default_provider(self, goal: Goal) -> ResourceState:
        context = self._context
        urn = urns.make(context.stack, context.project, "", goal.type, goal.name)
        return self._ledger.olds.get(urn) or self._registrar.register(goal).state

    def _make_provider(self, wanted: Import, root: str) -> None:
        inputs: Properties = {**wanted.inputs, "__internal": {}}
        if wanted.version:
            inputs["version"] = wanted.version
        self._registrar.register(
            Goal(
                type=wanted.type,
                name=wanted.name,
                custom=True,
                parent=wanted.parent or root,
                properties=inputs,
            )
        )


def _waves(imports: Sequence[Import]) -> list[list[Import]]:
    """In which order to import: parents and providers before what needs them."""
    waves: list[list[Import]] = []
    left = {one.urn: one for one in imports}
    while left:
        wave = [one for one in left.values() if not {one.parent, one.provider} & left.keys()]
        if not wave:
            raise RefusedError(f"resources that need one another: {', '.join(left)}")
        waves.append(wave)
        for one in wave:
            del left[one.urn]
    return waves

"""From a registration to steps: what has to be done to one resource.

Providers are asked without the ledger's lock, so that many registrations make progress at once;
each decision is taken under it, and looks again at what others have decided meanwhile.

Source: pulumi, pkg/resource/deploy/step_generator.go.
"""

from __future__ import annotations

import os
from dataclasses import dataclass

from lab.engine.display.render import scalar
from lab.engine.model.diff import Diff, because_of, with_replacements
from lab.engine.model.goal import Goal
from lab.engine.model.state import ResourceState
from lab.engine.model.step import Op, Step
from lab.engine.model.values import Properties, copied_properties, has_unknown
from lab.engine.plugin.answers import CheckFailure
from lab.engine.run.context import Context, RefusedError
from lab.engine.run.dependents import replaced_with
from lab.engine.run.differ import Differ, ignore, trigger_fires
from lab.engine.run.ledger import Ledger
from lab.engine.run.targeting import Targeting
from lab.engine.run.untargeted import check_skipped, leave_alone


@dataclass(slots=True)
class _Draft:
    """A registration on its way to steps."""

    goal: Goal
    urn: str
    old: ResourceState | None
    new: ResourceState
    recreating: bool
    targeted: bool
    forced: bool
    seed: bytes


class Planner:
    """Decides what to do for each registration."""

    def __init__(
        self,
        context: Context,
        ledger: Ledger,
        targeting: Targeting,
        differ: Differ,
    ) -> None:
        self._context = context
        self._ledger = ledger
        self._targeting = targeting
        self._differ = differ

    def plan(self, goal: Goal) -> list[Step]:
        """The steps for a registration; the last one carries the resource's new state.

        Raises:
            RefusedError: the registration can't be carried out.
            ProviderError: a provider failed to answer.
        """
        draft = self._begin(goal)
        if self._ledger.depends_on_failed(draft.new):
            # Its inputs may be unknown, so that they can't be checked: it stays as it is.
            with self._ledger.lock:
                self._ledger.sames |= {draft.urn, draft.old.urn if draft.old else draft.urn}
            return [Step(op=Op.SAME, old=draft.old, new=draft.new)]
        if _is_import(draft) and draft.targeted:
            return self._import(draft)
        self._check(draft, fresh=draft.recreating or self._starts_anew(draft))
        steps = self._decide(draft)
        return self._compare(draft) if steps is None else steps

    def plan_read(self, goal: Goal, id_: str) -> list[Step]:
        """The steps for a resource that is looked at only."""
        ledger = self._ledger
        with ledger.lock:
            urn = ledger.name(goal)
            former = ledger.find_old(urn, goal)
            old, new = former.state, goal.state(urn, former.state, former.alias)
            new.id, new.external = id_, True
            if old is not None and not old.external and old.id != id_:
                ledger.replaces.add(urn)
                return [
                    Step(op=Op.READ_REPLACEMENT, old=old, new=new),
                    Step(op=Op.REPLACE, old=old, new=new, pending_delete=True),
                ]
            ledger.reads.add(urn)
            return [Step(op=Op.READ, old=old, new=new)]

    def _begin(self, goal: Goal) -> _Draft:
        ledger = self._ledger
        with ledger.lock:
            urn = ledger.name(goal)
            former = ledger.find_old(urn, goal)
            old, new = former.state, goal.state(urn, former.state, former.alias)
            if new.is_provider:
                for name in filter(None, (urn, former.alias)):
                    ledger.providers[name] = new
            targeted = self._targeting.includes(new)
            if targeted:
                check_skipped(self._context, ledger, self._targeting, new)
            return _Draft(
                goal=goal,
                urn=urn,
                old=old,
                new=new,
                recreating=old is not None and id(old) in ledger.condemned,
                targeted=targeted,
                forced=self._targeting.replaces(urn, old),
                seed=os.urandom(32),
            )

    def plan_after_import(self, goal: Goal, imported: ResourceState) -> list[Step]:
        """The steps for what was imported as it is; none where that's what the program wants.

        Source: pulumi, pkg/resource/deploy/step_generator.go, `continueStepsFromImport`.
        """
        draft = _Draft(
            goal=goal,
            urn=imported.urn,
            old=imported,
            new=goal.state(imported.urn, imported, ""),
            recreating=False,
            targeted=True,
            forced=False,
            seed=os.urandom(32),
        )
        self._check(draft, fresh=False)
        steps = self._compare(draft)
        return [] if steps[-1].op is Op.SAME else steps

    def _import(self, draft: _Draft) -> list[Step]:
        """The step that takes what was made elsewhere; another one follows where it differs."""
        if draft.old is not None:
            raise RefusedError(
                f"{draft.new.type} '{draft.new.name}' would be replaced by what it imports, which "
                "this engine hasn't\n  deploy with the Pulumi CLI: uv run lab --engine pulumi up",
                draft.urn,
            )
        with self._ledger.lock:
            self._targeting.note(draft.new)
            self._ledger.creates.add(draft.urn)
        return [Step(op=Op.IMPORT, new=draft.new)]

    def _starts_anew(self, draft: _Draft) -> bool:
        """Whether nothing of the old inputs is to be carried over."""
        return draft.old is None or draft.old.external or draft.forced

    def _check(self, draft: _Draft, *, fresh: bool) -> None:
        """Have the inputs checked, with the old ones in view unless the resource starts anew."""
        old, new, goal = draft.old, draft.new, draft.goal
        if not draft.targeted:
            new.inputs = copied_properties(old.inputs) if old else {}
            return
        inputs = copied_properties(goal.properties)
        olds: Properties = {}
        if old is not None and not fresh:
            ignoring = ignore(inputs, old.inputs, goal.ignore_changes)
            inputs, olds = ignoring.inputs, old.inputs
            if ignoring.impossible:
                names = ", ".join(ignoring.impossible)
                self._context.warn(
                    f'cannot ignore changes in added or removed elements of the path: "{names}"',
                    draft.urn,
                )
        new.inputs = self._checked(draft, olds, inputs)

    def _checked(self, draft: _Draft, olds: Properties, inputs: Properties) -> Properties:
        new = draft.new
        if not new.custom:
            return inputs
        if new.is_provider:
            checked = self._context.registry.check(draft.urn, olds, inputs)
        else:
            provider = self._differ.provider(new)
            checked = provider.check(draft.urn, olds, inputs, draft.seed)
        for failure in checked.failures:
            self._context.error(_refusal(new, failure), draft.urn)
        if checked.failures:
            raise RefusedError("", draft.urn)
        if not self._context.options.preview and has_unknown(checked.inputs):
            raise RefusedError("an input is still unknown, although this is no preview", draft.urn)
        return checked.inputs

    def _decide(self, draft: _Draft) -> list[Step] | None:
        """The steps, unless the provider has to be asked for differences first."""
        ledger, old, new = self._ledger, draft.old, draft.new
        with ledger.lock:
            if old is not None and id(old) in ledger.condemned:
                return self._recreate(draft, old)
            if not draft.targeted:
                if old is not None:
                    return leave_alone(ledger, old, draft.urn)
                ledger.sames.add(draft.urn)
                ledger.skipped.add(draft.urn)
                return [Step(op=Op.SAME, new=new, skipped=True)]
            self._targeting.note(new)
            if old is None:
                ledger.creates.add(draft.urn)
                return [Step(op=Op.CREATE, new=new)]
            if old.external:
                ledger.creates.add(draft.urn)
                return [
                    Step(op=Op.CREATE_REPLACEMENT, old=old, new=new, pending_delete=True),
                    Step(op=Op.REPLACE, old=old, new=new, pending_delete=True),
                ]
        return None

    def _recreate(self, draft: _Draft, old: ResourceState) -> list[Step]:
        """The other half of a replacement whose delete another resource has asked for."""
        ledger = self._ledger
        ledger.deletes.discard(old.urn)
        ledger.replaces.add(draft.urn)
        keys = ledger.dependent_keys.get(old.urn, ())
        # Only what is created has reasons here. Source: pulumi, pkg/resource/deploy/
        # step_generator.go, "re-create replaced resource".
        return [
            Step(op=Op.REPLACE, old=old, new=draft.new, diff=Diff(changed=True)),
            Step(
                op=Op.CREATE_REPLACEMENT,
                old=old,
                new=draft.new,
                diff=Diff(changed=True, replace_keys=keys),
            ),
        ]

    def _compare(self, draft: _Draft) -> list[Step]:
        """The steps that the differences call for."""
        old, new, goal = draft.old, draft.new, draft.goal
        assert old is not None  # noqa: S101 - _decide has dealt with it
        triggered = trigger_fires(old.replacement_trigger, new.replacement_trigger)
        if triggered and not self._context.options.preview and has_unknown(new.replacement_trigger):
            raise RefusedError(f"replacement trigger contains unknowns for {draft.urn}", draft.urn)
        if draft.forced:
            diff = because_of("id")
        elif triggered:
            diff = Diff(changed=True)
        else:
            diff = self._differ.diff(old, new)
        not_ready = bool(old.init_errors)
        diff = with_replacements(diff, goal.replace_on_changes, init_errors=not_ready)
        must_replace = old.pending_replacement or (
            bool(diff.changed) and (diff.replaces or triggered)
        )
        if must_replace:
            if not draft.forced:
                self._check(draft, fresh=True)
            with self._ledger.lock:
                if id(old) in self._ledger.condemned:
                    return self._recreate(draft, old)
                return self._replace(draft, old, diff)
        return self._keep(draft, old, diff, changed=bool(diff.changed) or not_ready)

    def _keep(self, draft: _Draft, old: ResourceState, diff: Diff, *, changed: bool) -> list[Step]:
        ledger = self._ledger
        with ledger.lock:
            if id(old) in ledger.condemned:
                return self._recreate(draft, old)
            if changed:
                ledger.updates.add(draft.urn)
                return [Step(op=Op.UPDATE, old=old, new=draft.new, diff=diff)]
            ledger.sames.add(draft.urn)
            return [Step(op=Op.SAME, old=old, new=draft.new)]

    def _replace(self, draft: _Draft, old: ResourceState, diff: Diff) -> list[Step]:
        new = draft.new
        if new.protect and old.protect:
            self._refuse_protected(
                f'unable to replace resource "{draft.urn}"\nas it is currently marked for '
                "protection. To unprotect the resource, remove the `protect` flag from the "
                "resource in your Pulumi program and run `pulumi up`",
                draft.urn,
            )
        self._ledger.replaces.add(draft.urn)
        first = draft.goal.delete_before_replace
        if first is None:
            first = diff.delete_before_replace
        # One that waits for its replacement was deleted by a run that ended too early.
        is_gone = old.pending_replacement
        if not first and not is_gone:
            return [
                Step(op=Op.CREATE_REPLACEMENT, old=old, new=new, diff=diff, pending_delete=True),
                Step(op=Op.REPLACE, old=old, new=new, diff=diff, pending_delete=True),
            ]
        steps = self._clear_the_way(draft.urn, old) if first else []
        if not is_gone:
            self._ledger.deletes.add(old.urn)
            self._ledger.condemned.add(id(old))
            steps.append(Step(op=Op.DELETE_REPLACED, old=old, diff=diff, awaits_replacement=True))
        return [
            *steps,
            Step(op=Op.REPLACE, old=old, new=new, diff=diff),
            Step(op=Op.CREATE_REPLACEMENT, old=old, new=new, diff=diff),
        ]

    def _clear_the_way(self, urn: str, old: ResourceState) -> list[Step]:
        """Deletes of what depends on a resource that goes before its successor comes."""
        ledger, steps = self._ledger, []
        for dependent in reversed(replaced_with(old, ledger, self._differ)):
            state = dependent.state
            if id(state) in ledger.condemned or state.pending_replacement:
                continue
            if state.protect and not state.delete:
                self._refuse_protected(
                    f'unable to replace resource "{state.urn}" as part of replacing "{urn}" '
                    "as it is currently marked for protection. To unprotect the resource, remove "
                    "the `protect` flag from the resource in your Pulumi program and run "
                    f"`pulumi up`, or use the command:\n`pulumi state unprotect '{state.urn}'`",
                    urn,
                )
            ledger.dependent_keys[state.urn] = dependent.keys
            ledger.deletes.add(state.urn)
            ledger.condemned.add(id(state))
            awaits = not state.delete
            diff = Diff(changed=True, replace_keys=dependent.keys)
            steps.append(
                Step(op=Op.DELETE_REPLACED, old=state, diff=diff, awaits_replacement=awaits)
            )
        return steps

    def _refuse_protected(self, text: str, urn: str) -> None:
        if not self._context.options.preview:
            raise RefusedError(text, urn)
        self._context.error(text, urn)
        self._context.fail(stop=False)


def _is_import(draft: _Draft) -> bool:
    """Whether the program names what is there, and the state doesn't know it."""
    goal, old = draft.goal, draft.old
    known = "" if old is None or old.external else old.import_id or old.id
    return goal.custom and goal.import_id not in ("", known)


def _refusal(new: ResourceState, failure: CheckFailure) -> str:
    if failure.property:
        value = scalar(new.inputs.get(failure.property))
        return (
            f"{new.type} resource '{new.name}': property {failure.property} value {value} has a "
            f"problem: {failure.reason}"
        )
    return f"{new.type} resource '{new.name}' has a problem: {failure.reason}"

"""Resources that a targeted operation leaves alone.

Source: pulumi, pkg/resource/deploy/step_generator.go (getDependencySteps, validateSteps).
"""

from __future__ import annotations

from lab.engine.model.state import ResourceState
from lab.engine.model.step import Op, Step
from lab.engine.run.context import Context, RefusedError
from lab.engine.run.ledger import Ledger
from lab.engine.run.targeting import Targeting


def leave_alone(ledger: Ledger, old: ResourceState, urn: str) -> list[Step]:
    """Steps that keep a resource as it is, after all that it depends on.

    What it depends on may not be in the program any more, and then nobody else would keep it.
    """
    steps: list[Step] = []
    if old.delete:
        return steps
    ledger.seen.add(old.urn)
    ledger.sames |= {urn, old.urn}
    for needed in (old.provider_urn, old.parent, *old.needs()):
        before = ledger.olds.get(needed)
        if before is not None and not ledger.has_step(needed):
            steps += leave_alone(ledger, before, needed)
    steps.append(Step(op=Op.SAME, old=old, new=old.copy(id=""), untargeted=True))
    return steps


def check_skipped(
    context: Context, ledger: Ledger, targeting: Targeting, new: ResourceState
) -> None:
    """Refuse a resource that needs one which isn't made, as it isn't targeted.

    Raises:
        RefusedError: it does, and this is no preview.
    """
    if not targeting.limited:
        return
    for urn in (new.provider_urn, new.parent, *new.needs()):
        if urn not in ledger.skipped:
            continue
        text = (
            f"Resource '{new.urn}' depends on '{urn}' which was not specified in --target "
            "list.\n  Name it too, or use --target-dependents"
        )
        if not context.options.preview:
            raise RefusedError(text, new.urn)
        context.error(text, new.urn)
        context.fail(stop=False)
        ledger.skipped.discard(urn)

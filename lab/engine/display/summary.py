"""The end of a deployment's report: diagnostics, outputs, counts, duration.

Source of the form: pulumi, pkg/backend/display/display.go and progress.go.
"""

from __future__ import annotations

from collections.abc import Iterator

from lab.engine.display.facts import Facts, Message
from lab.engine.display.render import change_lines, lines
from lab.engine.display.words import WORDS
from lab.engine.model import urn as urns
from lab.engine.model.step import Op
from lab.engine.model.values import UNKNOWN, Properties

_ORDER = (Op.CREATE, Op.UPDATE, Op.DELETE, Op.REPLACE, Op.READ, Op.READ_DISCARD, Op.IMPORT)


def diagnostics(facts: Facts, stack_urn: str) -> Iterator[str]:
    """What was said, by resource, the stack's own first."""
    by_urn: dict[str, list[Message]] = {}
    for message in facts.messages:
        if message.severity != "debug":
            by_urn.setdefault(message.urn or stack_urn, []).append(message)
    if not by_urn:
        return
    yield "Diagnostics:"
    for urn in sorted(by_urn, key=lambda one: one != stack_urn):
        yield f"  {urns.type_of(urn)} ({urns.name_of(urn)}):"
        for message in by_urn[urn]:
            prefix = "" if message.severity == "info" else f"{message.severity}: "
            for line in f"{prefix}{message.text.rstrip()}".splitlines():
                yield f"    {line}".rstrip()
        yield ""


def outputs(facts: Facts) -> Iterator[str]:
    """The stack's outputs; of a preview, what changes among them."""
    old, new = facts.old_outputs, facts.new_outputs
    if facts.preview:
        if new is None:
            return
        known = {key: value for key, value in new.items() if not _same_as_far_as_known(key, facts)}
        old = {key: one for key, one in old.items() if key in known or key not in new}
        shown = list(change_lines(old, known, "  ") if old else lines(known, "    "))
    elif new is None or not old:
        shown = list(lines(old if new is None else new, "    "))
    else:
        shown = list(change_lines(old, new, "  ", whole=True))
    if shown:
        yield "Outputs:"
        yield from shown
        yield ""


def _same_as_far_as_known(key: str, facts: Facts) -> bool:
    new: Properties = facts.new_outputs or {}
    return new[key] is UNKNOWN and key in facts.old_outputs


def counts(facts: Facts) -> Iterator[str]:
    """How many resources were, or would be, changed in which way."""
    yield "Resources:"
    kinds = 0
    for op in _ORDER:
        count = facts.counts[op]
        if count:
            kinds += 1
            words = WORDS[op]
            verb = f"to {words.plan}" if facts.preview else words.done
            yield f"    {words.sign:<2}{count} {verb}"
    pieces = []
    if kinds > 1:
        pieces.append(f"{facts.changes} changes")
    same = facts.counts[Op.SAME]
    if same:
        pieces.append(f"{same} unchanged")
    if pieces:
        yield f"    {'. '.join(pieces)}"
    if facts.failed:
        yield f"    {len(facts.failed)} errored"
    yield ""


def duration(seconds: float) -> str:
    """How long it took, as 42s or 1h2m3s."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    text = f"{hours}h" if hours else ""
    text += f"{minutes}m" if hours or minutes else ""
    return f"{text}{rest}s"

"""`--json`: a preview, or an update, as one JSON document.

Source: pulumi, pkg/backend/display/json.go (PreviewDigest).
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Mapping
from typing import Any, Final, TextIO

from lab.engine.display.facts import Facts, Message, is_hidden
from lab.engine.display.masking import Masker
from lab.engine.model import urn as urns
from lab.engine.model.state import ResourceState
from lab.engine.model.step import Op, Step
from lab.engine.store.codec import Blinding, Revealing, Sealer, encode_resource

_WITHOUT_OLD: Final = frozenset({Op.CREATE, Op.READ})


class JsonDigest:
    """Collects a deployment and prints it in the end.

    Args:
        config: the configuration, secrets blinded.
        facts: what has been counted.
        masker: hides secrets.
        show_secrets: whether states show secrets in plain.
        out: where to print.
    """

    def __init__(
        self,
        config: Mapping[str, str],
        facts: Facts,
        masker: Masker,
        *,
        show_secrets: bool = False,
        out: TextIO = sys.stdout,
    ) -> None:
        self._config = config
        self._facts = facts
        self._masker = masker
        self._show_secrets = show_secrets
        self._sealer: Sealer = Revealing() if show_secrets else Blinding()
        self._out = out
        self._started = time.monotonic()
        self._steps: list[dict[str, Any]] = []

    def begin(self, step: Step) -> None:
        """A step begins: its new state has no outputs yet, and is shown so."""
        if not _looks(step):
            self._take(step)

    def end(self, step: Step, error: str | None) -> None:
        """A step has ended; of a refresh, that tells what it found."""
        self._facts.ended(step, error)
        if _looks(step):
            self._take(step)
        if error is not None:
            self.log(Message("error", error, step.urn))

    def outputs(self, old: ResourceState | None, new: ResourceState) -> None:
        """A component, or the stack, has told its outputs: they stand in its state."""

    def log(self, message: Message) -> None:
        """Somebody has said something."""
        if message.severity != "debug":
            self._facts.said(message)

    def finish(self, *, failed: bool) -> None:
        """Print the document."""
        del failed
        facts = self._facts
        said = [_diagnostic(one) for one in facts.messages]
        document = {
            **({"config": self._config} if self._config else {}),
            "steps": self._steps,
            **({"diagnostics": said} if said else {}),
            "duration": round((time.monotonic() - self._started) * 1e9),
            "changeSummary": {op.value: count for op, count in sorted(facts.counts.items())},
        }
        shown = document if self._show_secrets else self._all_masked(document)
        self._out.write(json.dumps(shown, indent=2, ensure_ascii=False) + "\n")
        self._out.flush()

    def _all_masked(self, document: dict[str, Any]) -> dict[str, Any]:
        return {
            key: self._masked(part, whole=key != "diagnostics") for key, part in document.items()
        }

    def _masked(self, part: Any, *, whole: bool) -> Any:
        if isinstance(part, str):
            return part if part.startswith("urn:pulumi:") else self._masker.mask(part, whole=whole)
        if isinstance(part, dict):
            return {key: self._masked(item, whole=whole) for key, item in part.items()}
        if isinstance(part, list):
            return [self._masked(item, whole=whole) for item in part]
        return part

    def _take(self, step: Step) -> None:
        changes = step.shown_op is not Op.SAME or step.resource.type == urns.STACK_TYPE
        if changes and step.counts and not step.skipped and not is_hidden(step.resource):
            self._steps.append(self._step(step))

    def _step(self, step: Step) -> dict[str, Any]:
        found: dict[str, Any] = {"op": step.shown_op.value, "urn": step.urn}
        if step.resource.provider:
            found["provider"] = step.resource.provider
        if step.old is not None and step.op not in _WITHOUT_OLD:
            found["oldState"] = encode_resource(step.old, self._sealer)
        if step.new is not None and step.shown_op is not Op.DELETE:
            found["newState"] = encode_resource(step.new, self._sealer)
        # A delete has no reasons. Source: pulumi, pkg/resource/deploy/step.go, `DeleteStep`.
        diff = None if step.op is Op.DELETE_REPLACED else step.diff
        if diff is not None and diff.changed_keys:
            found["diffReasons"] = list(diff.changed_keys)
        if diff is not None and diff.replace_keys:
            found["replaceReasons"] = list(diff.replace_keys)
        found["detailedDiff"] = None
        if diff is not None and diff.detailed:
            found["detailedDiff"] = {
                path: {"kind": one.kind, "inputDiff": one.input_diff}
                for path, one in sorted(diff.detailed.items())
            }
        return found


def _looks(step: Step) -> bool:
    """Whether a step finds out what there is, so that there's nothing to show before."""
    return step.result is not None


def _diagnostic(message: Message) -> dict[str, str]:
    prefix = "" if message.severity == "info" else f"{message.severity}: "
    found = {"message": f"{prefix}{message.text}\n", "severity": message.severity}
    return {"urn": message.urn, **found} if message.urn else found

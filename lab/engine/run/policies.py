"""What policy packs say of a deployment: mandatory policies stop it, the others warn.

Source: pulumi, pkg/resource/deploy/step_generator.go, `AnalyzeResources` and the call of `Analyze`:
a preview goes on, so that all violations are told; an update stops before the resource is touched.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final

import yaml

from lab.engine.display.facts import Message
from lab.engine.errors import UsageError
from lab.engine.model.state import ResourceState
from lab.engine.plugin.policy_pack import PolicyPack, Violation, pack_environment
from lab.engine.project.project import python_of
from lab.engine.run.context import Context, RefusedError

_FILE: Final = "PulumiPolicy.yaml"


class Policies:
    """The policy packs of one deployment; none is the usual."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._packs: Sequence[PolicyPack] = ()

    def start(self, engine: str) -> None:
        """Start the packs that the options name.

        Args:
            engine: address of the engine's own service.

        Raises:
            UsageError: a folder holds none.
        """
        context = self._context
        environment = {
            **os.environ,
            **pack_environment(
                context.project,
                context.stack,
                json.dumps(context.config_texts),
                preview=context.options.preview,
            ),
        }
        self._packs = [
            PolicyPack(folder, _python_of(folder), engine, environment, self._printed)
            for folder in context.options.policy_packs
        ]

    def check(self, state: ResourceState) -> None:
        """Have a resource judged that is about to be.

        Raises:
            RefusedError: a mandatory policy is violated, and this is no preview.
        """
        if not state.is_provider:
            self._mind([one for pack in self._packs for one in pack.judge(state)])

    def check_all(self, states: Iterable[ResourceState]) -> None:
        """Have all resources judged together."""
        if not self._packs:
            return
        judged = [one for one in states if not one.is_provider]
        violations = [one for pack in self._packs for one in pack.judge_all(judged)]
        self._tell(violations)
        if any(one.mandatory for one in violations):
            self._context.fail(stop=False)

    def stop(self) -> None:
        """End the packs."""
        for pack in self._packs:
            pack.stop()

    def _mind(self, violations: Sequence[Violation]) -> None:
        self._tell(violations)
        mandatory = [one for one in violations if one.mandatory]
        if mandatory and self._context.options.preview:
            self._context.fail(stop=False)
        elif mandatory:
            raise RefusedError("", mandatory[0].urn)

    def _tell(self, violations: Sequence[Violation]) -> None:
        for one in violations:
            level, tell = (
                ("mandatory", self._context.error)
                if one.mandatory
                else ("advisory", self._context.warn)
            )
            tell(f"[{level}] {one.policy}: {one.message}", one.urn)

    def _printed(self, line: str) -> None:
        if line.strip():
            self._context.display.log(Message("info", line))


def _python_of(folder: Path) -> Path:
    """The interpreter that a policy pack asks for.

    Raises:
        UsageError: there's no policy pack in that folder.
    """
    file = folder / _FILE
    if not file.is_file():
        raise UsageError(
            f"no policy pack in {folder}: expected {file}\n  Next: --policy-pack policy"
        )
    return python_of(yaml.safe_load(file.read_text()), file)

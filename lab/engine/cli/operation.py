"""One deployment, from the command line's wishes to the stack's history."""

from __future__ import annotations

import sys
import time
from argparse import Namespace
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

from lab.engine.cli import configuration
from lab.engine.cli.configuration import Configuration
from lab.engine.cli.session import Opened, Session
from lab.engine.display.brief import Brief
from lab.engine.display.console import VERBOSE_VARIABLE, Console, Style, say
from lab.engine.display.facts import Display, Facts, Message
from lab.engine.display.masking import Masker
from lab.engine.display.preview_json import JsonDigest
from lab.engine.errors import DeploymentCancelledError, DeploymentFailedError, EngineError
from lab.engine.model.state import Deployment as Snapshot
from lab.engine.model.urn import stack_urn
from lab.engine.model.values import Value
from lab.engine.plugin.registry import Registry
from lab.engine.run.context import Context
from lab.engine.run.deployment import Deployment, Work
from lab.engine.run.interrupts import interruptible
from lab.engine.run.options import MOST_PARALLEL, Options, Targets, default_parallel
from lab.engine.run.program import Program
from lab.engine.store.codec import Sealer
from lab.engine.store.journal import Journal

_TITLES: Final = {
    ("update", True): "Previewing update",
    ("update", False): "Updating",
    ("destroy", True): "Previewing destroy",
    ("destroy", False): "Destroying",
    ("refresh", True): "Previewing refresh",
    ("refresh", False): "Refreshing",
}


class Operation:
    """A preview, or the deed.

    Args:
        session: the command's surroundings.
        options: the command line.
        verb: update, refresh or destroy.
        preview: whether to touch nothing.
    """

    def __init__(self, session: Session, options: Namespace, verb: str, *, preview: bool) -> None:
        self._session = session
        self._options = options
        self._verb = verb
        self._preview = preview
        self._masker = Masker()
        self._urn = stack_urn(session.stack, session.project.name)
        self._facts = Facts(preview=preview, stack_urn=self._urn)

    def run(self, program: Program | None) -> None:
        """Carry it out.

        Args:
            program: the program, started; None when none is to run.

        Raises:
            DeploymentFailedError: it failed; why has been shown.
            DeploymentCancelledError: the operator has stopped it.
            EngineError: it can't even begin.
        """
        session = self._session
        lock = session.backend.lock(session.stack)
        if not self._preview:
            lock.acquire()
        try:
            session.forget_state()
            config = configuration.load(
                session,
                getattr(self._options, "config", []),
                self._masker,
                # The others don't look at what the program would be given.
                validate=self._verb == "update",
            )
            if not self._preview:
                session.crypter.check()
            state = session.state()
            context = self._context(config, state)
            work = Work(self._verb, program, session.project)
            good = self._deploy(context, state.deployment, config, work)
        finally:
            if not self._preview:
                lock.release()
        if context.cancelled:
            raise DeploymentCancelledError("")
        if not good:
            raise DeploymentFailedError("")
        if self._options.expect_no_changes and self._facts.changes:
            raise EngineError("no changes were expected but changes were proposed")

    def _deploy(self, context: Context, base: Snapshot, config: Configuration, work: Work) -> bool:
        session = self._session
        if not self._preview:
            session.backend.back_up(session.stack)
        began = int(time.time())
        deployment = Deployment(context, base, config.secret_keys)
        with interruptible(context, say(self._masker)):
            good = deployment.run(work)
        if not self._preview:
            session.backend.record(session.stack, self._history(config, began, good=good))
        return good

    def _context(self, config: Configuration, state: Opened) -> Context:
        session = self._session
        for one in state.deployment.resources:
            self._masker.learn(one.inputs)
            self._masker.learn(one.outputs, whole=True)
            if one.urn == self._urn and not (self._preview or self._verb == "destroy"):
                self._facts.old_outputs = one.outputs
        display = self._display(config)
        return Context(
            project=session.project.name,
            stack=session.stack,
            config=config.as_values,
            options=self._choices(),
            registry=Registry(session.environment, _reporter(display), self._learn_answer),
            journal=self._journal(state.deployment, state.encrypting),
            display=display,
            masker=self._masker,
        )

    def _learn_answer(self, value: Value) -> None:
        self._masker.learn(value, whole=True)

    def _journal(self, base: Snapshot, sealer: Sealer) -> Journal:
        session = self._session
        provider = {"type": "passphrase", "state": {"salt": session.crypter.state}}

        def save(pieces: Iterable[bytes]) -> None:
            session.backend.save(session.stack, pieces)

        return Journal(base, sealer, provider, None if self._preview else save)

    def _display(self, config: Configuration) -> Display:
        options = self._options
        if options.json:
            return JsonDigest(
                config.blinded, self._facts, self._masker, show_secrets=options.show_secrets
            )
        terminal = sys.stdout.isatty() and not options.non_interactive
        colour = options.color == "always" or (options.color == "auto" and sys.stdout.isatty())
        style = Style(colour=colour, terminal=terminal, diff=options.diff)
        session = self._session
        title = f"{_TITLES[self._verb, self._preview]} ({session.stack})"
        shown: type[Console] = Brief
        if options.diff or self._preview or session.environment.get(VERBOSE_VARIABLE):
            shown = Console
        elif terminal:
            # Rich takes as long to load as a small stack's preview.
            from lab.engine.display.machine_table import MachineTable  # noqa: PLC0415

            shown = MachineTable
        return shown(title, self._urn, self._facts, self._masker, style)

    def _choices(self) -> Options:
        options = self._options
        parallel = default_parallel() if options.parallel is None else options.parallel
        if parallel < 1:
            parallel = MOST_PARALLEL
        replaced = (*getattr(options, "replace", []), *getattr(options, "target_replace", []))
        targets = (*options.target, *getattr(options, "target_replace", []))
        return Options(
            preview=self._preview,
            parallel=min(parallel, MOST_PARALLEL),
            targets=Targets(targets),
            target_dependents=options.target_dependents,
            replace=Targets(replaced),
            continue_on_error=options.continue_on_error,
            refresh=options.refresh == "true",
            clear_pending_creates=options.clear_pending_creates,
        )

    def _history(self, config: Configuration, began: int, *, good: bool) -> Mapping[str, Any]:
        return {
            "kind": self._verb,
            "startTime": began,
            "message": self._options.message,
            "environment": {"exec.kind": "embedded"},
            "config": dict(config.raw),
            "version": 0,
            "result": "succeeded" if good else "failed",
            "endTime": int(time.time()),
            "resourceChanges": {op.value: count for op, count in self._facts.counts.items()},
        }


def _reporter(display: Display) -> Callable[[str], None]:
    def report(line: str) -> None:
        if line.strip():
            display.log(Message("info", line))

    return report

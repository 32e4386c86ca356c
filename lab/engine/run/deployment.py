"""A deployment from beginning to end.

Refresh if asked; run the program, whose registrations create, update and replace; then delete what
is left over. Source: pulumi, pkg/resource/deploy/deployment_executor.go.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping, Set
from dataclasses import dataclass
from typing import Final

from lab.engine.display.facts import Message
from lab.engine.errors import EngineError
from lab.engine.model import urn as urns
from lab.engine.model.state import Deployment as Snapshot
from lab.engine.model.state import ResourceState
from lab.engine.plugin.provider import Provider
from lab.engine.plugin.required import required_packages
from lab.engine.project.project import Project
from lab.engine.run.context import Context
from lab.engine.run.deletes import delete_leftovers
from lab.engine.run.differ import Differ
from lab.engine.run.engine_service import EngineService
from lab.engine.run.executor import Executor
from lab.engine.run.ledger import Ledger
from lab.engine.run.monitor import Monitor
from lab.engine.run.planner import Planner
from lab.engine.run.program import Program
from lab.engine.run.refresh import Refresher
from lab.engine.run.registrar import Registrar
from lab.engine.run.servers import LogServer, MonitorServer
from lab.engine.run.targeting import Targeting

_POLL_SECONDS: Final = 0.05


@dataclass(frozen=True, slots=True)
class Work:
    """What a deployment is to do.

    Attributes:
        verb: update, destroy or refresh.
        program: the program, started; None for all but update.
        project: the project it belongs to.
    """

    verb: str
    program: Program | None
    project: Project


class Deployment:
    """Carries one deployment out.

    Args:
        context: names, services, display.
        base: the state that the stack has.
        secret_keys: keys of the configuration that are secret.
    """

    def __init__(self, context: Context, base: Snapshot, secret_keys: Set[str]) -> None:
        self._context = context
        self._base = base
        self._secret_keys = secret_keys
        self._ledger = Ledger(context.stack, context.project, base.resources)
        self._targeting = Targeting(context.options)
        self._differ = Differ(context, self._ledger)
        self._executor = Executor(context, self._provider_of, self._is_deleted)
        planner = Planner(context, self._ledger, self._targeting, self._differ)
        self._registrar = Registrar(context, self._ledger, planner, self._executor)

    def run(self, work: Work) -> bool:
        """Do the work.

        Returns:
            Whether all went well. What didn't has been shown.
        """
        context = self._context
        log = LogServer(EngineService(context.display.log))
        context.registry.engine_address = log.address
        self._warm_up(work)
        try:
            try:
                self._do(work)
            except EngineError as error:
                context.error(str(error))
                context.fail()
            self._finish()
        finally:
            context.registry.close()
            log.stop()
        return not context.failed and not context.cancelled

    def _finish(self) -> None:
        """Write what is left, and sum up; providers, which may take a while to end, end later."""
        context = self._context
        try:
            context.journal.close()
        except EngineError as error:
            context.error(str(error))
            context.fail()
        if context.cancelled:
            context.error(f"{_noun(context)} canceled")
        context.display.finish(failed=context.failed or context.cancelled)

    def _do(self, work: Work) -> None:
        context = self._context
        if context.options.refresh or work.verb == "refresh":
            Refresher(context, self._ledger, self._targeting, self._differ).run()
            if work.verb == "refresh" or context.failed or context.stopping:
                self._say_if_failed()
                return
        elif self._base.operations and not context.options.preview:
            self._warn_of_pending()
        stopped_by_program = False
        if work.program is not None:
            stopped_by_program = self._run_program(work)
        if not context.stopping:
            self._check_targets()
        if not context.stopping:
            delete_leftovers(context, self._ledger, self._targeting, self._executor)
        self._registrar.finish_stack()
        if not stopped_by_program:
            self._say_if_failed()

    def _say_if_failed(self) -> None:
        if self._context.failed and not self._context.cancelled:
            self._context.error(f"{_noun(self._context)} failed")

    def _run_program(self, work: Work) -> bool:
        """Run the program until it has registered everything.

        Returns:
            Whether the program itself has failed, and said why.
        """
        context, program = self._context, work.program
        assert program is not None  # noqa: S101 - the caller has looked
        root = work.project.folder
        monitor = Monitor(context, self._ledger, self._registrar, self._by_reference, root)
        server = MonitorServer(monitor, EngineService(self._said), context.options.parallel)
        failed_itself = False
        try:
            ended = self._start(program, server.address)
            while not (monitor.program_is_done.is_set() or context.stopping):
                if ended.wait(_POLL_SECONDS):
                    break
            self._registrar.wait_until_idle()
            if ended.is_set() and not monitor.program_is_done.is_set() and not context.stopping:
                failed_itself = self._judge(program)
        finally:
            monitor.program_may_end.set()
            if context.stopping:
                program.stop()
            program.wait()
            server.stop()
        return failed_itself

    def _start(self, program: Program, address: str) -> threading.Event:
        context = self._context
        settings = {
            "monitor": address,
            "engine": address,
            "project": context.project,
            "stack": context.stack,
            "parallel": context.options.parallel,
            "dry_run": context.options.preview,
        }
        environment: Mapping[str, str] = {
            "PULUMI_CONFIG": json.dumps(context.config_texts),
            "PULUMI_CONFIG_SECRET_KEYS": json.dumps(sorted(self._secret_keys)),
        }
        program.run(settings, environment, self._printed)
        ended = threading.Event()

        def wait() -> None:
            program.wait()
            ended.set()

        threading.Thread(target=wait, name="program-end", daemon=True).start()
        return ended

    def _printed(self, line: str) -> None:
        if line:
            self._said(Message("info", line))

    def _said(self, message: Message) -> None:
        # After a stop the program only complains that the engine is gone.
        if not self._context.stopping:
            self._context.display.log(message)

    def _judge(self, program: Program) -> bool:
        complaint = program.wait()
        if complaint:
            self._context.error(complaint)
        if not program.succeeded:
            self._context.fail()
        return not program.succeeded

    def _check_targets(self) -> None:
        known = {state.urn for state in self._base.resources} | self._ledger.seen
        missing = self._targeting.missing(known)
        for urn in missing:
            self._context.error(f"Target '{urn}' could not be found in the stack.")
        if missing:
            self._context.fail()

    def _warn_of_pending(self) -> None:
        lines = "".join(
            f"  * {one.resource.urn}, interrupted while {one.kind}\n"
            for one in self._base.operations
        )
        self._context.warn(
            f"Attempting to deploy or update resources with {len(self._base.operations)} pending "
            f"operations from previous deployment.\n{lines}"
            "These resources are in an unknown state because the engine was interrupted while "
            "waiting for changes to these resources to complete. You should confirm whether or "
            "not the operations listed completed successfully by checking the state of the "
            "appropriate provider. For example, if you are using AWS, you can confirm using the "
            "AWS Console.\n\n"
            "Once you have confirmed the status of the interrupted operations, you can repair "
            "your stack using `pulumi refresh` which will refresh the state from the provider you "
            "are using and clear the pending operations if there are any.\n\n"
            "Note that pending CREATE operations are cleared only by "
            "`pulumi refresh --clear-pending-creates`."
        )

    def _warm_up(self, work: Work) -> None:
        """Start the providers that are likely to be used, while the program gets ready."""
        likely = {urns.package_of(one.type) for one in self._base.resources if one.is_provider}
        if work.program is not None:
            likely |= {one.name for one in required_packages(work.project.python)}
        for package in sorted(likely):
            self._context.registry.warm_up(package)

    def _provider_of(self, state: ResourceState) -> Provider:
        return self._differ.provider(state)

    def _by_reference(self, reference: str) -> Provider:
        known = self._ledger.provider_state(reference)
        return self._context.registry.ensure(reference, known)

    def _is_deleted(self, urn: str) -> bool:
        return urn in self._ledger.deletes


def _noun(context: Context) -> str:
    return "preview" if context.options.preview else "update"

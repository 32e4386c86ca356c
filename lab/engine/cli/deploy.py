"""`preview`, `up`, `refresh` and `destroy`."""

from __future__ import annotations

import sys
from argparse import Namespace

from lab.engine.cli.session import Session
from lab.engine.errors import UsageError
from lab.engine.run.program import Program


def preview(options: Namespace) -> None:
    """Show what an update would do."""
    _once(Session(options), options, "update", preview=True)


def up(options: Namespace) -> None:
    """Update, after a preview and a question unless told otherwise."""
    _with_preview(Session(options), options, "update")


def refresh(options: Namespace) -> None:
    """Take what there is into the state."""
    _with_preview(Session(options), options, "refresh")


def destroy(options: Namespace) -> None:
    """Delete all resources."""
    session = Session(options)
    _with_preview(session, options, "destroy")
    if options.preview_only or options.target:
        return
    stack = session.stack
    if options.remove:
        session.backend.remove(stack)
        session.file.path.unlink(missing_ok=True)
        sys.stdout.write(f"The resources of the stack and '{stack}' itself are gone.\n")
    elif not options.json:
        sys.stdout.write(
            "The resources in the stack have been deleted, but the history and configuration "
            "associated with the stack are still maintained. \n"
            f"If you want to remove the stack completely, run `pulumi stack rm {stack}`.\n"
        )


def _with_preview(session: Session, options: Namespace, verb: str) -> None:
    """Preview, ask, and do it; each of them as the options say."""
    asked = options.yes or options.skip_preview or options.preview_only
    interactive = sys.stdin.isatty() and not options.non_interactive
    if not asked and not interactive:
        raise UsageError(
            "--yes or --skip-preview must be passed in to proceed when running in "
            "non-interactive mode"
        )
    if options.preview_only or not (options.skip_preview or options.json):
        _once(session, options, verb, preview=True)
        if options.preview_only:
            return
        session.confirm(f"Do you want to perform this {verb}?")
    _once(session, options, verb, preview=False)


def _once(session: Session, options: Namespace, verb: str, *, preview: bool) -> None:
    # First what takes longest: a process that loads Pulumi for the program. While it does, the key
    # for secrets is made, and this process loads gRPC (which is why that import stands here).
    program = Program(session.project) if verb == "update" else None
    try:
        session.begin_unlocking(needed=not preview)
        from lab.engine.cli.operation import Operation  # noqa: PLC0415

        Operation(session, options, verb, preview=preview).run(program)
    finally:
        if program is not None:
            program.stop()

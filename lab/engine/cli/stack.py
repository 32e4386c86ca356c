"""`stack` and its subcommands, and `cancel`."""

from __future__ import annotations

import json
import sys
from argparse import Namespace
from pathlib import Path
from typing import Any

from lab.engine.cli.session import Session, plain_name
from lab.engine.cli.tree import tree_lines
from lab.engine.display.render import scalar
from lab.engine.errors import EngineError, UsageError
from lab.engine.model.state import Deployment, now
from lab.engine.model.urn import STACK_TYPE
from lab.engine.model.values import Properties, Secret
from lab.engine.store.codec import (
    VERSION,
    Blinding,
    Decoder,
    Encrypting,
    Revealing,
    check_version,
    encode_resource,
    plain_json,
)
from lab.engine.store.crypter import Crypter, passphrase


def init(options: Namespace) -> None:
    """Make a stack and select it."""
    session = Session(options)
    name = options.name or options.stack
    if not name:
        raise UsageError("stack init: expected the name of the stack to make")
    if options.secrets_provider not in ("default", "passphrase"):
        raise UsageError(
            f"--secrets-provider {options.secrets_provider}: this engine knows 'passphrase' only"
        )
    stack = plain_name(name)
    file = session.stack_file(stack)
    crypter = None if file.salt else Crypter.new(passphrase(session.environment))
    session.backend.create(stack)
    if crypter is not None:
        file.set_salt(crypter.state)
        file.save()
    if not getattr(options, "no_select", False):
        session.selection.select(session.project, session.url, stack)
    sys.stdout.write(f"Created stack '{stack}'\n")


def select(options: Namespace) -> None:
    """Select a stack."""
    session = Session(options)
    name = options.name or options.stack
    if not name:
        raise UsageError("stack select: expected the name of a stack")
    stack = plain_name(name)
    if options.create and not session.backend.exists(stack):
        init(options)
        return
    session.require(stack)
    session.selection.select(session.project, session.url, stack)


def ls(options: Namespace) -> None:
    """List the stacks."""
    session = Session(options)
    selected = session.selection.stack(session.project, session.url)
    rows: list[dict[str, Any]] = []
    for name in session.backend.names():
        state = session.backend.load(name)
        row: dict[str, Any] = {"name": name, "current": name == selected}
        if state:
            row["lastUpdate"] = state["manifest"]["time"]
            row["resourceCount"] = len(state.get("resources") or [])
        rows.append(row)
    if options.json:
        _print_json(rows)
        return
    cells = [["NAME", "LAST UPDATE", "RESOURCE COUNT"]]
    for row in rows:
        mark = "*" if row["current"] else ""
        cells.append(
            [row["name"] + mark, row.get("lastUpdate", "n/a"), str(row.get("resourceCount", "n/a"))]
        )
    widths = [max(len(line[column]) for line in cells) for column in range(3)]
    for line in cells:
        text = "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True))
        sys.stdout.write(f"{text.rstrip()}\n")


def rm(options: Namespace) -> None:
    """Remove a stack that holds nothing, or anything by force."""
    session = Session(options)
    stack = plain_name(options.name) if options.name else session.stack
    session.require(stack)
    count = len(session.backend.load(stack).get("resources") or [])
    if count and not options.force:
        raise EngineError(
            f"'{stack}' still has {count} resources; removal rejected\n"
            "  delete them with `pulumi destroy`, or forget them with --force"
        )
    session.confirm(f"This will permanently remove the '{stack}' stack! Go on?")
    lock = session.backend.lock(stack)
    lock.acquire()
    try:
        session.backend.remove(stack)
    finally:
        lock.release()
    if not options.preserve_config:
        session.stack_file(stack).path.unlink(missing_ok=True)
    if session.selection.stack(session.project, session.url) == stack:
        session.selection.select(session.project, session.url, None)
    sys.stdout.write(f"Stack '{stack}' has been removed!\n")


def cancel(options: Namespace) -> None:
    """Free the lock of a stack whose update was killed."""
    session = Session(options)
    stack = plain_name(options.name) if options.name else session.stack
    session.require(stack)
    session.confirm(
        f"This will irreversibly cancel the currently running update for '{stack}'. Go on?"
    )
    session.backend.unlock(stack)
    sys.stdout.write(f"The currently running update for '{stack}' has been canceled!\n")


def show(options: Namespace) -> None:
    """Print the stack's resources and outputs."""
    session = Session(options)
    if options.show_name:
        sys.stdout.write(f"{session.stack}\n")
        return
    state = _state(session)
    out = sys.stdout
    out.write(f"Current stack is {session.stack}:\n")
    if state.time:
        out.write(f"    Last updated: {state.time}\n")
    out.write(f"Current stack resources ({len(state.resources)}):\n")
    for line in tree_lines(state.resources, ids=options.show_ids, urns=options.show_urns):
        out.write(f"    {line}\n")
    _print_outputs(_outputs(state), reveal=options.show_secrets)


def output(options: Namespace) -> None:
    """Print the stack's outputs, or one of them."""
    session = Session(options)
    outputs = _outputs(_state(session))
    reveal = options.show_secrets
    if options.name is None:
        if options.json:
            _print_json({key: _json_of(outputs[key], reveal) for key in sorted(outputs)})
        else:
            _print_outputs(outputs, reveal=reveal)
        return
    if options.name not in outputs:
        raise EngineError(f"current stack does not have output property '{options.name}'")
    value = _json_of(outputs[options.name], reveal)
    if options.json:
        _print_json(value)
    else:
        sys.stdout.write(f"{_text_of(value)}\n")


def export(options: Namespace) -> None:
    """Print the stack's deployment, as `import` takes it."""
    session = Session(options)
    raw = dict(session.raw_state)
    if options.show_secrets:
        state = _state(session)
        raw["resources"] = [encode_resource(one, Revealing()) for one in state.resources]
    if not raw:
        raw = {"manifest": {"time": now(), "magic": "", "version": ""}, "metadata": {}}
    text = json.dumps({"version": VERSION, "deployment": raw}, indent=4, ensure_ascii=False)
    if options.file:
        Path(options.file).write_text(f"{text}\n")
    else:
        sys.stdout.write(f"{text}\n")


def import_(options: Namespace) -> None:
    """Replace the stack's deployment by an exported one."""
    session = Session(options)
    source = options.file or "standard input"
    text = Path(options.file).read_text() if options.file else sys.stdin.read()
    try:
        raw = json.loads(text)
    except ValueError as error:
        raise EngineError(f"{source}: no JSON: {error}") from error
    check_version(raw, source)
    deployment = raw.get("deployment") or {}
    _check_names(session, deployment, source, force=options.force)
    deployment = _sealed(session, deployment)
    lock = session.backend.lock(session.stack)
    lock.acquire()
    try:
        session.backend.back_up(session.stack)
        text = json.dumps(deployment, separators=(",", ":"), ensure_ascii=False)
        session.backend.save(session.stack, [text.encode()])
    finally:
        lock.release()
    sys.stdout.write("Import complete.\n")


def _check_names(session: Session, deployment: Any, source: str, *, force: bool) -> None:
    wanted = f"urn:pulumi:{session.stack}::{session.project.name}::"
    for one in deployment.get("resources") or []:
        if not one["urn"].startswith(wanted) and not force:
            raise EngineError(
                f"{source}: resource '{one['urn']}' belongs to another stack than "
                f"'{session.stack}'; import it with --force if that is meant"
            )


def _sealed(session: Session, deployment: Any) -> Any:
    """The deployment with secrets that came in plain encrypted for this stack."""
    if '"plaintext"' not in json.dumps(deployment):
        return deployment
    state = Decoder(session.crypter).deployment(deployment)
    encrypting = Encrypting(session.crypter)
    return {
        **deployment,
        "secrets_providers": {"type": "passphrase", "state": {"salt": session.crypter.state}},
        "resources": [encode_resource(one, encrypting) for one in state.resources],
    }


def _state(session: Session) -> Deployment:
    if not session.raw_state:
        return Deployment()
    return session.state().deployment


def _outputs(state: Deployment) -> Properties:
    for one in state.resources:
        if one.type == STACK_TYPE and not one.delete:
            return one.outputs
    return {}


def _print_outputs(outputs: Properties, *, reveal: bool) -> None:
    out = sys.stdout
    out.write(f"Current stack outputs ({len(outputs)}):\n")
    if not outputs:
        out.write("    No output values currently in this stack\n")
        return
    width = max(len("OUTPUT"), *map(len, outputs))
    out.write(f"    {'OUTPUT':<{width}}  VALUE\n")
    for key in sorted(outputs):
        out.write(f"    {key:<{width}}  {_text_of(_json_of(outputs[key], reveal))}\n")


def _json_of(value: Any, reveal: bool) -> Any:
    if isinstance(value, Secret) and not reveal:
        return scalar(value)
    return plain_json(value, sealer=None if reveal else Blinding())


def _text_of(value: Any) -> str:
    if isinstance(value, str):
        return value
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def _print_json(value: Any) -> None:
    sys.stdout.write(json.dumps(value, indent=2, ensure_ascii=False) + "\n")

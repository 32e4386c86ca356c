"""`state unprotect` and `state delete`."""

from __future__ import annotations

import json
import sys
from argparse import Namespace
from collections.abc import Callable
from typing import Any

from lab.engine.cli.session import Session
from lab.engine.errors import EngineError, UsageError


def unprotect(options: Namespace) -> None:
    """Let resources be deleted that were protected."""
    if not options.urn and not options.all:
        raise UsageError("state unprotect: expected the URN of a resource, or --all")

    def edit(resources: list[dict[str, Any]]) -> list[dict[str, Any]]:
        chosen = [one for one in resources if options.all or one["urn"] == options.urn]
        _refuse_none(chosen, options.urn)
        for one in chosen:
            one.pop("protect", None)
        return resources

    _edit(options, edit, "Resources unprotected\n")


def delete(options: Namespace) -> None:
    """Take a resource out of the state; the resource itself isn't touched."""

    def edit(resources: list[dict[str, Any]]) -> list[dict[str, Any]]:
        chosen = [one for one in resources if one["urn"] == options.urn]
        _refuse_none(chosen, options.urn)
        if any(one.get("protect") for one in chosen) and not options.force:
            raise EngineError(f"'{options.urn}' is protected; unprotect it first, or use --force")
        left = [one for one in resources if one["urn"] != options.urn]
        if f'"{options.urn}' in json.dumps(left):
            raise EngineError(f"'{options.urn}' can't be removed: other resources depend on it")
        return left

    _edit(options, edit, "Resource deleted\n")


def _refuse_none(chosen: list[dict[str, Any]], urn: str | None) -> None:
    if not chosen:
        raise EngineError(
            f"No such resource '{urn}' exists in the current state\n"
            "  `pulumi stack --show-urns` lists those that do"
        )


def _edit(
    options: Namespace,
    edit: Callable[[list[dict[str, Any]]], list[dict[str, Any]]],
    said: str,
) -> None:
    session = Session(options)
    session.confirm("This edits the stack's state directly. Go on?")
    lock = session.backend.lock(session.stack)
    lock.acquire()
    try:
        raw = dict(session.raw_state)
        raw["resources"] = edit(list(raw.get("resources") or []))
        session.backend.back_up(session.stack)
        text = json.dumps(raw, separators=(",", ":"), ensure_ascii=False)
        session.backend.save(session.stack, [text.encode()])
    finally:
        lock.release()
    sys.stdout.write(said)

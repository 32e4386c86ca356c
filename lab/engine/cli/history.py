"""`stack history`, which Pulumi's Automation API asks after each update."""

from __future__ import annotations

import json
import sys
from argparse import Namespace
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from lab.engine.cli.session import NoSecrets, Session
from lab.engine.project import values


def history(options: Namespace) -> None:
    """Print the stack's updates, the newest first."""
    session = Session(options)
    entries = session.backend.history(session.stack)
    if options.page_size:
        first = (options.page - 1) * options.page_size
        entries = entries[first : first + options.page_size]
    if options.json:
        shown = [_shown(session, entry, reveal=options.show_secrets) for entry in entries]
        sys.stdout.write(json.dumps(shown, indent=2, ensure_ascii=False) + "\n")
        return
    for entry in entries:
        what = f"{entry['kind']:<8} {entry['result']:<10} {entry.get('message') or ''}"
        sys.stdout.write(f"{_time(entry['startTime'])}  {what.rstrip()}\n")


def _shown(session: Session, entry: Mapping[str, Any], *, reveal: bool) -> dict[str, Any]:
    """An update as the CLI shows it: pulumi, pkg/cmd/pulumi/stack/stack_history.go."""
    return {
        **entry,
        "startTime": _time(entry["startTime"]),
        "endTime": _time(entry["endTime"]),
        "config": {
            key: _config(session, raw, reveal=reveal)
            for key, raw in (entry.get("config") or {}).items()
        },
    }


def _config(session: Session, raw: values.Raw, *, reveal: bool) -> dict[str, Any]:
    secret = values.has_secure(raw)
    if secret and not reveal:
        return {"secret": True}
    opener = session.crypter if secret else NoSecrets()
    return {"value": values.as_text(values.opened(raw, opener)), "secret": secret}


def _time(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")

"""`config` and its subcommands."""

from __future__ import annotations

import getpass
import json
import sys
from argparse import Namespace
from collections.abc import Iterable
from typing import Any

from lab.engine.cli.session import NoSecrets, Session
from lab.engine.errors import EngineError, UsageError
from lab.engine.model import paths
from lab.engine.project import project as projects
from lab.engine.project import values
from lab.engine.store.codec import Decrypts


def list_all(options: Namespace) -> None:
    """Print the configuration; secrets blinded unless asked for."""
    session = Session(options)
    config = _merged(session)
    shown: dict[str, dict[str, Any]] = {}
    for key in sorted(config):
        raw, secret = config[key], values.has_secure(config[key])
        entry: dict[str, Any] = {"secret": secret}
        if options.show_secrets or not secret:
            plain = values.opened(raw, _opener(session, raw))
            entry = {"value": values.as_text(plain), "secret": secret}
            if isinstance(raw, dict | list) and not values.is_secure(raw):
                entry["objectValue"] = plain
        shown[key] = entry
    if options.json:
        sys.stdout.write(json.dumps(shown, indent=2, ensure_ascii=False) + "\n")
        return
    names = {key: key.removeprefix(f"{session.project.name}:") for key in shown}
    width = max(map(len, ["KEY", *names.values()]))
    sys.stdout.write(f"{'KEY':<{width}}  VALUE\n")
    for key, entry in shown.items():
        text = entry.get("value", values.as_text(values.blinded(config[key])))
        text = text.rstrip("\n").replace("\n", "\n" + " " * (width + 2))
        sys.stdout.write(f"{names[key]:<{width}}  {text}\n")


def set_(options: Namespace) -> None:
    """Set a value; from standard input when none is given."""
    session = Session(options)
    text = options.value
    if text is None:
        text = asked_for(secret=options.secret)
    path = paths.parse(options.key) if options.path else (options.key,)
    key = _key(path)
    looks_secret = not options.plaintext and not options.path and _looks_secret(key, text)
    if looks_secret and not options.secret:
        raise UsageError(
            f"config value for '{key}' looks like a secret; rerun with --secret to encrypt it, or "
            "--plaintext if you meant to store in plaintext"
        )
    raw = values.typed(text, options.type, guess=options.path)
    _put(session, path, raw, text, secret=options.secret)
    session.file.save()


def asked_for(*, secret: bool) -> str:
    """A value from standard input; in a terminal it's asked for, and a secret isn't shown.

    Source: pulumi, pkg/cmd/pulumi/config/config_set.go.
    """
    if not sys.stdin.isatty():
        return sys.stdin.read().removesuffix("\n")
    return getpass.getpass("value: ") if secret else input("value: ")


def set_all(options: Namespace) -> None:
    """Set values: all of them, or none when one is refused."""
    session = Session(options)
    for pairs, secret in ((options.plaintext, False), (options.secret, True)):
        for pair in pairs:
            name, separator, text = pair.partition("=")
            if not separator:
                raise UsageError("config value must be in the form [key]=[value]")
            path = paths.parse(name) if options.path else (name,)
            _put(session, path, values.typed(text, None, guess=options.path), text, secret=secret)
    for name, entry in _entries(options.json):
        if "value" not in entry:
            raise UsageError(f'value for --json object key "{name}" is nil')
        text = entry["value"]
        raw = entry.get("objectValue", text)
        _put(session, (name,), raw, text, secret=entry.get("secret", False))
    session.file.save()


def _entries(text: str | None) -> Iterable[tuple[str, dict[str, Any]]]:
    try:
        found: dict[str, dict[str, Any]] = json.loads(text) if text else {}
    except ValueError as error:
        raise UsageError(f"could not parse --json argument: {error}") from None
    return found.items()


def _put(session: Session, path: paths.Path, raw: values.Raw, text: str, *, secret: bool) -> None:
    """Change the configuration in memory."""
    key, inner = _key(path), path[1:]
    if secret:
        raw = {"secure": session.crypter.encrypt(text)}
    file = session.file
    file.set(key, values.put(file.config.get(file.full_key(key)), inner, raw) if inner else raw)


def get(options: Namespace) -> None:
    """Print a value, opened."""
    session = Session(options)
    path = paths.parse(options.key) if options.path else (options.key,)
    key, inner = _key(path), path[1:]
    full = session.file.full_key(key)
    config = _merged(session)
    raw = values.get(config.get(full), inner)
    if raw is None:
        raise EngineError(
            f"configuration key '{options.key}' not found for stack '{session.stack}'"
        )
    plain = values.opened(raw, _opener(session, raw))
    if options.json:
        entry: dict[str, Any] = {"value": values.as_text(plain)}
        if isinstance(plain, dict | list):
            entry["objectValue"] = plain
        entry["secret"] = values.has_secure(raw)
        sys.stdout.write(json.dumps(entry, indent=2, ensure_ascii=False) + "\n")
    else:
        sys.stdout.write(f"{values.as_text(plain)}\n")


def rm(options: Namespace) -> None:
    """Remove a value."""
    session = Session(options)
    path = paths.parse(options.key) if options.path else (options.key,)
    key, inner = _key(path), path[1:]
    file = session.file
    full = file.full_key(key)
    if inner and full in file.config:
        file.set(key, values.drop(file.config[full], inner))
    else:
        file.remove(key)
    file.save()


def _key(path: paths.Path) -> str:
    """What a path begins with; the rest leads into that key's value."""
    if not path or not isinstance(path[0], str):
        raise UsageError("expected a key, as NAME or NAMESPACE:NAME")
    return path[0]


def _merged(session: Session) -> dict[str, values.Raw]:
    """The stack's configuration with the project's values; keys that are missing stay so."""
    stack = session.stack
    return projects.apply(session.project, stack, session.file.config, complete=False)


def _opener(session: Session, raw: values.Raw) -> Decrypts:
    return session.crypter if values.has_secure(raw) else NoSecrets()


def _looks_secret(key: str, text: str) -> bool:
    telling = ("password", "pwd", "secret", "token")
    return any(word in key.lower() for word in telling) and _is_dense(text)


def _is_dense(text: str) -> bool:
    """Whether a text looks made by chance: long, without spaces, with many kinds of letters."""
    return len(text) >= 16 and " " not in text and len(set(text)) >= 10

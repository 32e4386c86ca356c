"""From a stack's configuration to `Settings`: every mistake found in one go.

Nothing is registered before `read` has returned, so that bad input never reaches a machine.
"""

from __future__ import annotations

import contextlib
import dataclasses
import difflib
import json
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import Any

from components import way_out
from components.previous_state import PreviousState
from components.settings import kept
from components.settings.checks import (
    aws_network,
    baked_nodes,
    called_media,
    certificate_type,
    entrance_ports,
    further_env,
    ha_managed,
    hosts_network,
    machines_kind,
    node_room,
    shape_keys,
    ssh_login,
    turn_login,
)
from components.settings.choices import HA_MANAGED
from components.settings.draft import UnknownSettingError, draft
from components.settings.key import Key
from components.settings.mistakes import (
    ConfigurationError,
    MemberError,
    Mistake,
    set_command,
    set_member_command,
    shown,
)
from components.settings.table import Settings, keys
from components.settings.values import holds_private_key
from openvidu import environment

_SHORTEST_SECRET = 4
"""What is shorter would be found everywhere."""
_CHECKS: Sequence[Callable[[Settings], Sequence[Mistake]]] = (
    shape_keys.find_mistakes,
    ha_managed.find_mistakes,
    machines_kind.find_mistakes,
    aws_network.owners_network,
    shape_keys.alarms,
    shape_keys.standbys,
    shape_keys.topics_to_tell,
    shape_keys.backups,
    baked_nodes.find_mistakes,
    hosts_network.find_mistakes,
    aws_network.subnet_size,
    node_room.find_mistakes,
    ssh_login.from_where,
    ssh_login.as_whom,
    entrance_ports.find_mistakes,
    shape_keys.who_may_see,
    certificate_type.find_mistakes,
    certificate_type.hosted_zone,
    ssh_login.with_what,
    ssh_login.key_pair,
    called_media.find_mistakes,
    turn_login.find_mistakes,
    way_out.find_mistakes,
    further_env.find_mistakes,
)
"""What is told of several keys together, in this order."""


def read(
    config: Mapping[str, str],
    secret_keys: Collection[str],
    deployed: Callable[[], PreviousState] = PreviousState,
) -> Settings:
    """The settings that a stack's configuration stands for.

    Args:
        config: text by key, without namespace, as the engine hands it to the program.
        secret_keys: the keys that were stored with `--secret`.
        deployed: tells what is deployed; asked how its network is divided, and where there is a
            mistake, for what to propose.

    Raises:
        ConfigurationError: with every mistake.
    """
    mistakes = _unknown_keys(config)
    values: dict[str, Any] = {}
    wrong: set[str] = set()
    for name, key in keys().items():
        found = _parse(key, config.get(name), name in secret_keys)
        if isinstance(found, Mistake):
            mistakes.append(found)
            wrong.add(key.field)
        elif found is not None:
            values[key.field] = found
    known = draft(values, wrong)
    with contextlib.suppress(UnknownSettingError):
        if known.shape == HA_MANAGED and not known.subnet_ids:
            values["zone_room"] = deployed().zone_room(known.subnet_cidr)
            known = draft(values, wrong)
    together = [mistake for check in _CHECKS for mistake in _found_by(check, known)]
    told = {mistake.key for mistake in mistakes + together}
    plain = _plain_secrets(known, secret_keys)
    together += [mistake for mistake in plain if mistake.key not in told]
    if mistakes or together:
        previous = deployed()
        # Whatever else doesn't fit together doesn't fit to machines of another kind.
        others = _found_by(lambda settings: kept.another_kind(settings, previous), known)
        mistakes = kept.proposed([*mistakes, *(others or together)], config, previous)
        secrets = {part for name in secret_keys for part in _parts(config.get(name, ""))}
        raise ConfigurationError(_hide(mistakes, sorted(secrets, key=len, reverse=True)))
    return Settings(**values)


def _found_by(
    check: Callable[[Settings], Sequence[Mistake]], settings: Settings
) -> Sequence[Mistake]:
    """What a check finds; nothing where that follows from another mistake."""
    with contextlib.suppress(UnknownSettingError):
        return check(settings)
    return ()


def _plain_secrets(settings: Settings, secret_keys: Collection[str]) -> Iterator[Mistake]:
    """Values that are secrets by what they hold, and are stored in plain text."""
    checks: Mapping[str, Callable[[Settings], Sequence[Mistake]]] = {
        "httpProxy": way_out.plain_login,
        "extraEnv": lambda one: further_env.plain_secrets("extraEnv", one.extra_env),
        "baseExtraEnv": lambda one: further_env.plain_secrets("baseExtraEnv", one.base_extra_env),
    }
    for name, check in checks.items():
        if name not in secret_keys:
            yield from _found_by(check, settings)


def _unknown_keys(config: Mapping[str, str]) -> list[Mistake]:
    known = keys()
    lowered = {name.lower(): name for name in known}
    mistakes = []
    for name in sorted(set(config) - set(known)):
        near = lowered.get(name.lower()) or next(
            iter(difflib.get_close_matches(name, known, n=1)), None
        )
        hint = f"did you mean {near}?" if near else "see docs/config.md for the keys"
        mistakes.append(Mistake(name, f"there is no such key; {hint}", f"pulumi config rm {name}"))
    return mistakes


def _parse(key: Key, text: str | None, is_secret: bool) -> Any:
    """A key's value, `None` where it isn't set, or a `Mistake`."""
    command = set_command(key.name, key.example, secret=key.secret)
    # `Pulumi.yaml` gives an empty list to keys that have no other default.
    if text in (None, "[]") or (not text and _is_optional_text(key)):
        if key.default is not dataclasses.MISSING:
            return None
        if key.made:
            command = "uv run openvidu-enterprise init-stack"
        return Mistake(key.name, "is missing", command)
    if key.secret and not is_secret:
        return Mistake(key.name, "is stored in plain text; it must be a secret", command)
    return _value(key, text, hidden=key.secret or is_secret or holds_private_key(text))


def _value(key: Key, text: str, *, hidden: bool) -> Any:
    command = set_command(key.name, _proposed(key, text), secret=key.secret)
    try:
        value = key.parse(text)
    except MemberError as error:
        return _member(key, error, text, hidden=hidden)
    except ValueError as takes:
        got = "; the stored secret isn't" if hidden else f", got {shown(text)}"
        if key.kind in ("array", "object"):
            # In what is no list, no element can be set.
            remove = f"pulumi config rm {key.name}"
            command = f"{remove} && {command}" if key.example else remove
        return Mistake(key.name, f"must be {takes}{got}", command)
    if key.kind != "object" and any(name in text for name in environment.LOOKED_FOR):
        return Mistake(key.name, further_env.MIXED_UP, command)
    return value


def _proposed(key: Key, text: str) -> str:
    """What a text that isn't taken was meant to be, where that is taken; or else an example."""
    if key.meant:
        with contextlib.suppress(ValueError):
            key.parse(meant := key.meant(text))
            return meant
    return key.example


def _member(key: Key, error: MemberError, text: str, *, hidden: bool) -> Mistake:
    """What is wrong with one part of a list; the others are left alone."""
    named = f"{key.name}{error.place}"
    if error.found is None:
        problem = f"{named} is missing; it must be {error}"
    elif hidden:
        problem = f"{named} must be {error}; the stored secret isn't"
    else:
        problem = f"{named} must be {error}, got {shown(error.found)}"
    command = set_member_command(
        key.name, error.place, key.example, secret=key.secret, taken={*_parts(text)}
    )
    return Mistake(key.name, problem, command)


def _is_optional_text(key: Key) -> bool:
    """Whether "" means unset: `Pulumi.yaml` gives it to keys that have no other default.

    A key that `Pulumi.yaml` declares without a default would be required by the engine, whose
    message knows neither the example nor `init_stack`.
    """
    return key.default in (None, "")


def _hide(mistakes: Sequence[Mistake], secrets: Collection[str]) -> list[Mistake]:
    """The mistakes without what was stored as a secret: checks across keys name what they found."""

    def hidden(text: str) -> str:
        for secret in secrets:
            text = text.replace(secret, "[secret]")
        return text

    return [
        dataclasses.replace(one, problem=hidden(one.problem), command=hidden(one.command))
        for one in mistakes
    ]


def _parts(text: str) -> Iterator[str]:
    """A text, and where it's a list or an object, all that is in it."""
    try:
        found = json.loads(text)
    except ValueError:
        found = None
    inner = found.values() if isinstance(found, dict) else found if isinstance(found, list) else ()
    if not inner and len(text) >= _SHORTEST_SECRET:
        yield text
    for part in inner:
        yield from _parts(part if isinstance(part, str) else json.dumps(part))


def parsed(config: Mapping[str, str], names: Collection[str]) -> Settings:
    """Settings of which some keys are known, by what is configured or by default.

    Args:
        config: text by key.
        names: the keys that may be asked for.

    Raises:
        ValueError: one can't be parsed.
    """
    known = [keys()[name] for name in names]
    values = {key.field: key.parse(config[key.name]) for key in known if config.get(key.name)}
    # As if no zone could be added: a stack that is older than the room for one has more numbers.
    values["zone_room"] = values.get("availability_zones", Settings.availability_zones)
    fields = {key.field for key in keys().values()}
    return draft(values, fields - {key.field for key in known})

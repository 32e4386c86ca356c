"""Requests of the program as goals: what they say, and what they inherit.

Source: pulumi, pkg/resource/deploy/source_eval.go (RegisterResource, inheritFromParent).
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from pulumi.runtime.proto import alias_pb2, resource_pb2

from lab.engine.model import urn as urns
from lab.engine.model.goal import Alias, Goal
from lab.engine.model.state import NO_TIMEOUTS, Timeouts
from lab.engine.model.values import Properties
from lab.engine.plugin import wire
from lab.engine.run.assets import hashed
from lab.engine.run.context import RefusedError
from lab.engine.run.durations import seconds


def refuse_unsupported(request: resource_pb2.RegisterResourceRequest) -> None:
    """Refuse what only the Pulumi CLI can do, rather than ignore it.

    Raises:
        RefusedError: the request asks for it.
    """
    asked = {
        "a remote component": request.remote,
        "a resource transform": bool(request.transforms),
        "a resource hook": request.HasField("hooks") and bool(request.hooks.ByteSize()),
        "a parameterised package": bool(request.packageRef),
    }
    for what, present in asked.items():
        if present:
            raise RefusedError(
                f"{request.type} '{request.name}' asks for {what}, which this engine hasn't\n"
                "  deploy with the Pulumi CLI: uv run lab --engine pulumi up"
            )


def goal_of(
    request: resource_pb2.RegisterResourceRequest,
    parent: Goal | None,
    provider: str,
    root: Path,
) -> Goal:
    """The goal that a registration states.

    Args:
        request: the registration.
        parent: the goal of its parent, from which it inherits.
        provider: its provider, found already.
        root: the project's folder, to which source positions are relative.

    Raises:
        RefusedError: a time limit is no duration, or an asset can't be read.
    """
    properties = hashed(wire.read(request.object), root)
    protect = request.protect if request.HasField("protect") else None
    retain = request.retainOnDelete if request.HasField("retainOnDelete") else None
    deleted_with = request.deletedWith
    if parent is not None:
        protect = parent.protect if protect is None else protect
        retain = parent.retain_on_delete if retain is None else retain
        deleted_with = deleted_with or parent.deleted_with
    first = request.deleteBeforeReplace
    defined = request.deleteBeforeReplaceDefined or first
    trigger = None
    if request.HasField("replacement_trigger"):
        trigger = wire.read_value(request.replacement_trigger)
    return Goal(
        type=request.type,
        name=request.name,
        custom=request.custom,
        parent=request.parent,
        properties=properties,
        provider=provider,
        dependencies=tuple(sorted(request.dependencies)),
        property_dependencies=_property_dependencies(request, properties),
        protect=protect,
        retain_on_delete=retain,
        delete_before_replace=first if defined else None,
        deleted_with=deleted_with,
        replace_with=tuple(request.replace_with),
        ignore_changes=tuple(request.ignoreChanges),
        replace_on_changes=tuple(request.replaceOnChanges),
        hide_diff=tuple(request.hideDiffs),
        additional_secret_outputs=tuple(request.additionalSecretOutputs),
        replacement_trigger=trigger,
        aliases=tuple(_aliases(request)),
        timeouts=_timeouts(request),
        source_position=_position(request.sourcePosition, root),
        import_id=request.importId,
    )


def provider_inputs(request: resource_pb2.RegisterResourceRequest, properties: Properties) -> None:
    """Add to an explicit provider's inputs, in place, what its request says beside them."""
    properties["__internal"] = {}
    if request.version:
        properties["version"] = request.version


def inherited_provider(
    request: resource_pb2.RegisterResourceRequest,
    parent: Goal | None,
    providers: Mapping[str, Mapping[str, str]],
) -> str:
    """The provider that a registration names or inherits, or ""."""
    package = urns.package_of(request.type)
    if request.provider:
        return request.provider
    if package in request.providers:
        return request.providers[package]
    given = providers.get(request.parent, {}).get(package)
    if given:
        return given
    if parent is not None and parent.provider:
        reference = urns.Reference.parse(parent.provider)
        if urns.package_of(urns.type_of(reference.urn)) == package:
            return parent.provider
    return ""


def _property_dependencies(
    request: resource_pb2.RegisterResourceRequest, properties: Properties
) -> dict[str, list[str]]:
    if request.propertyDependencies:
        found = {key: set(one.urns) for key, one in request.propertyDependencies.items()}
    else:
        found = {key: set(request.dependencies) for key in properties}
    for key, value in request.object.fields.items():
        found.setdefault(key, set()).update(wire.dependencies(value))
    return {key: sorted(listed) for key, listed in sorted(found.items())}


def _aliases(request: resource_pb2.RegisterResourceRequest) -> list[Alias]:
    found = [Alias(urn=one) for one in request.aliasURNs]
    for one in request.aliases:
        if one.WhichOneof("alias") == "urn":
            found.append(Alias(urn=one.urn))
        else:
            found.append(_alias(one.spec))
    return found


def _alias(spec: alias_pb2.Alias.Spec) -> Alias:
    return Alias(
        name=spec.name,
        type=spec.type,
        stack=spec.stack,
        project=spec.project,
        parent=spec.parentUrn,
        no_parent=spec.noParent,
    )


def _timeouts(request: resource_pb2.RegisterResourceRequest) -> Timeouts:
    if not request.HasField("customTimeouts"):
        return NO_TIMEOUTS
    given: Any = request.customTimeouts
    try:
        return Timeouts(
            create=seconds(given.create),
            update=seconds(given.update),
            delete=seconds(given.delete),
            read=seconds(given.read),
        )
    except ValueError as error:
        raise RefusedError(f"{request.type} '{request.name}': {error}") from error


def _position(position: Any, root: Path) -> str:
    """Where in the program the resource is made; "" for a place outside of the project."""
    if not position.uri:
        return ""
    path = Path(unquote(urlsplit(position.uri).path))
    relative = Path(os.path.relpath(path, root))
    if relative.parts[0] in ("..", ".venv"):
        return ""
    return f"project:///{relative.as_posix()}#{position.line}"

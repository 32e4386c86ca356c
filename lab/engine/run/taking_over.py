"""One resource that exists, taken into the state: read by its id, and its inputs checked.

Source: pulumi, pkg/resource/deploy/step.go (ImportStep).
"""

from __future__ import annotations

import os
from collections.abc import Mapping

from lab.engine.errors import ProviderError
from lab.engine.model import urn as urns
from lab.engine.model.state import ResourceState
from lab.engine.model.values import Properties, Secret, Value, as_secret
from lab.engine.plugin.provider import Provider
from lab.engine.run.context import Context


def take_over(new: ResourceState, provider: Provider, context: Context) -> None:
    """Fill in a state, in place, by what its provider finds under the import id.

    A state that has outputs is taken as it is.

    Raises:
        ProviderError: there is no such resource, or it can't be imported.
    """
    if new.outputs:
        new.id = new.import_id
    else:
        _read(new, provider)
    new.import_id = ""
    _check(new, provider, context)


def _read(new: ResourceState, provider: Provider) -> None:
    seen = provider.read(new.urn, new.import_id, {}, {}, new.timeouts.read)
    if not seen.id:
        raise ProviderError(
            f"resource '{new.import_id}' does not exist\n"
            f"  give '{new.name}' the right id in the file, or take it out"
        )
    if seen.inputs is None:
        package = urns.package_of(new.type)
        raise ProviderError(
            f"the provider '{package}' can't import resources of type {new.type}\n"
            f"  take '{new.name}' out of the file"
        )
    new.id, new.outputs = seen.id, seen.outputs
    new.inputs = _completed(seen.inputs, new.inputs)
    new.init_errors = list(seen.init_errors)


def _completed(read: Properties, given: Mapping[str, Value]) -> Properties:
    """What was read, with what the file gives where nothing was; secrets of the file stay so."""
    inputs = dict(read)
    for key, value in given.items():
        if inputs.get(key) is None:
            inputs[key] = value
        elif isinstance(value, Secret):
            inputs[key] = as_secret(inputs[key])
    return inputs


def _check(new: ResourceState, provider: Provider, context: Context) -> None:
    """Warn of inputs that the provider would refuse although it has found them itself."""
    _, failures = provider.check(new.urn, new.inputs, new.inputs, os.urandom(32))
    for failure in failures:
        at = f"property {failure.property}: " if failure.property else ""
        context.warn(
            f"{new.type} resource '{new.name}' is imported with inputs that its provider would "
            f"refuse: {at}{failure.reason}",
            new.urn,
        )

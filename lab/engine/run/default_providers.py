"""Providers for resources that name none: one for each package and version, made when wanted.

Their configuration is the stack's, in the package's namespace (`aws:region`).

Source: pulumi, pkg/resource/deploy/default_providers.go.
"""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable, Mapping

from lab.engine.model import urn as urns
from lab.engine.model.goal import Goal
from lab.engine.model.state import ResourceState
from lab.engine.model.values import Properties, Value, opened
from lab.engine.run.context import RefusedError


class DefaultProviders:
    """Makes default providers, each once.

    Args:
        config: the stack's configuration by full key.
        register: registers a resource, and gives its state when it's made.
    """

    def __init__(
        self, config: Mapping[str, Value], register: Callable[[Goal], ResourceState]
    ) -> None:
        self._config = config
        self._register = register
        self._made: dict[str, str] = {}
        self._locks: dict[str, threading.Lock] = {}
        self._lock = threading.Lock()

    def reference(self, package: str, version: str) -> str:
        """The default provider of a package, as resources name it.

        Raises:
            RefusedError: the stack's configuration forbids it, or the package is built in.
        """
        self._refuse_denied(package)
        name = f"default_{version}" if version else "default"
        name = re.sub(r"[^A-Za-z0-9_]", "_", name)
        key = f"{package}/{name}"
        with self._lock:
            lock = self._locks.setdefault(key, threading.Lock())
        with lock:
            if key not in self._made:
                state = self._register(self._goal(package, version, name))
                self._made[key] = str(urns.Reference(state.urn, state.id))
            return self._made[key]

    def _goal(self, package: str, version: str, name: str) -> Goal:
        prefix = f"{package}:"
        inputs: Properties = {
            key.removeprefix(prefix): value
            for key, value in self._config.items()
            if key.startswith(prefix)
        }
        inputs["__internal"] = {}
        if version:
            inputs["version"] = version
        return Goal(
            type=f"{urns.PROVIDER_PREFIX}{package}", name=name, custom=True, properties=inputs
        )

    def _refuse_denied(self, package: str) -> None:
        if package == "pulumi":
            raise RefusedError(
                "this engine has no built-in resources of package 'pulumi' (stack references and "
                "the like)\n  deploy with the Pulumi CLI: uv run lab --engine pulumi up"
            )
        denied = opened(self._config.get("pulumi:disable-default-providers", ""))
        names = json.loads(denied) if isinstance(denied, str) and denied else []
        if "*" in names or package in names:
            raise RefusedError(
                f"Default provider for '{package}' disabled. It must use an explicit provider.\n"
                "  (by the configuration pulumi:disable-default-providers)"
            )

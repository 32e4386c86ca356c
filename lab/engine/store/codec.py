"""Deployments as JSON, as the CLI writes and reads them (version 3).

Source: pulumi, pkg/resource/stack/deployment.go.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final, Protocol

from lab.engine.errors import EngineError
from lab.engine.model.state import Deployment, Operation, ResourceState, Timeouts
from lab.engine.model.values import (
    SECRET_SIGNATURE,
    SIGNATURE,
    UNKNOWN,
    Properties,
    Secret,
    Value,
)

VERSION: Final = 3
UNKNOWN_TEXT: Final = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"

# Field of ResourceState -> key in the file, for what is copied as it is; in the CLI's order.
_PLAIN: Final = {
    "parent": "parent",
    "protect": "protect",
    "taint": "taint",
    "external": "external",
    "dependencies": "dependencies",
    "init_errors": "initErrors",
    "provider": "provider",
    "property_dependencies": "propertyDependencies",
    "pending_replacement": "pendingReplacement",
    "additional_secret_outputs": "additionalSecretOutputs",
    "aliases": "aliases",
    "import_id": "importID",
    "retain_on_delete": "retainOnDelete",
    "deleted_with": "deletedWith",
    "replace_with": "replaceWith",
    "created": "created",
    "modified": "modified",
    "source_position": "sourcePosition",
    "ignore_changes": "ignoreChanges",
    "hide_diff": "hideDiff",
    "replace_on_changes": "replaceOnChanges",
}
_OTHER: Final = frozenset(
    {
        "urn",
        "custom",
        "delete",
        "id",
        "type",
        "inputs",
        "outputs",
        "customTimeouts",
        "replacementTrigger",
    }
)


class Sealer(Protocol):
    """What becomes of a secret in a file or on the screen."""

    def seal(self, urn: str, text: str) -> dict[str, Any] | str:
        """The JSON that stands for a secret of a resource, given as JSON text."""


class Blinding:
    """Shows `[secret]` in place of each secret."""

    def seal(self, urn: str, text: str) -> str:
        """Give nothing of it away."""
        del urn, text
        return "[secret]"


class Revealing:
    """Shows secrets, marked as such: `stack export --show-secrets`."""

    def seal(self, urn: str, text: str) -> dict[str, Any]:
        """Mark it."""
        del urn
        return {SIGNATURE: SECRET_SIGNATURE, "plaintext": text}


class Encrypts(Protocol):
    """A crypter's one half."""

    def encrypt(self, text: str) -> str:
        """Encrypt a text."""


class Decrypts(Protocol):
    """A crypter's other half."""

    def decrypt(self, sealed: str) -> str:
        """Decrypt a text."""


class Encrypting:
    """Encrypts secrets; one that a resource had before keeps its cipher text.

    An update that changes nothing then leaves the file as it was, and saves the work.
    """

    def __init__(self, crypter: Encrypts) -> None:
        self._crypter = crypter
        self._known: dict[tuple[str, str], str] = {}

    def remember(self, urn: str, text: str, sealed: str) -> None:
        """Take note of how a resource's secret stands in the file."""
        self._known[urn, text] = sealed

    def seal(self, urn: str, text: str) -> dict[str, Any]:
        """Encrypt it, unless that was done before."""
        if (urn, text) not in self._known:
            self._known[urn, text] = self._crypter.encrypt(text)
        return {SIGNATURE: SECRET_SIGNATURE, "ciphertext": self._known[urn, text]}


class _Inside:
    """Marks a secret inside another one, whose cipher text covers it; reads it back as well."""

    def seal(self, urn: str, text: str) -> dict[str, Any]:
        """Mark it."""
        del urn
        return {SIGNATURE: SECRET_SIGNATURE, "ciphertext": text}

    def decrypt(self, sealed: str) -> str:
        """Give back what `seal` marked."""
        return sealed


def plain_json(value: Value, urn: str = "", sealer: Sealer | None = None) -> Any:
    """A value as JSON; secrets as the sealer has it, or in plain without one."""
    if isinstance(value, Secret):
        # A secret inside a secret is marked, so that it comes back as one, but not encrypted twice.
        inside = _Inside() if isinstance(sealer, Encrypting) else sealer
        inner = plain_json(value.element, urn, inside)
        if sealer is None:
            return inner
        return sealer.seal(urn, json.dumps(inner, separators=(",", ":"), ensure_ascii=False))
    if isinstance(value, dict):
        return {key: plain_json(value[key], urn, sealer) for key in sorted(value)}
    if isinstance(value, list):
        return [plain_json(item, urn, sealer) for item in value]
    return UNKNOWN_TEXT if value is UNKNOWN else value


def encode_resource(state: ResourceState, sealer: Sealer) -> dict[str, Any]:
    """A resource as it stands in a state file."""
    found: dict[str, Any] = {"urn": state.urn, "custom": state.custom}
    if state.delete:
        found["delete"] = True
    if state.id:
        found["id"] = state.id
    found["type"] = state.type
    for key, properties in (("inputs", state.inputs), ("outputs", state.outputs)):
        if properties:
            found[key] = plain_json(properties, state.urn, sealer)
    for field, key in _PLAIN.items():
        value = getattr(state, field)
        if value:
            found[key] = value
    timeouts = {k: getattr(state.timeouts, k) for k in ("create", "update", "delete", "read")}
    if any(timeouts.values()):
        found["customTimeouts"] = {k: v for k, v in timeouts.items() if v}
    if state.replacement_trigger is not None:
        found["replacementTrigger"] = plain_json(state.replacement_trigger, state.urn, sealer)
    found.update(state.extra)
    return found


class Decoder:
    """Reads resources back from a file."""

    def __init__(self, crypter: Decrypts, encrypting: Encrypting | None = None) -> None:
        self._crypter = crypter
        self._encrypting = encrypting

    def value(self, urn: str, raw: Any) -> Value:
        """A value of a resource."""
        if isinstance(raw, dict):
            if raw.get(SIGNATURE) == SECRET_SIGNATURE:
                return self._secret(urn, raw)
            return {key: self.value(urn, item) for key, item in raw.items()}
        if isinstance(raw, list):
            return [self.value(urn, item) for item in raw]
        if raw == UNKNOWN_TEXT:
            return UNKNOWN
        if isinstance(raw, float) and raw.is_integer():
            return int(raw)
        return raw if raw is None or isinstance(raw, bool | int | float | str) else str(raw)

    def _secret(self, urn: str, raw: Mapping[str, Any]) -> Secret:
        if "ciphertext" not in raw:
            return Secret(self.value(urn, json.loads(raw["plaintext"])))
        text = self._crypter.decrypt(raw["ciphertext"])
        if self._encrypting:
            self._encrypting.remember(urn, text, raw["ciphertext"])
        return Secret(Decoder(_Inside()).value(urn, json.loads(text)))

    def properties(self, urn: str, raw: Mapping[str, Any] | None) -> Properties:
        """A set of properties of a resource."""
        return {key: self.value(urn, item) for key, item in (raw or {}).items()}

    def resource(self, raw: Mapping[str, Any]) -> ResourceState:
        """A resource."""
        urn = raw["urn"]
        plain = {field: raw[key] for field, key in _PLAIN.items() if key in raw}
        known = _OTHER | set(_PLAIN.values())
        return ResourceState(
            urn=urn,
            custom=raw.get("custom", False),
            type=raw["type"],
            id=raw.get("id", ""),
            delete=raw.get("delete", False),
            inputs=self.properties(urn, raw.get("inputs")),
            outputs=self.properties(urn, raw.get("outputs")),
            timeouts=Timeouts(**raw.get("customTimeouts", {})),
            replacement_trigger=self.value(urn, raw.get("replacementTrigger")),
            extra={key: item for key, item in raw.items() if key not in known},
            **plain,
        )

    def deployment(self, raw: Mapping[str, Any]) -> Deployment:
        """A deployment, as the file has it under `latest` or `deployment`."""
        return Deployment(
            resources=[self.resource(one) for one in raw.get("resources") or []],
            operations=[
                Operation(self.resource(one["resource"]), one["type"])
                for one in raw.get("pending_operations") or []
            ],
            secrets_provider=raw.get("secrets_providers"),
            metadata=raw.get("metadata") or {},
            time=(raw.get("manifest") or {}).get("time", ""),
        )


def check_version(raw: Mapping[str, Any], where: str) -> None:
    """Refuse a file that this engine can't read.

    Raises:
        EngineError: its version isn't 3.
    """
    if raw.get("version") != VERSION:
        raise EngineError(
            f"{where}: expected a deployment of version {VERSION}, got {raw.get('version')!r}"
        )

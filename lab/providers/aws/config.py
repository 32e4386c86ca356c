"""The provider's configuration, from Pulumi's config or an explicit provider."""

from __future__ import annotations

import difflib
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from lab.providers.base import Properties, ProviderError, reveal

_STRINGS: Final = ("accessKey", "profile", "region", "secretKey", "token")
# Checks that the real provider does when it starts and that this one never does.
_SKIPS: Final = (
    "skipCredentialsValidation",
    "skipMetadataApiCheck",
    "skipRegionValidation",
    "skipRequestingAccountId",
)
_OTHERS: Final = ("defaultTags", "maxRetries")
# Sent by engines; no configuration.
_IGNORED: Final = ("version", "pluginDownloadURL", "__internal")
_RETRIES: Final = 9


class ConfigError(ProviderError):
    """The provider's configuration is of no use."""


@dataclass(frozen=True)
class ProviderConfig:
    """The configuration of the `aws` provider."""

    region: str
    access_key: str | None = None
    secret_key: str | None = field(default=None, repr=False)
    token: str | None = field(default=None, repr=False)
    profile: str | None = None
    max_retries: int = _RETRIES
    default_tags: Mapping[str, str] = field(default_factory=dict)


def unknown_keys(args: Mapping[str, Any]) -> dict[str, str]:
    """Find the keys that mean nothing here, with what to say about each."""
    known = [*_STRINGS, *_SKIPS, *_OTHERS]
    problems = {}
    for key in args:
        if key in known or key in _IGNORED:
            continue
        if key == "endpoints":
            problems[key] = "not supported here: the endpoint is what AWS_ENDPOINT_URL says"
            continue
        close = difflib.get_close_matches(key, known, n=1)
        hint = f"; did you mean {close[0]}?" if close else f"; known are {', '.join(sorted(known))}"
        problems[key] = f"unknown to the lab's aws provider{hint}"
    return problems


def parse_config(args: Properties, environment: Mapping[str, str] = os.environ) -> ProviderConfig:
    """Read the configuration that `Configure` brings.

    Args:
        args: The configuration; values that are no strings may come as JSON text.
        environment: Names the region where the configuration does not.

    Raises:
        ConfigError: A key is unknown, a value has the wrong form, or the region is missing.
    """
    plain = {key: reveal(value) for key, value in args.items() if value is not None}
    problems = unknown_keys(plain)
    if problems:
        raise ConfigError("; ".join(f"aws:{key}: {problem}" for key, problem in problems.items()))
    texts = {key: str(plain[key]) for key in _STRINGS if plain.get(key)}
    region = (
        texts.get("region")
        or environment.get("AWS_REGION")
        or environment.get("AWS_DEFAULT_REGION")
    )
    if not region:
        raise ConfigError("aws:region is missing: run `pulumi config set aws:region eu-west-1`")
    return ProviderConfig(
        region=region,
        access_key=texts.get("accessKey"),
        secret_key=texts.get("secretKey"),
        token=texts.get("token"),
        profile=texts.get("profile"),
        max_retries=_integer("maxRetries", plain.get("maxRetries", _RETRIES)),
        default_tags=_default_tags(plain.get("defaultTags")),
    )


def _default_tags(value: Any) -> dict[str, str]:
    if value is None:
        return {}
    parsed = _from_json("defaultTags", value)
    tags = parsed.get("tags", {}) if isinstance(parsed, dict) else None
    if not isinstance(tags, dict) or set(parsed) - {"tags"}:
        raise ConfigError('aws:defaultTags: expected {"tags": {"key": "value"}}')
    return {str(key): str(text) for key, text in tags.items()}


def _integer(key: str, value: Any) -> int:
    parsed = _from_json(key, value)
    if isinstance(parsed, bool) or not isinstance(parsed, int) or parsed < 0:
        raise ConfigError(f"aws:{key}: expected a whole number from 0, got {value!r}")
    return parsed


def _from_json(key: str, value: Any) -> Any:
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value)
    except json.JSONDecodeError as error:
        raise ConfigError(f"aws:{key}: expected JSON, got {value!r}: {error}") from error

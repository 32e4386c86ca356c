"""Whose provider configuration it is with which AWS is asked: a command's, or a stack's."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from typing import Any

from components.aws.provider import CREDENTIALS, KEYS, VARIABLE
from components.aws.provider_session import AwsSession
from scripts.pulumi_cli import PulumiCli


def of_environment(region: str | None = None) -> AwsSession:
    """For a command of the engine's, to which the program has handed the configuration on.

    Raises:
        BotoCoreError, ClientError: as `AwsSession`.
    """
    return AwsSession(json.loads(os.environ.get(VARIABLE) or "{}"), region)


def of_stack(pulumi: PulumiCli, region: str | None = None) -> AwsSession:
    """For a script of the operator's: the configuration is the stack's.

    Raises:
        PulumiError: it can't be read.
        BotoCoreError, ClientError: as `AwsSession`.
    """
    return AwsSession(provider_of_stack(pulumi, pulumi.config()), region)


def provider_of_stack(
    pulumi: PulumiCli, config: Mapping[str, Mapping[str, Any]]
) -> dict[str, str | None]:
    """The provider's configuration in a stack's, for who logs in more than once.

    Args:
        pulumi: the stack; it's asked for what is a secret.
        config: as `PulumiCli.config` gives it.

    Raises:
        PulumiError: it can't be read.
    """
    provider = {}
    for key in ("region", *KEYS, *CREDENTIALS):
        entry = config.get(f"aws:{key}") or {}
        value = pulumi.get_config(f"aws:{key}") if entry.get("secret") else entry.get("value")
        provider[key] = value.strip() if value else None
    return provider

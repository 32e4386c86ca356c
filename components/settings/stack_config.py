"""The stack's configuration as the engine hands it to the program."""

from __future__ import annotations

from typing import NamedTuple

import pulumi
from pulumi.runtime import config as runtime_config


class Configured(NamedTuple):
    """What is configured.

    Attributes:
        texts: by key, without namespace.
        secrets: names of the keys that were stored with `--secret`.
    """

    texts: dict[str, str]
    secrets: set[str]


def config_of_stack(namespace: str | None = None) -> Configured:
    """All keys of a namespace, and which of them are secrets.

    Args:
        namespace: such as `aws`; the project's own where it's None.

    `pulumi.Config` can only be asked for keys that one knows; unknown keys are looked for too.
    """
    prefix = f"{namespace or pulumi.get_project()}:"
    everything = {**runtime_config.get_config_env(), **runtime_config.CONFIG.get()}
    config = {
        name.removeprefix(prefix): text
        for name, text in everything.items()
        if name.startswith(prefix)
    }
    secrets = {name for name in config if runtime_config.is_config_secret(f"{prefix}{name}")}
    return Configured(config, secrets)

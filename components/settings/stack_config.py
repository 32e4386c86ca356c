"""The stack's configuration as the engine hands it to the program."""

from __future__ import annotations

import pulumi
from pulumi.runtime import config as runtime_config


def config_of_stack(namespace: str | None = None) -> tuple[dict[str, str], set[str]]:
    """All keys of a namespace, and which of them are secrets.

    Args:
        namespace: such as `aws`; the project's own where it's None.

    Returns:
        text by key without namespace; names of the keys that were stored with `--secret`.

    `pulumi.Config` can only be asked for keys that one knows; unknown keys are looked for too.
    """
    prefix = f"{namespace or pulumi.get_project()}:"
    everything = {**runtime_config.get_config_env(), **runtime_config.CONFIG.get()}
    config = {
        name.removeprefix(prefix): text
        for name, text in everything.items()
        if name.startswith(prefix)
    }
    return config, {name for name in config if runtime_config.is_config_secret(f"{prefix}{name}")}

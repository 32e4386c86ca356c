"""How a policy pack (CrossGuard) in Python is started, and told what it judges."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path


def pack_command(python: Path, arguments: Sequence[str], folder: Path) -> list[str]:
    """What starts a policy pack.

    Args:
        python: the interpreter that runs it.
        arguments: the address of the engine's own service, and options.
        folder: with a `__main__.py`.
    """
    return [str(python), "-u", "-m", "pulumi.policy", *arguments, str(folder)]


def pack_environment(project: str, stack: str, config: str, *, preview: bool) -> dict[str, str]:
    """The variables that tell a policy pack what it judges.

    Args:
        project: its name.
        stack: its name.
        config: the configuration by full key, as a JSON object.
        preview: whether nothing is to be done.

    Source: pulumi, sdk/go/common/resource/plugin/analyzer_plugin.go, `constructEnv`.
    """
    return {
        "PULUMI_PROJECT": project,
        "PULUMI_STACK": stack,
        "PULUMI_CONFIG": config,
        "PULUMI_DRY_RUN": "true" if preview else "false",
    }

"""Which providers deploy in a lab: the lab's own, or Pulumi's as the CLI installs them.

Pulumi's pulumi-aws is led to the lab's AWS by `AWS_ENDPOINT_URL`, as each AWS SDK is.
Source: https://docs.aws.amazon.com/sdkref/latest/guide/feature-ss-endpoints.html
"""

from __future__ import annotations

import os
import subprocess
import sys
from enum import StrEnum
from pathlib import Path
from typing import Final

from lab.engine.plugin.required import RequiredPackage, required_packages
from lab.engines import Engine, find_cli, write_program
from lab.errors import LabError
from lab.reference import built_cli

PROVIDERS_VARIABLE: Final = "OPENVIDU_LAB_PROVIDERS"
"""Chooses the providers where `--providers` doesn't."""
_NAMES: Final = ("aws", "command")


class Providers(StrEnum):
    """What `--providers` takes."""

    LAB = "lab"
    PULUMI = "pulumi"


def install(own_home: Path, engine: Engine, providers: Providers) -> Path:
    """Have the providers where the engine looks for plugins; returns that PULUMI_HOME.

    Args:
        own_home: the lab's, for its own providers. Pulumi's are shared by all labs: they are large.
        engine: `pulumi` or `embedded`.
        providers: whose.

    Raises:
        LabError: Pulumi's can't be had.
    """
    wanted = [one for one in required_packages(Path(sys.executable)) if one.name in _NAMES]
    if providers is Providers.PULUMI:
        home = built_cli.cache_folder() / "providers"
        for package in wanted:
            _fetch(home, engine, package)
        return home
    for package in wanted:
        plugin = own_home / "plugins" / f"resource-{package.name}-v{package.version}"
        plugin.mkdir(parents=True, exist_ok=True)
        write_program(plugin / f"pulumi-resource-{package.name}", f"lab.providers.{package.name}")
    return own_home


def _fetch(home: Path, engine: Engine, package: RequiredPackage) -> None:
    """Install one of Pulumi's, from outside the lab, which the internet can't be reached from."""
    cli = find_cli()
    if cli is None or engine is not Engine.PULUMI:
        raise LabError(
            "Pulumi's own providers deploy with the Pulumi CLI only; found the lab's own engine.\n"
            "  Next: ./run pulumi, then uv run lab --engine pulumi --providers pulumi up"
        )
    done = subprocess.run(
        [cli, "plugin", "install", "resource", package.name, package.version],
        env={**os.environ, "PULUMI_HOME": str(home), "PULUMI_SKIP_UPDATE_CHECK": "true"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise LabError(
            f"Pulumi's provider {package.name} {package.version} can't be installed:\n"
            f"  {(done.stderr or done.stdout).strip()}\n"
            "  It's fetched from the internet. Next, without it: uv run lab --providers lab up"
        )

"""Drives Terraform: from resources to what is planned, applied, imported, destroyed.

Source: Terraform, "JSON Output Format", Plan Representation.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

PLUGINS: Final = "TF_PLUGIN_DIR"
"""Variable: the folder in which `terraform providers mirror` has put the AWS provider."""
_PLAN: Final = "plan"
_NOTHING: Final = ("no-op",)


class TerraformError(Exception):
    """Terraform refused; the text is what it said."""


@dataclass(frozen=True)
class Planned:
    """What is going to happen to a resource.

    Attributes:
        actions: such as `("update",)`; `("delete", "create")` replaces.
        replaces: the arguments because of which it's replaced.
    """

    actions: tuple[str, ...]
    replaces: frozenset[str] = frozenset()


def lacking() -> str | None:
    """What isn't at hand for the real provider, in words; None where all is."""
    if not shutil.which("terraform"):
        return "no terraform on the PATH"
    if not os.environ.get(PLUGINS):
        return f"{PLUGINS} doesn't say where the AWS provider is"
    return None


def major_version() -> int:
    """The major version of the AWS provider that is at hand."""
    for file in sorted(Path(os.environ[PLUGINS]).rglob("terraform-provider-aws*")):
        if found := re.search(r"aws_v?(\d+)\.", file.name):
            return int(found[1])
    raise TerraformError(f"no terraform-provider-aws in {os.environ[PLUGINS]}")


def provider(endpoint: str) -> dict[str, Any]:
    """A configuration that leads the AWS provider to a fake AWS."""
    own = {
        "region": "eu-west-1",
        "access_key": "lab",
        "secret_key": "lab",
        "s3_use_path_style": True,
        "skip_credentials_validation": True,
        "skip_metadata_api_check": "true",
    }
    services = (
        "acm",
        "cloudwatch",
        "dlm",
        "ec2",
        "elasticache",
        "elbv2",
        "iam",
        "opensearch",
        "route53",
        "s3",
        "sns",
        "sts",
    )
    return {"provider": {"aws": {**own, "endpoints": [dict.fromkeys(services, endpoint)]}}}


class Terraform:
    """A folder with a configuration and a state."""

    def __init__(self, folder: Path, configuration: Mapping[str, Any]) -> None:
        """Begin without resources.

        Args:
            folder: an empty one.
            configuration: what there is beside resources.
        """
        self._folder = folder
        self._configuration = configuration
        self.declare({})
        plugins = os.environ.get(PLUGINS)
        self._run("init", *([f"-plugin-dir={plugins}"] if plugins else []))

    def declare(self, resources: Mapping[str, Mapping[str, Any]]) -> None:
        """Say which resources there shall be, by type and name."""
        wanted = {"resource": resources} if resources else {}
        text = json.dumps({**self._configuration, **wanted})
        (self._folder / "main.tf.json").write_text(text)

    def apply(self) -> None:
        """Bring the resources about."""
        self._run("apply", "-auto-approve")

    def plan(self) -> dict[str, Planned]:
        """What an apply would do, by address; empty where that is nothing."""
        self._run("plan", f"-out={_PLAN}")
        changes = json.loads(self._run("show", "-json", _PLAN)).get("resource_changes", [])
        found = {one["address"]: _planned(one["change"]) for one in changes}
        return {address: one for address, one in found.items() if one.actions != _NOTHING}

    def attributes(self, address: str) -> dict[str, Any]:
        """What the state holds of a resource."""
        state = json.loads(self._run("show", "-json"))["values"]["root_module"]["resources"]
        (found,) = [one["values"] for one in state if one["address"] == address]
        return dict(found)

    def adopt(self, address: str, identifier: str) -> None:
        """Forget a resource, and import it."""
        self._run("state", "rm", address)
        self._run("import", address, identifier)

    def destroy(self) -> None:
        """Remove all resources."""
        self._run("destroy", "-auto-approve")

    def _run(self, command: str, *options: str) -> str:
        takes_input = command in {"init", "apply", "plan", "import", "destroy"}
        done = subprocess.run(
            ["terraform", command, *(["-input=false"] if takes_input else []), *options],
            cwd=self._folder,
            env={**_environment(), "TF_IN_AUTOMATION": "1", "CHECKPOINT_DISABLE": "1"},
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise TerraformError(f"terraform {command}: {done.stderr}")
        return done.stdout


def _planned(change: Mapping[str, Any]) -> Planned:
    paths = (str(path[0]) for path in change.get("replace_paths", []))
    return Planned(tuple(change["actions"]), frozenset(paths))


def _environment() -> dict[str, str]:
    """The caller's, without what would lead to a real AWS."""
    return {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}

"""The providers that a Python project has installed packages for.

A package such as `pulumi_aws` carries a file that names its provider.

Source: pulumi, sdk/python/cmd/pulumi-language-python (GetRequiredPackages).
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

_FILES = "lib/python*/site-packages/pulumi_*/pulumi-plugin.json"


@dataclass(frozen=True)
class RequiredPackage:
    """A provider that a project needs.

    Attributes:
        name: such as `aws`.
        version: of the provider, or "" where the package doesn't say.
    """

    name: str
    version: str


def required_packages(python: Path) -> list[RequiredPackage]:
    """The providers whose packages are installed beside an interpreter, sorted by name.

    Args:
        python: the interpreter of a virtual environment; others have no such packages.
    """
    said = [json.loads(file.read_text()) for file in python.parent.parent.glob(_FILES)]
    wanted = [one for one in said if one.get("resource") and "name" in one]
    found = [RequiredPackage(one["name"], one.get("version", "")) for one in wanted]
    return sorted(found, key=lambda one: one.name)

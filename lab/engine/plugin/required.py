"""The providers that a Python project has installed packages for.

A package such as `pulumi_aws` carries a file that names its provider.

Source: pulumi, sdk/python/cmd/pulumi-language-python (GetRequiredPackages).
"""

from __future__ import annotations

import json
from pathlib import Path

_FILES = "lib/python*/site-packages/pulumi_*/pulumi-plugin.json"


def required_providers(python: Path) -> list[str]:
    """Names of the providers whose packages are installed beside an interpreter, sorted.

    Args:
        python: the interpreter of a virtual environment; others have no such packages.
    """
    said = [json.loads(file.read_text()) for file in python.parent.parent.glob(_FILES)]
    return sorted(one["name"] for one in said if one.get("resource") and "name" in one)

"""What OpenVidu's own files hold, by version: its Compose files, and the templates of `.env`.

`deployments/` has the data, a file for each product. There `{"since": {VERSION: VALUE}}` is a value
that changed, null where it's none, and `@VERSION@` stands for the version.
Source: OpenVidu/openvidu at the tags of the versions, the folder that each file names.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from openvidu.release import LATEST, VERSIONS, ordered

_DATA = Path(__file__).with_name("deployments")


@dataclass(frozen=True)
class ComposeFile:
    """A Compose file.

    Attributes:
        needs: variables that it uses without a default, also in commands.
        services: by name, as in the file, without commands.
    """

    needs: Sequence[str]
    services: Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True)
class Deployment:
    """What is installed on a machine.

    Attributes:
        folder: where the files are in OpenVidu's repository.
        compose: its Compose files by name.
        template: keys and values of the `.env` that the install leaves.
        further: keys that are commented out there.
    """

    folder: str
    compose: Mapping[str, ComposeFile]
    template: Mapping[str, str]
    further: Sequence[str]

    @property
    def needs(self) -> Sequence[str]:
        """Variables that have to be set; the shell sets PWD."""
        return sorted({name for file in self.compose.values() for name in file.needs} - {"PWD"})


@functools.cache
def deployment(product: str, version: str) -> Deployment:
    """What a version of a product has; of a version that isn't known, what the newest one has.

    Args:
        product: name of a role: `base`, `master` or `node`.
        version: fixed, or `latest`.
    """
    text = (_DATA / f"{product}.json").read_text()
    fixed = VERSIONS[-1] if version == LATEST else version
    found = _at(json.loads(text.replace("@VERSION@", fixed)), ordered(fixed))
    files = {name: ComposeFile(**file) for name, file in found["compose"].items()}
    return Deployment(found["folder"], files, found["template"], found["further"])


def _at(node: Any, version: tuple[int, ...]) -> Any:
    if isinstance(node, list):
        return [_at(item, version) for item in node]
    if not isinstance(node, dict):
        return node
    if node.keys() == {"since"}:
        return [value for since, value in node["since"].items() if ordered(since) <= version][-1]
    chosen = {name: _at(item, version) for name, item in node.items()}
    return {name: item for name, item in chosen.items() if item is not None}

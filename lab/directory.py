"""Where a lab keeps what it has: one directory a lab."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent
"""The checkout that this lab belongs to: the program that it deploys."""

DEFAULT_NAME = "lab"
_NAME = re.compile(r"[a-z][a-z0-9-]{0,30}")


def home() -> Path:
    """The directory of all labs: OPENVIDU_LAB_HOME, or below the user's state directory."""
    if chosen := os.environ.get("OPENVIDU_LAB_HOME"):
        return Path(chosen)
    state = os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state"
    return Path(state) / "openvidu-lab"


@dataclass(frozen=True)
class LabDirectory:
    """The files of one lab.

    Attributes:
        name: the lab's name.
        path: its directory.
    """

    name: str
    path: Path

    @classmethod
    def of(cls, name: str) -> LabDirectory:
        """The directory of the lab called `name`.

        Raises:
            ValueError: the name can't be the name of a stack and a directory.
        """
        if not _NAME.fullmatch(name):
            raise ValueError(
                "lab name must be up to 31 lowercase letters, digits and -, as in "
                f"'lab-2', got {name!r}"
            )
        return cls(name, home() / name)

    @property
    def stack(self) -> str:
        """Name of the lab's stack."""
        return self.name if self.name == DEFAULT_NAME else f"lab-{self.name}"

    @property
    def stack_config(self) -> Path:
        """The stack's configuration, in the project as Pulumi wants it; git ignores it."""
        return PROJECT / f"Pulumi.{self.stack}.yaml"

    @property
    def passphrase(self) -> Path:
        """File with the passphrase that encrypts the stack's secrets."""
        return self.path / "passphrase"

    @property
    def certificate_authority(self) -> Path:
        """The lab's CA certificate, which signs what the internet would."""
        return self.path / "ca" / "ca.pem"

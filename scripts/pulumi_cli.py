"""The `pulumi` command line, as the scripts use it: found on the PATH, or clearly missing."""

from __future__ import annotations

import json
import shutil
import subprocess
from typing import Any


class PulumiError(Exception):
    """`pulumi` isn't there, or one of its commands failed."""


class PulumiCli:
    """The stack that `pulumi` works on in the current directory."""

    def __init__(self, stack: str | None = None) -> None:
        """Find the program.

        Args:
            stack: name of the stack; None for the one that is selected.

        Raises:
            PulumiError: `pulumi` isn't on the PATH.
        """
        found = shutil.which("pulumi")
        if found is None:
            raise PulumiError(
                "pulumi isn't on the PATH.\n"
                "  Install it (https://www.pulumi.com/docs/install/), or rehearse without it: "
                "uv run lab up"
            )
        self._program = found
        self._stack = ["--stack", stack] if stack else []

    def configured(self) -> set[str]:
        """The keys that were given a value, without namespace.

        The engine lists every key of the project's schema too, with its default: the empty text
        where there is none.
        """
        return {
            name.partition(":")[2]
            for name, entry in self.config().items()
            if entry.get("secret") or entry.get("value")
        }

    def config(self) -> dict[str, dict[str, Any]]:
        """The stack's configuration: by full key, `{"value": …, "secret": …}`; no secret shown."""
        found: dict[str, dict[str, Any]] = json.loads(self._run("config", "--json"))
        return found

    def set_config(self, key: str, value: str, *, secret: bool = False) -> None:
        """Set a key; the value goes through stdin, so that it's in no process list."""
        self._run("config", "set", "--secret" if secret else "--plaintext", key, stdin=value)

    def _run(self, *arguments: str, stdin: str = "") -> str:
        command = [self._program, *arguments, *self._stack, "--non-interactive"]
        done = subprocess.run(command, input=stdin, capture_output=True, text=True, check=False)
        if done.returncode:
            shown = " ".join(["pulumi", *arguments])
            raise PulumiError(f"{shown} failed:\n{(done.stderr or done.stdout).strip()}")
        return done.stdout

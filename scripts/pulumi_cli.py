"""The `pulumi` command line, as the scripts use it: found on the PATH, or clearly missing."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

_BUSY = ("is currently locked by", "Another update is currently in progress")
"""Source: pulumi, pkg/backend/diy/lock.go and pkg/backend/httpstate/backend.go, on conflict."""

_NO_STACK = re.compile(r"no stack (?:named '.*' found|selected)")
"""Source: pulumi, pkg/cmd/pulumi/stack, `RequireStack` and `ChooseStack`."""
_OWN = "openvidu-enterprise:"
"""What the project's own keys begin with."""
_RECENT = 5
"""Updates to look through for one that has ended: those that were killed may have no end."""


def configured(config: Mapping[str, Mapping[str, Any]], key: str, otherwise: str = "") -> str:
    """A key's value; `otherwise` where it has none, or is a secret.

    Args:
        config: as `PulumiCli.config` has it.
        key: without namespace.
        otherwise: what it is then.
    """
    return str(config.get(f"{_OWN}{key}", {}).get("value") or otherwise)


class PulumiError(Exception):
    """`pulumi` isn't there, or one of its commands failed."""


@dataclass(frozen=True)
class LastUpdate:
    """The last of a stack's updates that has ended.

    Attributes:
        ended: when.
        is_good: whether it ended well.
    """

    ended: datetime
    is_good: bool


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

    def stack_name(self) -> str:
        """The name of the stack, where none was named the selected one's."""
        return self._run("stack", "--show-name").strip()

    def preview(self) -> dict[str, Any]:
        """What an update would do, as `pulumi preview --json` prints it."""
        found: dict[str, Any] = json.loads(self._run("preview", "--json"))
        return found

    def preview_and_errors(self, import_file: Path | None = None) -> dict[str, Any]:
        """The same where it fails too: then `diagnostics` say why.

        Args:
            import_file: where to write what `pulumi import` would take of the preview's creates.

        Raises:
            PulumiError: it prints something else, or fails and doesn't say why there.
        """
        options = ["--import-file", str(import_file)] if import_file else []
        done = self._done("preview", "--json", *options)
        try:
            found: dict[str, Any] = json.loads(done.stdout)
        except ValueError:
            raise PulumiError(_no_stack(done) or _said(done)) from None
        if done.returncode and not _says_why(found):
            raise PulumiError(
                _no_stack(done)
                or f"pulumi preview failed with status {done.returncode}, and said only:\n"
                f"{_said(done)}\n"
                "  Next: pulumi preview"
            )
        return found

    def configured(self) -> set[str]:
        """The keys that have a value, without namespace: not the empty text, secret or not.

        The engine lists every key of the project's schema too, with its default: the empty text
        where there is none.
        """
        found = json.loads(self._run("config", "--json", "--show-secrets"))
        return {name.partition(":")[2] for name, entry in found.items() if entry.get("value")}

    def config(self) -> dict[str, dict[str, Any]]:
        """The stack's configuration: by full key, `{"value": …, "secret": …}`; no secret shown."""
        found: dict[str, dict[str, Any]] = json.loads(self._run("config", "--json"))
        return found

    def own_config(self) -> dict[str, dict[str, Any]]:
        """The project's own keys, without namespace, as `config` has them; secrets in plain."""
        found = json.loads(self._run("config", "--json", "--show-secrets"))
        return {
            name.removeprefix(_OWN): one for name, one in found.items() if name.startswith(_OWN)
        }

    def plain_config(self) -> dict[str, str]:
        """What the stack's keys are set to, without namespace, secrets in plain."""
        found = json.loads(self._run("config", "--json", "--show-secrets"))
        return {name.partition(":")[2]: str(one.get("value") or "") for name, one in found.items()}

    def secret_values(self) -> list[str]:
        """The values of the stack's secret keys, in plain: to be taken out of what is shown."""
        found = json.loads(self._run("config", "--json", "--show-secrets"))
        return [str(one.get("value") or "") for one in found.values() if one.get("secret")]

    def get_config(self, key: str) -> str:
        """A key's value, in plain.

        Raises:
            PulumiError: it has none.
        """
        return self._run("config", "get", key)

    def set_config(self, key: str, value: str, *, secret: bool = False) -> None:
        """Set a key; the value goes through stdin, so that it's in no process list."""
        self._run("config", "set", "--secret" if secret else "--plaintext", key, stdin=value)

    def set_path(self, path: str, value: str, *, secret: bool = False) -> None:
        """Set a value within a key, as `hosts[1].hostKey`; it goes through stdin."""
        kind = "--secret" if secret else "--plaintext"
        self._run("config", "set", kind, "--path", path, stdin=value)

    def set_plain(self, values: Mapping[str, int | list[int]]) -> None:
        """Set several keys at once: either all are stored or none is. Not for secrets."""
        entries = {key: _entry(value) for key, value in values.items()}
        self._run("config", "set-all", "--json", json.dumps(entries))

    def export_state(self, *, show_secrets: bool = False) -> dict[str, Any]:
        """The stack's state; its secrets are encrypted, or in plain text for use here."""
        options = ["--show-secrets"] if show_secrets else []
        found: dict[str, Any] = json.loads(self._run("stack", "export", *options))
        return found

    def last_update(self) -> LastUpdate | None:
        """The last update that has ended, a refresh and a destroy included; None before the first.

        Source: pulumi, pkg/cmd/pulumi/stack/stack_history.go: one that runs has no end.
        """
        entries = json.loads(self._run("stack", "history", "--json", "--page-size", str(_RECENT)))
        for entry in entries or ():
            if ended := entry.get("endTime"):
                good = entry["result"] == "succeeded"
                return LastUpdate(datetime.fromisoformat(ended), good)
        return None

    def import_state(self, text: str) -> None:
        """Replace the stack's state by one that was exported."""
        self._run("stack", "import", stdin=text)

    def refresh(self, urns: Iterable[str]) -> None:
        """Read some of the stack's resources anew."""
        targets = [word for urn in urns for word in ("--target", urn)]
        self._run("refresh", "--yes", "--skip-preview", *targets)

    def require_idle(self, urn: str) -> None:
        """Make sure that no update runs, by taking the stack's lock for a moment.

        Args:
            urn: of a resource that reads as it was, such as a command.

        Raises:
            PulumiError: an update runs.
        """
        try:
            self.refresh([urn])
        except PulumiError as error:
            if any(words in str(error) for words in _BUSY):
                raise PulumiError(
                    "An update of this stack is running, or was killed; nothing was "
                    "changed.\n"
                    f"{error}\n"
                    "  Next: wait until it ends; if it was killed: pulumi cancel"
                ) from None

    def up(self, *options: str) -> int:
        """Update the stack; what it prints is shown. Returns the exit status."""
        command = [self._program, "up", "--yes", "--skip-preview", *options, *self._stack]
        return subprocess.run(command, check=False).returncode

    def _run(self, *arguments: str, stdin: str = "") -> str:
        done = self._done(*arguments, stdin=stdin)
        if done.returncode:
            shown = " ".join(["pulumi", *arguments])
            raise PulumiError(_no_stack(done) or f"{shown} failed:\n{_said(done)}")
        return done.stdout

    def _done(self, *arguments: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
        command = [self._program, *arguments, *self._stack, "--non-interactive"]
        return subprocess.run(command, input=stdin, capture_output=True, text=True, check=False)


def _said(done: subprocess.CompletedProcess[str]) -> str:
    return (done.stderr or done.stdout).strip()


def _no_stack(done: subprocess.CompletedProcess[str]) -> str:
    """What to say where there is no such stack, or none is selected; empty where that isn't it."""
    found = _NO_STACK.search(_said(done)) if done.returncode else None
    if found is None:
        return ""
    return (
        f"{found[0]}.\n  Next: pulumi stack ls, which lists those there are; "
        "then --stack NAME, or: pulumi stack select NAME"
    )


def _says_why(preview: Mapping[str, Any]) -> bool:
    """Whether a preview names an error."""
    return any(one.get("severity") == "error" for one in preview.get("diagnostics") or ())


def _entry(value: int | list[int]) -> dict[str, Any]:
    """A value as `pulumi config --json` shows it."""
    text = json.dumps(value)
    return {"value": text, "objectValue": value} if isinstance(value, list) else {"value": text}

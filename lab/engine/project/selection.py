"""Which backend and which stack are selected, where the CLI keeps that too.

Source: pulumi, pkg/workspace/workspace.go and creds.go.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from lab.engine.errors import UsageError
from lab.engine.project.project import Project
from lab.engine.store.files import write_whole


class Selection:
    """What the user has chosen.

    Args:
        environment: environment variables of the command.
    """

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._environment = environment
        home = environment.get("PULUMI_HOME") or "~/.pulumi"
        self._home = Path(home).expanduser()

    def backend_url(self, project: Project | None) -> str:
        """The backend: PULUMI_BACKEND_URL, the project's, or the one logged in to.

        Raises:
            UsageError: none is chosen.
        """
        chosen = (
            self._environment.get("PULUMI_BACKEND_URL")
            or (project and project.backend_url)
            or _read(self._home / "credentials.json").get("current")
        )
        if not chosen:
            raise UsageError(
                "no backend is chosen\n"
                "  set PULUMI_BACKEND_URL=file://PATH, or type: pulumi login file://PATH"
            )
        return str(chosen)

    def log_in(self, url: str | None) -> None:
        """Choose a backend for later commands, or none."""
        file = self._home / "credentials.json"
        known = dict(_read(file))
        known["current"] = url or ""
        if url:
            known.setdefault("accounts", {}).setdefault(url, {})
        write_whole(file, json.dumps(known, indent=4))

    def stack(self, project: Project, url: str) -> str | None:
        """The selected stack of a project, if any."""
        chosen = self._environment.get("PULUMI_STACK")
        if not chosen:
            chosen = (_read(self._file(project)).get("stacks") or {}).get(url)
        return str(chosen).rsplit("/", 1)[-1] if chosen else None

    def select(self, project: Project, url: str, stack: str | None) -> None:
        """Select a stack for later commands, or none."""
        file = self._file(project)
        settings = dict(_read(file))
        stacks = dict(settings.get("stacks") or {})
        if stack:
            stacks[url] = f"organization/{project.name}/{stack}"
        else:
            stacks.pop(url, None)
        write_whole(file, json.dumps(settings | {"stacks": stacks}, indent=4))

    def _file(self, project: Project) -> Path:
        place = hashlib.sha1(str(project.file).encode(), usedforsecurity=False).hexdigest()
        return self._home / "workspaces" / f"{project.name}-{place}-workspace.json"


def _read(file: Path) -> Mapping[str, Any]:
    try:
        found = json.loads(file.read_text())
    except FileNotFoundError:
        return {}
    except ValueError as error:
        raise UsageError(f"{file}: no JSON ({error}); remove it to begin anew") from error
    return found if isinstance(found, dict) else {}

"""A checkout on a machine of somebody who begins: nothing of theirs is on the PATH."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from lab.directory import PROJECT
from tests.pages.blocks import blocks, is_operators
from tests.pages.plan import OWN_LABS
from tests.pages.terminal import Answer, Typed, type_in_terminal

_SYSTEM = "/usr/sbin:/usr/bin:/sbin:/bin"
"""Not `/usr/local/bin`, where CI's machines have a Pulumi CLI and much else."""
# Where a company has a mirror of PyPI, a fresh machine of theirs knows it, too.
_MIRRORS = ("PIP_", "UV_DEFAULT_INDEX", "UV_INDEX", "HTTP", "http", "NO_PROXY", "no_proxy")
_LIMIT_SECONDS = 900.0
_CLI_SECONDS = 3600.0
"""To build the Pulumi CLI."""


@dataclass
class Desk:
    """A checkout, and who sits in front of it.

    Attributes:
        checkout: the folder.
        environment: all of the variables there.
        page: the page that is read; empty for none, with the cluster of `./run up`.
    """

    checkout: Path
    environment: Mapping[str, str]
    page: str = ""

    def turn_to(self, page: str) -> None:
        """Have a cluster as the README leaves one, for a page that is begun.

        A page that starts a lab of its own has that one only.
        """
        before, self.page = self.page, page
        if page == before or (not before and page not in OWN_LABS):
            return
        self.type(f"uv run lab --name {OWN_LABS.get(before, 'lab')} reset")
        if page not in OWN_LABS:
            self.ok("uv run lab up")

    def type(
        self,
        command: str,
        answers: Sequence[Answer] = (),
        lab: str = "",
        *,
        selected: bool = False,
    ) -> Typed:
        """Type a command, as it stands.

        Args:
            command: the command.
            answers: to what it asks.
            lab: where operators' commands are typed: a lab's name; empty for the usual one.
            selected: whether they go on the stack that is selected there; else it's the lab's.
        """
        shell = ["bash", "-euo", "pipefail", "-c", command]
        if is_operators(command):
            name = ["--name", lab] if lab else []
            stack = ["env", "--unset", "PULUMI_STACK"] if selected else []
            shell = ["uv", "run", "lab", *name, "run", "--", *stack, *shell]
        limit = _CLI_SECONDS if command == "./run pulumi" else _LIMIT_SECONDS
        return type_in_terminal(shell, self.checkout, self.environment, answers, limit)

    def ok(
        self,
        command: str,
        answers: Sequence[Answer] = (),
        lab: str = "",
        *,
        selected: bool = False,
    ) -> None:
        """Type a command, which has to end well, or as Ctrl-C ends it."""
        done = self.type(command, answers, lab, selected=selected)
        assert done.status in (0, 130), f"{command}\nended with {done.status}:\n{done.screen}"


@pytest.fixture(scope="session")
def desk() -> Iterator[Desk]:
    """A fresh checkout after `./run up`, with what the README has typed next: the PATH."""
    folder = Path(tempfile.mkdtemp(prefix="first-hour-", dir="/var/tmp"))
    checkout = folder / "checkout"
    files = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=PROJECT,
        capture_output=True,
        check=True,
    ).stdout.split(b"\0")
    for name in filter(None, map(os.fsdecode, files)):
        (checkout / name).parent.mkdir(parents=True, exist_ok=True)
        if (PROJECT / name).exists():
            shutil.copy2(PROJECT / name, checkout / name, follow_symlinks=False)
    subprocess.run(["git", "init", "--quiet"], cwd=checkout, check=True)
    mirrors = {name: value for name, value in os.environ.items() if name.startswith(_MIRRORS)}
    environment = {
        **mirrors,
        "HOME": str(folder),
        "PATH": _SYSTEM,
        "SHELL": "/bin/bash",
        "TERM": "xterm",
        "LANG": "C.UTF-8",
    }
    Desk(checkout, environment).ok("./run up")
    said = next(one for block in blocks("README.md") for one in block.commands if "PATH=" in one)
    typed = ["bash", "-c", f'{said}; printf %s "$PATH"']
    path = subprocess.run(
        typed, cwd=checkout, env=environment, capture_output=True, text=True, check=True
    )
    ready = Desk(checkout, {**environment, "PATH": path.stdout})
    try:
        yield ready
    finally:
        for lab in ("lab", *OWN_LABS.values()):
            ready.type(f"uv run lab --name {lab} reset")
        shutil.rmtree(folder)

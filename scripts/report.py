"""Collects from every machine what helps to find out what is wrong, into one archive.

What OpenVidu's own report has, and the system's side; every secret of the stack is masked.

uv run openvidu-enterprise report
uv run openvidu-enterprise report --output incident.tar.gz
"""

from __future__ import annotations

import io
import os
import sys
import tarfile
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from components.remote import text_of
from scripts.display import print_json, waiting
from scripts.expected_errors import expected_errors
from scripts.masking import mask, secrets_of
from scripts.pulumi_cli import PulumiCli, PulumiError
from scripts.stack_machines import Machine, machines

_FOLDER = Path("reports")
_LIMIT_SECONDS = 180.0
_WORKERS = 16


def main(
    output: Annotated[
        Path | None, typer.Option(help="The archive; default: reports/openvidu-TIME.tar.gz.")
    ] = None,
    *,
    as_json: Annotated[bool, typer.Option("--json", help="For scripts.")] = False,
    stack: Annotated[str | None, typer.Option(help="Stack; the selected one by default.")] = None,
) -> None:
    """Collect what helps to find out what is wrong, with every secret of the stack masked.

    Exit status: 0 when every machine has told its part, 1 otherwise.

    Example:
      uv run openvidu-enterprise report --output incident.tar.gz
    """
    console = Console(stderr=True, highlight=False, soft_wrap=True)
    with expected_errors():
        pulumi = PulumiCli(stack)
        exported = pulumi.export_state(show_secrets=True)
        there = machines(exported)
        secrets = secrets_of(exported, pulumi.secret_values())
        file = output or default_file(datetime.now(UTC))
        # A place that can't be written to is told before minutes of asking.
        os.close(_open(file))
        with ThreadPoolExecutor(_WORKERS) as pool, waiting(f"asking {', '.join(there)}"):
            told = dict(zip(there, pool.map(_ask, there.values()), strict=True))
        files = {
            f"{name}.txt": mask(f"{text}\n" if isinstance(text, PulumiError) else text, secrets)
            for name, text in told.items()
        }
        write(file, files)
        failed = {name: str(one) for name, one in told.items() if isinstance(one, PulumiError)}
        if as_json:
            print_json({"file": str(file), "failed": failed})
            sys.exit(1 if failed else 0)
        for name in told:
            error = failed.get(name)
            console.print(f"{name}: {error or 'collected'}", style="red" if error else None)
        console.print(
            f"{file}: written. Its secrets are masked; look through it before you send it."
        )
        sys.exit(1 if failed else 0)


def _ask(machine: Machine) -> str | PulumiError:
    """What a machine prints, or why it prints nothing."""
    try:
        return machine.ask("report", _LIMIT_SECONDS, REPORT=text_of("report.sh"))
    except PulumiError as error:
        return error


def default_file(now: datetime) -> Path:
    """Where a report goes that nobody names: a folder that only its owner may read, made here.

    Git ignores it, so that no report is committed with the stack's configuration.
    """
    _FOLDER.mkdir(mode=0o700, exist_ok=True)
    return _FOLDER / f"openvidu-{now:%Y%m%dT%H%M%SZ}.tar.gz"


def write(file: Path, files: Mapping[str, str]) -> None:
    """Write an archive that only its owner may read.

    Args:
        file: where to; one that is there is written over.
        files: texts by name.
    """
    folder = file.name.partition(".")[0]
    descriptor = _open(file)
    with (
        os.fdopen(descriptor, "wb") as stream,
        tarfile.open(fileobj=stream, mode="w:gz") as archive,
    ):
        os.fchmod(descriptor, 0o600)
        for name, text in files.items():
            content = text.encode()
            entry = tarfile.TarInfo(f"{folder}/{name}")
            entry.size, entry.mode, entry.mtime = len(content), 0o600, int(time.time())
            archive.addfile(entry, io.BytesIO(content))


def _open(file: Path) -> int:
    return os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)


if __name__ == "__main__":
    typer.run(main)

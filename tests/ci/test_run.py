"""`./run test` looks at every shell script there is."""

from __future__ import annotations

import re
import subprocess

from lab.directory import PROJECT

SHELL = re.compile(rb"#!.*(bash|/sh)$")
SKIPPED = {".git", ".venv", ".uv"}


def test_no_shell_script_is_left_out() -> None:
    (function,) = re.findall(
        r"^shell_files\(\) \{.*?^\}", (PROJECT / "run").read_text(), re.M | re.S
    )
    done = subprocess.run(
        ["bash", "-c", f"{function}; shell_files"],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        check=True,
    )
    folders = [one for one in PROJECT.iterdir() if one.is_dir() and one.name not in SKIPPED]
    files = [PROJECT / "run", *(file for one in folders for file in one.rglob("*"))]
    scripts = {
        str(file.relative_to(PROJECT))
        for file in files
        if file.is_file() and SHELL.match(file.read_bytes().partition(b"\n")[0])
    }
    assert {*done.stdout.split()} == scripts
    assert len(scripts) > 20

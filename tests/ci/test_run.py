"""`./run up` passes on what it's given; `./run test` looks at every shell script there is."""

from __future__ import annotations

import re
import subprocess

from lab.directory import PROJECT

SHELL = re.compile(rb"#!.*(bash|/sh)$")
SKIPPED = {".git", ".venv", ".uv"}


def function(name: str) -> str:
    text = (PROJECT / "run").read_text()
    (found,) = re.findall(rf"^{name}\(\) \{{.*?^\}}", text, re.M | re.S)
    return str(found)


def test_the_labs_name_is_passed_on() -> None:
    script = f"{function('lab_up')}; exec() {{ echo $*; }}; lab_up $*"
    for given, said in (
        ("--name two --config nodeCount=3", "uv run lab --name two up --config nodeCount=3"),
        ("--refresh --engine=embedded", "uv run lab --engine=embedded up --refresh"),
        ("", "uv run lab up"),
    ):
        done = subprocess.run(
            ["bash", "-uc", script, "bash", *given.split()],
            capture_output=True,
            text=True,
            check=True,
        )
        assert done.stdout == f"{said}\n"


def test_no_shell_script_is_left_out() -> None:
    done = subprocess.run(
        ["bash", "-c", f"{function('shell_files')}; shell_files"],
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

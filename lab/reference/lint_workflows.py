"""Has actionlint look at GitHub's workflows: `./run test`.

Its package on Python's index fetches the program from GitHub, unchecked. Go's module proxy has its
source, and `workflows/go.sum` says what that has to be. Steps are looked at with the shellcheck of
the PATH.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from lab.reference import build_cli

_MODULE = Path(__file__).with_name("workflows")


def main() -> int:
    """Look at the files that are named; returns the exit status.

    Without Go it says that nothing was looked at, which is a failure in CI alone.
    """
    files = [str(Path(name).absolute()) for name in sys.argv[1:]]
    try:
        go = build_cli.find_go()
    except build_cli.BuildError as error:
        sys.stderr.write(f"WORKFLOWS NOT LINTED: {error}\n")
        return 1 if os.environ.get("CI") else 0
    command = [go, "tool", "actionlint", *files]
    environment = {**os.environ, **build_cli.ENVIRONMENT}
    return subprocess.run(command, cwd=_MODULE, env=environment, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())

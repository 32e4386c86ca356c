"""Running commands in containers."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence

from lab.openvidu import faults
from lab.openvidu.docker import images
from lab.openvidu.docker.containers import Container
from lab.openvidu.docker.errors import ContainerNotRunningError


def execute(
    container: Container, argv: Sequence[str], environment: Mapping[str, str], *, tty: bool
) -> int:
    """Run a command in a container, with its environment and more; the exit status.

    Raises:
        ContainerNotRunningError: the container doesn't run.
    """
    state = container.state
    if state.status != "running":
        raise ContainerNotRunningError(container.id)
    if tty and not sys.stdin.isatty() and faults.strike("exec-needs-tty"):
        sys.stderr.write("the input device is not a TTY\n")
        return 1
    container.look_up_names()
    command = images.command(container.spec.image, argv)
    if shutil.which(command[0], path=container.environment["PATH"]) is None:
        sys.stdout.write(
            "OCI runtime exec failed: exec failed: unable to start container process: exec: "
            f'"{argv[0]}": executable file not found in $PATH: unknown\n'
        )
        return 126
    # With the files that it sees, and where it works.
    inside = ["nsenter", "--target", str(state.pid), "--mount", "--root", "--wd", "--"]
    return subprocess.run(
        [*inside, *command], env=container.environment | dict(environment), check=False
    ).returncode

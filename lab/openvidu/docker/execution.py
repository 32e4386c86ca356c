"""Running commands in containers."""

from __future__ import annotations

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
        raise ContainerNotRunningError(container.spec.name)
    if tty and not sys.stdin.isatty() and faults.strike("exec-needs-tty"):
        sys.stderr.write("the input device is not a TTY\n")
        return 1
    container.look_up_names()
    # With the files that it sees, and where it works.
    inside = ["nsenter", "--target", str(state.pid), "--mount", "--root", "--wd", "--"]
    try:
        return subprocess.run(
            [*inside, *images.command(container.spec.image, argv)],
            env=container.environment | dict(environment),
            check=False,
        ).returncode
    except FileNotFoundError:
        sys.stderr.write(
            f'OCI runtime exec failed: exec failed: "{argv[0]}": executable file not found\n'
        )
        return 127

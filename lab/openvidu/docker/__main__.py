"""The container stand-in's command: `docker ARGUMENTS`.

Each part is imported when it is wanted: an install pulls a dozen images, each with a command.
"""

from __future__ import annotations

import signal
import sys
from collections.abc import Sequence
from importlib import import_module

from lab.openvidu.docker import engine, images
from lab.openvidu.docker.errors import DockerError
from lab.openvidu.packages import COMPOSE_PLUGIN


def main(arguments: Sequence[str]) -> int:
    """Run `docker ARGUMENTS`; the exit status."""
    try:
        return _run(arguments)
    except KeyboardInterrupt:
        return 130
    except DockerError as error:
        sys.stderr.write(f"{error}\n")
        return error.status
    except OSError as error:
        sys.stderr.write(f"Error response from daemon: {error}\n")
        return 1


def _run(arguments: Sequence[str]) -> int:
    status: int
    if not set(arguments) & {"--version", "-v"} and [*arguments[:2]] != ["compose", "version"]:
        engine.require()
    match list(arguments):
        case ["pull", *options, image] if all(option in ("-q", "--quiet") for option in options):
            new = images.pull(image)
            state = "Downloaded newer image for" if new else "Image is up to date for"
            sys.stdout.write(f"Status: {state} {image}\n")
            return 0
        case ["compose", *rest]:
            if not COMPOSE_PLUGIN.exists():
                raise DockerError("docker: 'compose' is not a docker command.\nSee 'docker --help'")
            # Compose ends with 130 at either signal.
            signal.signal(signal.SIGTERM, signal.default_int_handler)
            status = import_module("lab.openvidu.docker.compose_cli").main(rest)
        case rest:
            status = import_module("lab.openvidu.docker.container_cli").main(rest)
    return status


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

"""The engine, `dockerd`: a service of the machine, without which no command gets an answer.

Its containers are processes of their own: they outlive it when it's killed, as the real one's
do, and are stopped when it's asked to end.
"""

from __future__ import annotations

import signal
import sys

from lab.openvidu.docker import containers
from lab.openvidu.docker.errors import DockerError
from lab.openvidu.docker.host import HostFile
from lab.openvidu.systemd import service, units

UNIT = "docker.service"
_NO_ENGINE = (
    "Cannot connect to the Docker daemon at unix:///var/run/docker.sock. "
    "Is the docker daemon running?"
)
_TEXT = """\
[Unit]
Description=Docker Application Container Engine
[Service]
ExecStart={command}
Restart=always
RestartSec=2
[Install]
WantedBy=multi-user.target
"""
"""Source: repository of Moby, contrib/init/systemd/docker.service."""


def unit(command: str) -> str:
    """Its unit file.

    Args:
        command: what runs `main`.
    """
    return _TEXT.format(command=command)


def install(command: str) -> None:
    """Have the machine run it now, and at every boot, as its package does.

    Args:
        command: what runs `main`.
    """
    units.FOLDER.mkdir(parents=True, exist_ok=True)
    (units.FOLDER / UNIT).write_text(unit(command))
    units.enable(UNIT)
    service.start(UNIT)


def uninstall() -> None:
    """Have the machine run it no more."""
    units.link(UNIT).unlink(missing_ok=True)
    service.stop(UNIT)


def require() -> None:
    """Have it run; outside of a lab's machine there is none.

    Raises:
        DockerError: it doesn't.
    """
    if HostFile.read() and not service.is_active(UNIT):
        raise DockerError(_NO_ENGINE)


def main() -> int:
    """Start what it starts when it begins, and stop all when it's asked to end."""
    signals = {signal.SIGTERM, signal.SIGINT}
    signal.pthread_sigmask(signal.SIG_BLOCK, signals)
    containers.boot()
    signal.sigwait(signals)
    containers.shut_down()
    return 0


if __name__ == "__main__":
    sys.exit(main())

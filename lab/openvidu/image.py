"""What the simulated OpenVidu puts into a host's image, and runs at its boot.

Docker isn't there at first: `apt-get install docker.io docker-compose-v2` puts it in place.
"""

from __future__ import annotations

import compileall
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from lab.cloud.facts import ACME_ADDRESS
from lab.cloud.host_facts import HostFacts
from lab.cloud.host_like import DOCKER_CE, PACKAGES, SNAP
from lab.openvidu import faults
from lab.openvidu.docker import engine, host, images
from lab.openvidu.packages import COMPOSE_PLUGIN, DOCKER, INSTALLED, LIBRARY
from lab.openvidu.systemd import units

_IMAGES = Path("/var/lib/docker")
"""Where the real engine keeps images."""
_BOOT = LIBRARY / "boot"
_DOCKER_FROM = {PACKAGES: ("docker.io", "docker-compose-v2"), DOCKER_CE: ("docker-ce",)}
"""What is installed where it's there from the start."""
_APT_DAILY = LIBRARY / "apt-daily"
_APT_GET = Path("/usr/local/sbin/apt-get")
_FAULT = Path("/usr/local/sbin/openvidu-lab-fault")
_SYSTEMCTL = Path("/usr/bin/systemctl")

_SEARCH_PATH = tuple(
    Path(folder)
    for folder in ("/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin")
)
"""Where a real Docker of the machine may be: a host begins without."""

BOOT: list[list[str]] = [[str(_BOOT)]]
"""What a host runs at every boot: mounts its volumes, and starts its services."""


@dataclass(frozen=True)
class _Command:
    """A command of the image.

    Attributes:
        module: what it runs, with a first argument maybe.
        refusal: what everybody but root gets to read.
        status: the exit status that goes with it.
    """

    module: str
    refusal: str
    status: int


_NO_DOCKER = (
    "permission denied while trying to connect to the Docker daemon socket at "
    "unix:///var/run/docker.sock"
)
_FOR_ROOT = "in a lab this command is for root"
_COMMANDS: Mapping[Path, _Command] = {
    LIBRARY / "docker": _Command("lab.openvidu.docker", _NO_DOCKER, 1),
    LIBRARY / "dockerd": _Command("lab.openvidu.docker.engine", _NO_DOCKER, 1),
    LIBRARY / "docker-compose": _Command("lab.openvidu.docker compose", _NO_DOCKER, 1),
    Path("/usr/local/bin/apt-cache"): _Command("lab.openvidu.packages apt-cache", _FOR_ROOT, 1),
    Path("/usr/local/bin/apt-mark"): _Command("lab.openvidu.packages apt-mark", _FOR_ROOT, 1),
    _APT_DAILY: _Command("lab.openvidu.packages apt-daily", _FOR_ROOT, 1),
    _APT_GET: _Command(
        "lab.openvidu.packages apt-get",
        "E: Could not open lock file /var/lib/dpkg/lock-frontend - are you root?",
        100,
    ),
    _SYSTEMCTL: _Command("lab.openvidu.systemd", "Interactive authentication required.", 1),
    _FAULT: _Command("lab.openvidu.faults", _FOR_ROOT, 1),
}


_MOUNT_ALL = "awk '$1 !~ /^#/ { print $2 }' /etc/fstab | while read -r place; do mount $place; done"
_VOLUMES: Mapping[Path, str] = {
    # A volume is a folder in place of a device: see lab.cloud.volumes.
    Path("/usr/local/sbin/blkid"): '[ -e "$1/.formatted" ]',
    Path("/usr/local/sbin/mkfs.ext4"): 'for device; do :; done; touch "$device/.formatted"',
    Path("/usr/local/bin/mount"): (
        'device=$(awk -v place="$1" \'$2 == place && $3 == "ext4" { print $1 }\' /etc/fstab)\n'
        '[ -n "$device" ] || exec /usr/bin/mount "$@"\n'
        'exec /usr/bin/mount --bind "$device" "$1"'
    ),
}


def prepare(root: Path, lab: HostFacts) -> None:
    """Put the stand-ins into a host's image.

    Args:
        root: the host's root, mounted, before its first boot.
        lab: the host's facts.
    """
    # Once for all hosts: each has a copy of its own of what it would compile itself.
    compileall.compile_dir(Path(__file__).parent, quiet=2)
    for path, command in _COMMANDS.items():
        _write(root, path, _launcher(lab, command))
    for path, text in {**_sizes(lab), **_VOLUMES}.items():
        _write(root, path, f"#!/bin/sh\n{text}\n")
    _write(
        root,
        _BOOT,
        f"#!/bin/sh\n{_MOUNT_ALL}\n{_updates(lab)}{_SYSTEMCTL} --boot\n",
    )
    if not lab.from_image:
        _hide_this_machines(root)
    seconds = float(os.environ.get(host.PROXY_VARIABLE) or host.PROXY_SECONDS)
    if lab.like.docker:
        # As apt-get's stand-in puts them in place.
        compose = ((COMPOSE_PLUGIN, "docker-compose"),) if lab.like.docker != DOCKER_CE else ()
        for path, name in ((DOCKER, "docker"), *compose):
            _write(root, path, _launcher(lab, _COMMANDS[LIBRARY / name]))
        for package in _DOCKER_FROM.get(lab.like.docker, ()):
            _write(root, INSTALLED / package, "")
        _write(root, units.FOLDER / engine.UNIT, engine.unit(str(LIBRARY / "dockerd")))
        _inside(root, units.link(engine.UNIT)).parent.mkdir(parents=True, exist_ok=True)
        _inside(root, units.link(engine.UNIT)).symlink_to(units.FOLDER / engine.UNIT)
    if lab.like.docker == SNAP:
        _write(root, host.SNAP, "")
    if lab.like.docker_disk_gib is not None:
        _inside(root, _IMAGES).mkdir(parents=True, exist_ok=True)
    facts = host.HostFile(
        lab.mirror,
        ACME_ADDRESS,
        lab.private_ip,
        lab.public_ip,
        seconds,
        _images_gib(lab),
        lab.like.release,
        lab.like.docker == DOCKER_CE,
        _pull_seconds(lab),
    )
    facts.write(_inside(root, host.FILE))
    _inside(root, faults.FOLDER).mkdir(parents=True, exist_ok=True)


def _hide_this_machines(root: Path) -> None:
    """Take away what this machine has of Docker, and has enabled: a host begins without."""
    for folder in _SEARCH_PATH:
        for name in ("docker", "docker-compose", "dockerd"):
            _inside(root, folder / name).unlink(missing_ok=True)
    _inside(root, COMPOSE_PLUGIN).unlink(missing_ok=True)
    for link in _inside(root, units.link("")).glob("*"):
        link.unlink()


def _pull_seconds(lab: HostFacts) -> float:
    """How long the download of an image takes."""
    speed = lab.like.pull_mb_per_second
    return lab.like.image_mb / speed if speed else 0.0


def _updates(lab: HostFacts) -> str:
    """The line of a machine that updates itself while it boots."""
    seconds = lab.like.apt_daily_seconds
    return f"{_APT_DAILY} {seconds} </dev/null >/dev/null 2>&1 &\n" if seconds else ""


def _sizes(lab: HostFacts) -> Mapping[Path, str]:
    """What a machine of the ordered size says of itself: this one's own is another."""
    folder = Path("/usr/local/bin")
    # Without a disk of their own images are on the one that everything else is on.
    theirs = "" if lab.like.docker_disk_gib is None else _IMAGES
    return {
        folder / "nproc": f"echo {lab.cpus}",
        # Source: procps, its German messages.
        folder / "free": (
            "case ${LC_ALL:-${LC_MESSAGES:-${LANG:-}}} in de_*) row=Speicher ;; *) row=Mem ;; "
            "esac\n"
            f'echo "$row: {lab.memory_mib} 0 {lab.memory_mib}"'
        ),
        folder / "df": (
            f"images=$(wc -l 2>/dev/null <{images.PULLED})\n"
            f"left=$((1024 * ({_images_gib(lab)} - {host.IMAGE_GIB} * ${{images:-0}})))\n"
            f"case $* in *--output=avail*{theirs}*) echo Avail; echo $left ;; "
            f"*--output=avail*) echo Avail; echo {1024 * host.DISK_GIB} ;; "
            "*--output=iavail*) echo IFree; echo 6500000 ;; "
            # A root that is an overlay has no device; a machine's has one.
            """*) /usr/bin/df "$@" | sed -E 's,^(root|fuse-overlayfs) ,/dev/root ,' ;; esac"""
        ),
    }


def _images_gib(lab: HostFacts) -> int:
    """Room for images."""
    own = lab.like.docker_disk_gib
    return host.DISK_GIB if own is None else own


def _launcher(lab: HostFacts, command: _Command) -> str:
    # Only root is sure to be let in where the interpreter is.
    # -P: the caller's folder is not a place to import from.
    return f"""\
#!/bin/sh
if [ "$(id -u)" -ne 0 ]; then
    echo '{command.refusal}' >&2
    exit {command.status}
fi
exec env PYTHONPATH='{lab.project}' '{lab.python}' -P -m {command.module} "$@"
"""


def _write(root: Path, path: Path, text: str) -> None:
    target = _inside(root, path)
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(text)
    target.chmod(0o755)


def _inside(root: Path, path: Path) -> Path:
    return root / path.relative_to("/")

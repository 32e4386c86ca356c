"""What a lab needs of the machine that it runs on, and how to get it.

`python -m lab.cloud.requirements` prints the Debian packages that are missing, one a line, and
nothing when all is there; with the argument `test` also those of its tests. These tables are the
only list of them.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

_SYSTEM_FOLDERS = ("/usr/local/sbin", "/usr/sbin", "/sbin")
"""Where Debian keeps most of these; not on an ordinary user's PATH."""


@dataclass(frozen=True)
class Missing:
    """Something that a lab needs and this machine doesn't have.

    Attributes:
        what: the program or the ability.
        why: what the lab does with it.
        package: the Debian package that has it; None when a package doesn't help.
        instead: what to do where a package doesn't help.
    """

    what: str
    why: str
    package: str | None = None
    instead: str = ""


_PROGRAMS: tuple[Missing, ...] = (
    Missing("ip", "makes networks", "iproute2"),
    Missing("nft", "enforces security groups", "nftables"),
    Missing("unshare", "makes namespaces", "util-linux"),
    Missing("nsenter", "enters namespaces", "util-linux"),
    Missing("sshd", "is the machines' SSH server", "openssh-server"),
    Missing("ssh", "logs in to machines", "openssh-client"),
    Missing("ssh-keygen", "makes the machines' host keys", "openssh-client"),
    Missing("sudo", "is how the program becomes root on machines", "sudo"),
    Missing("curl", "downloads on machines", "curl"),
    Missing("pgrep", "lists processes on machines", "procps"),
    Missing("redis-server", "is the base's Redis", "redis-server"),
    Missing("nginx", "is the base's load balancer", "nginx"),
    Missing("turnserver", "is a node's TURN server", "coturn"),
    Missing("openssl", "signs the base's own certificate", "openssl"),
)
_MODULES: tuple[Missing, ...] = (
    Missing("httpx", "asks the cluster, on the base", "python3-httpx"),
    Missing("redis", "asks Redis how it is, on the base", "python3-redis"),
)
"""Modules of the machines' own Python. A machine installs them; in a lab nothing is downloaded."""
_SYSTEM_MODULES = Path("/usr/lib/python3/dist-packages")
_USER_PROGRAMS: tuple[Missing, ...] = (
    Missing("newuidmap", "maps user ids of an ordinary user's lab", "uidmap"),
    Missing("fuse-overlayfs", "makes disks in an ordinary user's lab", "fuse-overlayfs"),
)
ENGINE: tuple[Missing, ...] = (
    Missing("dockerd", "is what the lab's Docker is compared with", "docker.io"),
    Missing("busybox", "is in the images that it runs", "busybox-static"),
)
"""For tests, which do without where they must: no lab needs these."""
CLIENTS: tuple[Missing, ...] = (
    Missing("node", "runs OpenVidu's own clients", "nodejs"),
    Missing("npm", "gets them", "npm"),
    Missing("chromium", "is a user's browser", "chromium"),
)
"""Likewise."""
MONITORING: tuple[Missing, ...] = (
    Missing("promtool", "tests the alert rules", "prometheus"),
    Missing("prometheus", "watches a lab by them", "prometheus"),
)
"""Likewise."""
SHELLS: tuple[Missing, ...] = tuple(
    Missing(name, "is a login shell that machines may have", name)
    for name in ("fish", "tcsh", "zsh")
)
"""Likewise."""
_FUSE = Path("/dev/fuse")
CERTIFICATES = Path("/etc/ssl/certs/ca-certificates.crt")
_CERTIFICATES = Missing(str(CERTIFICATES), "is the machines' trust store", "ca-certificates")


def find_program(name: str) -> str | None:
    """Path of a program, also where only root looks for it."""
    folders = [*os.environ.get("PATH", os.defpath).split(os.pathsep), *_SYSTEM_FOLDERS]
    return shutil.which(name, path=os.pathsep.join(folders))


def missing() -> list[Missing]:
    """Everything that this machine lacks; empty when a lab can run."""
    if sys.platform != "linux":
        return [
            Missing(
                "Linux",
                f"machines are Linux namespaces, and this is {sys.platform}",
                instead="Use a virtual machine with Debian or Ubuntu (Multipass, Lima, WSL 2).",
            )
        ]
    as_root = os.geteuid() == 0
    wanted = _PROGRAMS if as_root else _PROGRAMS + _USER_PROGRAMS
    lacking = without_program(wanted)
    lacking += [entry for entry in _MODULES if not (_SYSTEM_MODULES / entry.what).is_dir()]
    if not CERTIFICATES.exists():
        lacking.append(_CERTIFICATES)
    if not as_root and not lacking:
        lacking.extend([*_user_namespaces(), *_fuse()])
    return lacking


def _user_namespaces() -> list[Missing]:
    """Why an ordinary user can't make namespaces here, if they can't."""
    tried = subprocess.run(
        ["unshare", "--user", "--map-root-user", "--map-auto", "--net", "true"],
        capture_output=True,
        text=True,
        check=False,
    )
    if tried.returncode == 0:
        return []
    return [
        Missing(
            "user namespaces",
            f"without root the lab is a user namespace, and unshare says: {tried.stderr.strip()}",
            instead="Run the lab as root. Or give yourself subordinate ids (sudo usermod "
            '--add-subuids 100000-165535 --add-subgids 100000-165535 "$USER"), and on Ubuntu 23.10 '
            "and later allow it: sudo sysctl kernel.apparmor_restrict_unprivileged_userns=0",
        )
    ]


def _fuse() -> list[Missing]:
    """Why an ordinary user can't mount disks here, if they can't."""
    if os.access(_FUSE, os.R_OK | os.W_OK):
        return []
    return [
        Missing(
            str(_FUSE),
            "without root, disks are mounted with it, and you may not use it",
            instead=f"Run the lab as root, or allow it: sudo chmod 666 {_FUSE}",
        )
    ]


def without_program(entries: Sequence[Missing]) -> list[Missing]:
    """Those whose program isn't on this machine."""
    return [entry for entry in entries if find_program(entry.what) is None]


def packages(lacking: Sequence[Missing]) -> list[str]:
    """The Debian packages to install, each once."""
    return list(dict.fromkeys(entry.package for entry in lacking if entry.package))


def explain(lacking: Sequence[Missing]) -> str:
    """One message that lists everything that is missing, and what to type."""
    lines = ["this machine lacks what a lab needs:"]
    lines += [f"  {entry.what}: {entry.why}" for entry in lacking]
    if names := packages(lacking):
        lines.append(f"Install: sudo apt-get install --no-install-recommends {' '.join(names)}")
    lines += [entry.instead for entry in lacking if entry.instead]
    return "\n".join(lines)


def main(arguments: Sequence[str]) -> int:
    """Print the missing packages; what no package gives goes to standard error, with status 1."""
    lacking = missing()
    for_tests = (
        without_program(ENGINE + SHELLS + CLIENTS + MONITORING) if "test" in arguments else []
    )
    for name in packages([*lacking, *for_tests]):
        sys.stdout.write(f"{name}\n")
    beyond = [entry for entry in lacking if not entry.package]
    if beyond:
        sys.stderr.write(explain(beyond) + "\n")
    return 1 if beyond else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

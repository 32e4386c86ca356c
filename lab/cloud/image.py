"""What makes a host's disk an Ubuntu machine's: names, users, SSH, the lab's authority.

Source: Ubuntu's cloud images: user `ubuntu` with passwordless sudo, keys from the key pair,
no password logins; the host name is made of the private address, as AWS does.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import uuid
from dataclasses import dataclass
from pathlib import Path

from lab.cloud.disk import Disk
from lab.cloud.init import INSTANCE, LOGS
from lab.cloud.names import NO_SERVERS
from lab.cloud.requirements import CERTIFICATES

USER = "ubuntu"
_USER_ID = 1000
_SYSTEM_IDS = range(1000)
_NO_ID = ("", "uninitialized")
"""What /etc/machine-id has before a first boot. Source: machine-id(5)."""
_NOBODY_ID = 65534
_SKELETON = Path("/etc/skel")
HOST_KEYS = {"rsa": 2048, "ecdsa": 256, "ed25519": 256}
"""Kinds of SSH host keys, and their bits."""

_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

_OS_RELEASE = """\
PRETTY_NAME="Ubuntu 24.04.1 LTS"
NAME="Ubuntu"
VERSION_ID="24.04"
VERSION="24.04.1 LTS (Noble Numbat)"
VERSION_CODENAME=noble
ID=ubuntu
ID_LIKE=debian
UBUNTU_CODENAME=noble
"""

_SSHD_CONFIG = f"""\
Port 22
HostKey /etc/ssh/ssh_host_rsa_key
HostKey /etc/ssh/ssh_host_ecdsa_key
HostKey /etc/ssh/ssh_host_ed25519_key
PidFile none
PermitRootLogin prohibit-password
PasswordAuthentication no
KbdInteractiveAuthentication no
UsePAM no
UseDNS no
PrintMotd no
AcceptEnv LANG LC_*
SetEnv PATH={_PATH}
Subsystem sftp internal-sftp
"""

_SUDOERS = f"""\
Defaults env_reset
Defaults secure_path="{_PATH}"
root ALL=(ALL:ALL) ALL
{USER} ALL=(ALL) NOPASSWD:ALL
"""


@dataclass(frozen=True)
class Identity:
    """What tells one machine from another.

    Attributes:
        hostname: such as `ip-10-5-0-6`.
        authorized_key: public key that may log in; None when the instance has no key pair.
        certificate: the lab's authority, as PEM.
    """

    hostname: str
    authorized_key: str | None
    certificate: str


def install(disk: Disk, identity: Identity) -> None:
    """Write the machine's own files on its new disk, its SSH host keys among them.

    They are written before the disk is mounted: what is there then hides this machine's files,
    also those that only root may read.

    Raises:
        subprocess.CalledProcessError: ssh-keygen failed.
    """
    etc = disk.upper / "etc"
    (etc / "ssh").mkdir(exist_ok=True)
    _forget_another(disk.upper)
    making = _start_keys(etc / "ssh", identity.hostname)
    _write(etc / "hostname", f"{identity.hostname}\n")
    if _text(etc / "machine-id").strip() in _NO_ID:
        _write(etc / "machine-id", f"{uuid.uuid4().hex}\n")
    _write(etc / "os-release", _OS_RELEASE)
    _write(etc / "resolv.conf", NO_SERVERS)
    _write(etc / "ssh" / "sshd_config", _SSHD_CONFIG)
    _write(etc / "sudoers", _SUDOERS, 0o440)
    _add_users(etc)
    _make_homes(disk, identity.authorized_key)
    _trust(disk.upper, identity.certificate)
    for log in LOGS:
        file = disk.upper / log.relative_to("/")
        _write(file, _text(file), 0o640)
    for process in making:
        if process.wait():
            raise subprocess.CalledProcessError(process.returncode, process.args)


def _forget_another(upper: Path) -> None:
    """Begin anew, as cloud-init does on an instance with another id than its disk has noted.

    Source: cloud-init, "Boot stages", first boot determination; module ssh, `ssh_deletekeys`. What
    it leaves as it was is a machine's id, a user's keys, and logs.
    """
    for key in (upper / "etc/ssh").glob("ssh_host_*"):
        key.unlink()
    shutil.rmtree(upper / INSTANCE.relative_to("/"), ignore_errors=True)


def _start_keys(folder: Path, hostname: str) -> list[subprocess.Popen[bytes]]:
    """Begin to make the host keys; this machine's own are not the host's."""
    return [
        subprocess.Popen(
            [
                *("ssh-keygen", "-q", "-N", "", "-t", kind, "-b", str(bits)),
                *("-C", f"root@{hostname}", "-f", str(folder / f"ssh_host_{kind}_key")),
            ],
            stdin=subprocess.DEVNULL,
        )
        for kind, bits in HOST_KEYS.items()
    ]


def _add_users(etc: Path) -> None:
    """Keep the system's users, without passwords, and put `ubuntu` in the place of people."""
    users = [line for line in _records(Path("/etc/passwd")) if _is_system(line[2])]
    users.append([USER, "x", str(_USER_ID), str(_USER_ID), "Ubuntu", f"/home/{USER}", "/bin/bash"])
    groups = [[*line[:3], ""] for line in _records(Path("/etc/group")) if _is_system(line[2])]
    groups.append([USER, "x", str(_USER_ID), ""])
    for group in groups:
        if group[0] in ("adm", "sudo"):
            group[3] = USER
    # No date of the last change: nothing expires.
    shadow = [[user[0], "*", "", "0", "99999", "7", "", "", ""] for user in users]
    for name, records, mode in (
        ("passwd", users, 0o644),
        ("group", groups, 0o644),
        ("shadow", shadow, 0o640),
        ("gshadow", [[group[0], "*", "", group[3]] for group in groups], 0o640),
    ):
        _write(etc / name, "".join(":".join(record) + "\n" for record in records), mode)


def _records(file: Path) -> list[list[str]]:
    return [line.split(":") for line in file.read_text().splitlines() if line.count(":") >= 3]


def _is_system(number: str) -> bool:
    return int(number) in _SYSTEM_IDS or int(number) == _NOBODY_ID


def _make_homes(disk: Disk, authorized_key: str | None) -> None:
    disk.home("root").chmod(0o700)
    home = disk.home("home") / USER
    home.mkdir(mode=0o750, exist_ok=True)
    for name in (".bashrc", ".profile"):
        if (_SKELETON / name).is_file():
            (home / name).write_bytes((_SKELETON / name).read_bytes())
    if authorized_key:
        file = home / ".ssh" / "authorized_keys"
        others = [one for one in _text(file).splitlines() if one != authorized_key.strip()]
        _write(file, "".join(f"{one}\n" for one in [*others, authorized_key.strip()]), 0o600)
        (home / ".ssh").chmod(0o700)
    for path in (home, *home.rglob("*")):
        os.chown(path, _USER_ID, _USER_ID)


def _trust(upper: Path, certificate: str) -> None:
    """Add the lab's authority to the trust store, also for the next update-ca-certificates."""
    _write(upper / "usr" / "local" / "share" / "ca-certificates" / "openvidu-lab.crt", certificate)
    _write(upper / CERTIFICATES.relative_to("/"), CERTIFICATES.read_text() + certificate)


def _text(path: Path) -> str:
    """A file of the disk's own; empty where it has none."""
    return path.read_text(errors="replace") if path.is_file() else ""


def _write(path: Path, text: str, mode: int = 0o644) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    # It may be a link, as /etc/resolv.conf often is: to a file of this machine.
    path.unlink(missing_ok=True)
    path.touch(mode=0o600)
    path.write_text(text)
    path.chmod(mode)

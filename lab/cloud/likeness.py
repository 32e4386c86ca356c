"""Makes a new machine's disk like a kind of host: environment, shell, login, limits of SSH, names.

Source: Ubuntu's /etc/pam.d/sshd and /etc/pam.d/sudo (pam_env reads /etc/environment for both);
bash(1), "Invocation": commands that sshd runs read .bashrc; ufw(8), `limit`; Debian's installer
for 127.0.1.1 in /etc/hosts.
"""

from __future__ import annotations

import shlex
from collections.abc import Callable
from pathlib import Path

from lab.cloud.facts import DNS_ADDRESS
from lab.cloud.host_like import HostLike
from lab.cloud.image import USER

OWN_NAMES = Path("/etc/openvidu-lab/own-names")
"""There where a machine's /etc/hosts is its own."""
_RULES = Path("/etc/openvidu-lab/ssh-limit.nft")
_LIMIT = """\
table inet ssh_limit {
  set seen { type ipv4_addr; size 1024; flags dynamic; timeout 30s; }
  set banned { type ipv4_addr; size 1024; flags dynamic, timeout; timeout 30s; }
  chain input {
    type filter hook input priority filter - 1; policy accept;
    tcp dport 22 ct state new ip saddr @banned update @banned { ip saddr } reject with tcp reset
    tcp dport 22 ct state new update @seen { ip saddr limit rate over 12/minute burst 6 packets } \
add @banned { ip saddr } reject with tcp reset
  }
}
"""
"""As ufw, but that each try that is refused begins the half minute anew: there it counts as two."""
BOOT = ["/bin/sh", "-c", f"[ ! -e {_RULES} ] || nft -f {_RULES}"]
"""What every machine runs at its boot."""


def apply(like: HostLike, root: Path, homes: Path) -> None:
    """Make a disk like that, before its first boot.

    Args:
        like: how it differs.
        root: the disk's root.
        homes: what takes the place of its /home.
    """
    if like.environment:
        _set_environment(like, root / "etc")
    if like.shell:
        _edit(root / "etc/passwd", lambda text: _with_shell(text, like.shell))
    if like.login:
        profile = homes / USER / ".bashrc"
        before = profile.read_text() if profile.exists() else ""
        profile.write_text(f"printf '%s\\n' {shlex.quote(like.login)}\n{before}")
    for name, text in like.home:
        (homes / USER / name).write_text(text)
    if like.own_name:
        (root / OWN_NAMES.relative_to("/")).parent.mkdir(parents=True, exist_ok=True)
        (root / OWN_NAMES.relative_to("/")).touch()
        (root / "etc/hosts").write_text(f"127.0.0.1 localhost\n127.0.1.1 {like.own_name}\n")
        (root / "etc/resolv.conf").write_text(f"nameserver {DNS_ADDRESS}\n")
    if like.ssh_limit:
        rules = root / _RULES.relative_to("/")
        rules.parent.mkdir(parents=True, exist_ok=True)
        rules.write_text(_LIMIT)


def _set_environment(like: HostLike, etc: Path) -> None:
    lines = [f'{name}="{value}"' for name, value in like.environment]
    (etc / "environment").write_text("".join(f"{line}\n" for line in lines))
    # The lab's sshd and sudo do without pam. Of several lines sshd takes the first one.
    words = " ".join(f'"{name}={value}"' for name, value in like.environment)
    _edit(
        etc / "ssh/sshd_config",
        lambda text: "".join(
            f"{line} {words}\n" if line.startswith("SetEnv ") else f"{line}\n"
            for line in text.splitlines()
        ),
    )
    names = " ".join(name for name, _ in like.environment)
    _edit(etc / "sudoers", lambda text: f'Defaults env_keep += "{names}"\n{text}')


def _with_shell(passwd: str, shell: str) -> str:
    records = [line.split(":") for line in passwd.splitlines()]
    for record in records:
        if record[0] == USER:
            record[-1] = shell
    return "".join(":".join(record) + "\n" for record in records)


def _edit(file: Path, change: Callable[[str], str]) -> None:
    mode = file.stat().st_mode
    text = change(file.read_text())
    file.chmod(0o600)
    file.write_text(text)
    file.chmod(mode & 0o7777)

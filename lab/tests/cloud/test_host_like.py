"""What machines are like by a file of `lab up --host-like`."""

from __future__ import annotations

import errno
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path

import pytest

from lab.cloud import host_like, image, likeness
from lab.cloud.facts import PROJECT
from lab.cloud.host_like import HostLike
from lab.errors import LabError

ALL = """\
environment: {http_proxy: 'http://proxy.example.io:3128'}
shell: /bin/sh
login: It's Monday
sshLimit: true
release: debian
docker: snap
aptDailySeconds: 30
dockerDiskGib: 4
imageMb: 200
pullMbPerSecond: 40
ownName: openvidu.example.io
home: {boto3.py: raise SystemExit}
addresses: [10.5.0.7]
"""


def test_a_file_says_what_machines_are_like() -> None:
    (found,) = host_like.parse(ALL)
    assert asdict(found) == {
        "environment": (("http_proxy", "http://proxy.example.io:3128"),),
        "shell": "/bin/sh",
        "login": "It's Monday",
        "ssh_limit": True,
        "release": "debian",
        "docker": "snap",
        "apt_daily_seconds": 30,
        "docker_disk_gib": 4,
        "image_mb": 200,
        "pull_mb_per_second": 40,
        "own_name": "openvidu.example.io",
        "home": (("boto3.py", "raise SystemExit"),),
        "addresses": ("10.5.0.7",),
    }


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("shel: /bin/sh", "no shel; it takes: environment, shell, login"),
        ("shell: /bin/no-such-shell", "must be the path of a shell that this computer has"),
        ("shell: 5", "must be the path of a shell"),
        ("docker: podman", "must be packages or snap or docker-ce"),
        ("dockerDiskGib: much", "must be a whole number"),
        ("sshLimit: 'no'", "must be true or false"),
        ("login: 5", "must be a text"),
        ("home: {../boto3.py: text}", "must be names of files with their texts"),
        ("environment: [http_proxy]", "must be variables and texts"),
        ("environment: {http-proxy: x}", "must be variables and texts"),
        ("environment: {http_proxy: '\"'}", "must be variables and texts"),
        ("addresses: [node-1]", "must be a list of private addresses"),
        ("snap", "takes names and values, found 'snap'"),
        ("a: [", "the file is no YAML"),
    ],
)
def test_what_a_file_may_not_say_is_named(text: str, told: str) -> None:
    with pytest.raises(LabError) as refused:
        host_like.parse(text)
    assert told in str(refused.value)


def test_a_machine_is_as_its_own_part_of_the_file_says(tmp_path: Path) -> None:
    assert host_like.of(tmp_path, "10.5.0.6") == HostLike()
    text = "- {login: all}\n- {login: one, addresses: [10.5.0.6]}\n"
    (tmp_path / host_like.FILE).write_text(text)
    logins = [host_like.of(tmp_path, address).login for address in ("10.5.0.6", "10.5.0.7")]
    assert logins == ["one", "all"]


def test_a_disk_is_made_like_that(tmp_path: Path) -> None:
    homes = tmp_path / "homes"
    (homes / image.USER).mkdir(parents=True)
    for name, text in {
        "ssh/sshd_config": "Port 22\nSetEnv PATH=/bin\n",
        "sudoers": "Defaults env_reset\n",
        "passwd": f"root:x:0:0::/root:/bin/bash\n{image.USER}:x:1000:1000::/home:/bin/bash\n",
    }.items():
        file = tmp_path / "etc" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
        file.chmod(0o440)
    likeness.apply(host_like.parse(ALL)[0], tmp_path, homes)
    etc = tmp_path / "etc"
    proxy = "http://proxy.example.io:3128"
    assert f'SetEnv PATH=/bin "http_proxy={proxy}"\n' in (etc / "ssh/sshd_config").read_text()
    assert (etc / "environment").read_text() == f'http_proxy="{proxy}"\n'
    assert (etc / "sudoers").read_text().startswith('Defaults env_keep += "http_proxy"\n')
    assert (etc / "sudoers").stat().st_mode & 0o777 == 0o440
    assert (etc / "passwd").read_text().splitlines()[1].endswith(":/bin/sh")
    assert (homes / image.USER / ".bashrc").read_text() == "printf '%s\\n' 'It'\"'\"'s Monday'\n"
    assert (homes / image.USER / "boto3.py").read_text() == "raise SystemExit"
    assert (etc / "hosts").read_text().endswith("\n127.0.1.1 openvidu.example.io\n")
    assert "dport 22" in (etc / "openvidu-lab/ssh-limit.nft").read_text()


LOGINS = """\
import socket
listening = socket.create_server(("127.0.0.1", 22))
for _ in range(8):
    with socket.socket() as client:
        print(client.connect_ex(("127.0.0.1", 22)))
"""


@pytest.mark.lab
def test_of_more_than_six_logins_at_once_the_others_are_refused(tmp_path: Path) -> None:
    likeness.apply(HostLike(ssh_limit=True), tmp_path, tmp_path)
    rules = tmp_path / "etc/openvidu-lab/ssh-limit.nft"
    steps = 'ip link set lo up && /usr/sbin/nft -f "$0" && exec "$1" -c "$2"'
    done = subprocess.run(
        ["unshare", "--map-root-user", "--net", "sh", "-c", steps, rules, sys.executable, LOGINS],
        check=True,
        capture_output=True,
        text=True,
    )
    told = [int(line) for line in done.stdout.split()]
    assert told == [0] * 6 + [errno.ECONNREFUSED] * 2


def test_each_option_is_documented() -> None:
    page = (PROJECT / "docs/lab.md").read_text()
    assert [name for name in host_like.NAMES if f"| `{name}` |" not in page] == []

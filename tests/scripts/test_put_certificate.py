"""A pair that nginx doesn't take leaves the one before in use, in each place."""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

from components.remote import text_of
from tests.lab.test_certificates import sign

DOMAIN = "openvidu.example.io"
DOCKER = """\
#!/bin/bash
here=$(dirname "$0")/..
case "$*" in
"compose ps --quiet --status running proxy") [[ ! -e $here/stopped ]] && echo 4711 ;;
"compose exec -T proxy "*) shift 4; exec "$@" ;;
*) exit 2 ;;
esac
"""
NGINX = """\
#!/bin/bash
# With a configuration of its own it's the real one.
[[ "$*" == *-c* ]] && PATH=/usr/sbin:/usr/bin:/bin exec nginx "$@"
here=$(dirname "$0")/..
echo "$*" >>"$here/asked"
grep -qsFx -- "$*" "$here/refuses" || exit 0
echo "nginx: [emerg] it says no" >&2
exit 1
"""


@dataclass(frozen=True)
class Base:
    """A base with nginx, and pairs to give it."""

    root: Path

    @property
    def folder(self) -> Path:
        return self.root / "base"

    @property
    def asked(self) -> list[str]:
        """What nginx was asked, apart from the tries."""
        asked = self.root / "asked"
        return asked.read_text().splitlines() if asked.exists() else []

    def pair(self, name: str) -> tuple[str, str]:
        """A certificate and its key; one of each name."""
        chain, key = self.root / f"{name}.pem", self.root / f"{name}.key"
        if not key.exists():
            sign(DOMAIN, 30, chain, key)
        return chain.read_text(), key.read_text()

    def put(
        self, certificate: str, key: str, limit: str = "60"
    ) -> subprocess.CompletedProcess[str]:
        """Run the script with what the program sends it."""
        return subprocess.run(
            ["/bin/bash", "-c", text_of("put-certificate.sh").replace("=60\n", f"={limit}\n")],
            input=f"FOLDER={self.folder}\nPROXY=proxy\n\n{certificate}{key}",
            env={"PATH": f"{self.root / 'bin'}:{os.environ['PATH']}"},
            capture_output=True,
            text=True,
            check=False,
        )

    def serves(self) -> None:
        """Have the load balancer take its copy, as it does when it starts."""
        live = self.folder / "certificates" / "live"
        (live / DOMAIN).mkdir(parents=True)
        (live / "certificates.conf").write_text(f"{DOMAIN}\towncert\n")
        for source, target in (("cert", "fullchain.pem"), ("key", "privkey.pem")):
            text = (self.folder / "owncert" / f"certificate.{source}").read_text()
            (live / DOMAIN / target).write_text(text)

    def requires(self, name: str) -> None:
        """That pair in each place, readable by root alone, and nothing beside it."""
        own = self.folder / "owncert"
        live = self.folder / "certificates" / "live" / DOMAIN
        for folder, names in (
            (own, ("certificate.cert", "certificate.key")),
            (live, ("fullchain.pem", "privkey.pem")),
        ):
            assert {one.name for one in folder.iterdir()} == set(names)
            assert tuple((folder / one).read_text() for one in names) == self.pair(name)
        assert (own / "certificate.key").stat().st_mode & 0o777 == 0o600


@pytest.fixture
def base(tmp_path: Path) -> Base:
    """A base that serves the pair `old`."""
    made = Base(tmp_path)
    made.folder.mkdir()
    (tmp_path / "bin").mkdir()
    for name, text in (("docker", DOCKER), ("nginx", NGINX)):
        (tmp_path / "bin" / name).write_text(text)
        (tmp_path / "bin" / name).chmod(0o755)
    (tmp_path / "stopped").touch()
    assert made.put(*made.pair("old")).returncode == 0
    made.serves()
    (tmp_path / "stopped").unlink()
    return made


def test_a_renewed_pair_is_tried_and_taken(base: Base) -> None:
    assert base.put(*base.pair("new")).returncode == 0
    base.requires("new")
    assert base.asked == ["-t", "-s reload"]


def test_a_pair_that_nginx_refuses_never_takes_the_place_of_the_old_one(base: Base) -> None:
    certificate, _ = base.pair("new")
    refused = base.put(certificate, base.pair("another")[1])
    assert refused.returncode != 0
    assert "[emerg]" in refused.stderr
    assert "key values mismatch" in refused.stderr
    assert "PRIVATE KEY" not in refused.stderr
    base.requires("old")
    assert not base.asked


@pytest.mark.parametrize("refuses", ["-t", "-s reload"])
def test_what_nginx_does_not_load_is_taken_back(base: Base, refuses: str) -> None:
    (base.root / "refuses").write_text(refuses)
    refused = base.put(*base.pair("new"))
    assert refused.returncode != 0
    assert "nginx: [emerg] it says no" in refused.stderr
    assert "What was in use before still is" in refused.stderr
    base.requires("old")
    (base.root / "refuses").unlink()
    assert base.put(*base.pair("new")).returncode == 0
    base.requires("new")


@pytest.mark.parametrize("when", ["ps", "exec"])
def test_a_docker_that_hangs_leaves_the_old_pair_in_use(base: Base, when: str) -> None:
    docker = base.root / "bin" / "docker"
    docker.write_text(DOCKER.replace("case", f"[[ $2 != {when} ]] || sleep 600\ncase", 1))
    refused = base.put(*base.pair("new"), limit="0.2")
    assert refused.returncode == 1
    assert "Docker doesn't answer" in refused.stderr or "as it didn't end: docker" in refused.stderr
    base.requires("old")
    docker.write_text(DOCKER)
    assert base.put(*base.pair("new")).returncode == 0
    base.requires("new")


def test_a_pair_replaces_the_one_with_which_nginx_does_not_run(base: Base) -> None:
    (base.root / "stopped").touch()
    assert base.put(*base.pair("new")).returncode == 0
    base.requires("new")
    assert not base.asked

"""An install that was cut is made whole; an upgrade that was cut is taken back and done again."""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "machine" / "install-openvidu.sh"
COMPOSE = "# Openvidu Version: {}\nservices:\n"
COMMAND = "#!/bin/bash\n# {}\n"
CURL = """\
#!/bin/bash
while [[ $1 != --output ]]; do shift; done
cp "$(dirname "$0")/../install.sh" "$2"
"""
INSTALL = """\
#!/bin/bash
# 2.30.0, as OpenVidu's own: it stops at folders that are there already.
put() {
  printf '# Openvidu Version: 2.30.0\\nservices:\\n' >"$1/docker-compose.yml"
  printf '#!/bin/bash\\n# 2.30.0\\n' >"$1/openvidu"
}
if [[ $1 == upgrade ]]; then
  mkdir .old-2.29.0 && mkdir tmp || exit 1
  put tmp
  mv docker-compose.yml openvidu .old-2.29.0 && mv tmp/* . && rm -r tmp
  chmod +x openvidu
else
  mkdir openvidu || exit 1
  put openvidu
  chmod +x openvidu/openvidu
  touch openvidu/.env && echo A=1 >openvidu/.env
fi
"""


@dataclass(frozen=True)
class Machine:
    """A machine with OpenVidu in one folder."""

    root: Path

    @property
    def folder(self) -> Path:
        return self.root / "openvidu"

    def has(self, version: str, folder: str = "") -> None:
        """Put a version's files there."""
        place = self.folder / folder
        place.mkdir(parents=True, exist_ok=True)
        (place / "docker-compose.yml").write_text(COMPOSE.format(version))
        (place / "openvidu").write_text(COMMAND.format(version))
        (place / "openvidu").chmod(0o755)

    def install(self, version: str) -> subprocess.CompletedProcess[str]:
        values = {"URL": "https://x", "VERSION": version, "FOLDER": self.folder}
        lines = [f"{name}={value}" for name, value in {**values, "COMMAND": "openvidu"}.items()]
        return subprocess.run(
            ["/bin/bash", SCRIPT],
            input="\n".join(lines) + "\n\n",
            env={"PATH": f"{self.root / 'bin'}:{os.environ['PATH']}"},
            capture_output=True,
            text=True,
            check=False,
        )

    def requires(self, version: str) -> None:
        """That version, whole, and what was there before."""
        assert (self.folder / "docker-compose.yml").read_text() == COMPOSE.format(version)
        assert (self.folder / "openvidu").read_text() == COMMAND.format(version)
        assert os.access(self.folder / "openvidu", os.X_OK)
        assert (self.folder / ".env").read_text() == "SECRET=kept\n"
        assert (self.folder / "minio-s3" / "data").read_text() == "kept"


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    """A machine with 2.29.0."""
    made = Machine(tmp_path)
    (tmp_path / "bin").mkdir()
    (tmp_path / "install.sh").write_text(INSTALL)
    for name, text in (("curl", CURL), ("docker", "#!/bin/bash\n")):
        (tmp_path / "bin" / name).write_text(text)
        (tmp_path / "bin" / name).chmod(0o755)
    made.has("2.29.0")
    (made.folder / ".env").write_text("SECRET=kept\n")
    (made.folder / "minio-s3").mkdir()
    (made.folder / "minio-s3" / "data").write_text("kept")
    return made


def test_an_upgrade_keeps_what_is_not_a_programs(machine: Machine) -> None:
    assert machine.install("2.30.0").returncode == 0
    machine.requires("2.30.0")
    assert "is installed" in machine.install("2.30.0").stdout


def test_a_rollback_brings_the_old_files_back(machine: Machine) -> None:
    machine.install("2.30.0")
    done = machine.install("2.29.0")
    assert "Bringing back 2.29.0, from which 2.30.0 was upgraded" in done.stdout
    machine.requires("2.29.0")
    machine.install("2.30.0")
    machine.requires("2.30.0")


@pytest.mark.parametrize("wanted", ["2.29.0", "2.30.0"])
@pytest.mark.parametrize(
    ("moved_away", "moved_in"),
    [
        ((), ()),
        (("docker-compose.yml",), ()),
        (("docker-compose.yml", "openvidu"), ()),
        (("docker-compose.yml", "openvidu"), ("docker-compose.yml",)),
        (("docker-compose.yml", "openvidu"), ("openvidu",)),
    ],
)
def test_an_upgrade_that_was_cut_is_taken_back(
    machine: Machine, wanted: str, moved_away: tuple[str, ...], moved_in: tuple[str, ...]
) -> None:
    """Cut at any of its moves."""
    aside = machine.folder / ".old-2.29.0"
    aside.mkdir()
    for name in moved_away:
        (machine.folder / name).rename(aside / name)
    machine.has("2.30.0", "tmp")
    for name in moved_in:
        (machine.folder / "tmp" / name).rename(machine.folder / name)
    done = machine.install(wanted)
    assert done.returncode == 0, done.stderr
    machine.requires(wanted)


def test_a_file_that_is_none_is_taken_back(machine: Machine) -> None:
    """OpenVidu's downloads don't fail on a 404: its text lands as the file's content."""
    script = machine.root / "install.sh"
    good = script.read_text()
    script.write_text(good.replace("services:\\n", "404 Not Found\\n"))
    failed = machine.install("2.30.0")
    assert failed.returncode == 1
    assert "Or bring 2.29.0 back" in failed.stderr or "expected 2.30.0" in failed.stderr
    script.write_text(good)
    assert machine.install("2.30.0").returncode == 0
    machine.requires("2.30.0")


def test_a_cut_install_is_made_anew_and_keeps_data(machine: Machine) -> None:
    (machine.folder / "docker-compose.yml").unlink()
    done = machine.install("2.30.0")
    assert done.returncode == 0, done.stderr
    machine.requires("2.30.0")

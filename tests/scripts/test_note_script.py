"""The nodes' install script is the one that the first node got: noted once, told again."""

from __future__ import annotations

import os
import subprocess
from hashlib import sha256
from pathlib import Path

import pytest

from components.remote import fields, text_of

URL = "https://example.io/node_2.30.0.sh"
CURL = """\
#!/bin/bash
while [[ $1 != --output ]]; do shift; done
cp "$(dirname "$0")/../$(basename "$3")" "$2"
"""
FIRST, SECOND = "#!/bin/bash\necho first\n", "#!/bin/bash\necho second\n"


@pytest.fixture
def machine(tmp_path: Path) -> Path:
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "curl").write_text(CURL)
    (tmp_path / "bin" / "curl").chmod(0o755)
    return tmp_path


def note(machine: Path, url: str = URL) -> subprocess.CompletedProcess[str]:
    script = text_of("note-script.sh").replace("/var/lib", str(machine / "var"))
    return subprocess.run(
        ["/bin/bash", "-c", script],
        input=fields({"URL": url}),
        env={"PATH": f"{machine / 'bin'}:{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        check=False,
    )


def test_what_the_first_script_was_is_told_again(machine: Path) -> None:
    told = f"SHA-256 of {URL}: {sha256(FIRST.encode()).hexdigest()}\n"
    script = machine / "node_2.30.0.sh"
    script.write_text(FIRST)
    assert note(machine).stdout.endswith(told)
    script.write_text(SECOND)
    assert note(machine).stdout == told


def test_each_version_has_its_own(machine: Path) -> None:
    for name, text in (("node_2.30.0.sh", FIRST), ("node_2.31.0.sh", SECOND)):
        (machine / name).write_text(text)
    note(machine)
    later = note(machine, "https://example.io/node_2.31.0.sh")
    assert later.stdout.endswith(f": {sha256(SECOND.encode()).hexdigest()}\n")


def test_what_is_no_script_is_not_noted(machine: Path) -> None:
    (machine / "node_2.30.0.sh").write_text("404: Not Found")
    failed = note(machine)
    assert failed.returncode == 1
    assert f"{URL} isn't a shell script" in failed.stderr
    (machine / "node_2.30.0.sh").write_text(FIRST)
    assert note(machine).stdout.endswith(f"{sha256(FIRST.encode()).hexdigest()}\n")

"""Another SSH key: its public half, and what a machine makes of it."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace

import pytest

from components.remote import fields, text_of
from scripts import rotate_ssh_key
from scripts.init_stack import make_ssh_key
from scripts.pulumi_cli import PulumiError
from scripts.rotate_ssh_key import public_key
from scripts.stack_machines import Machine

OLD, NEW, OTHERS = (make_ssh_key()[0] for _ in range(3))


def authorize(home: Path, **values: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["bash", "-c", text_of("authorize-key.sh")],
        input=fields(values),
        env={"HOME": str(home), "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A home that two keys are let into."""
    (tmp_path / ".ssh").mkdir()
    (tmp_path / ".ssh/authorized_keys").write_text(f"{OLD}\n{OTHERS}\n")
    return tmp_path


def let_in(home: Path) -> list[str]:
    return (home / ".ssh/authorized_keys").read_text().splitlines()


def test_the_public_half_is_the_private_ones() -> None:
    public, private = make_ssh_key()
    assert public_key(private) == public


def test_what_is_no_key_is_told() -> None:
    with pytest.raises(PulumiError, match="ssh-keygen -t ed25519"):
        public_key("no key")


def test_a_new_key_comes_beside_the_old_one_and_the_old_one_goes_at_the_end(home: Path) -> None:
    for _ in range(2):
        assert authorize(home, KEY=NEW, INSTEAD_OF=OLD).returncode == 0
        assert let_in(home) == [OLD, OTHERS, NEW]
    for _ in range(2):
        assert authorize(home, KEY=NEW).returncode == 0
        assert let_in(home) == [OTHERS, NEW]
    assert [file.name for file in (home / ".ssh").iterdir()] == ["authorized_keys"]


def test_nobody_is_locked_out(home: Path) -> None:
    assert authorize(home, KEY=NEW, INSTEAD_OF=OLD).returncode == 0
    # Somebody has taken the new key away meanwhile.
    (home / ".ssh/authorized_keys").write_text(f"{OLD}\n")
    refused = authorize(home, KEY=NEW)
    assert refused.returncode == 1
    assert "it stays as it was" in refused.stderr
    assert let_in(home) == [OLD]


@dataclass(frozen=True)
class Host(Machine):
    """A machine that lets some keys in."""

    known: list[str] = field(default_factory=list)

    def ask(self, action: str, limit: float | None = None, **more: str) -> str:
        if self.private_key not in self.known:
            raise PulumiError(f"{self.name}, {self.host}: refused")
        if action == "authorize":
            self.known.append(KEYS[1])
        return ""


KEYS = [make_ssh_key()[1] for _ in range(3)]


def begin(*known: str) -> list[str]:
    """The keys that a machine lets in after another than the stack's was to be let in."""
    host = Host("base", "203.0.113.5", {}, KEYS[0], None, list(known))
    rotate_ssh_key._begin({"base": host}, KEYS[1])
    return host.known


def test_a_machine_that_has_lost_the_stacks_key_takes_one_that_it_knows() -> None:
    assert begin(KEYS[0]) == [KEYS[0], KEYS[1]]
    assert begin(KEYS[1]) == [KEYS[1]]


def test_a_machine_that_knows_neither_key_is_repaired() -> None:
    with pytest.raises(PulumiError, match=r"Next: uv run openvidu-enterprise repair base"):
        begin(KEYS[2])


def test_a_standby_that_is_stopped_is_no_machine_that_learns_a_key(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    urn = "urn:pulumi:dev::x::command:local:Command::node-3-roused"
    state = {"deployment": {"resources": [{"urn": urn, "type": "command:local:Command"}]}}
    stack = SimpleNamespace(export_state=lambda **_: state)
    monkeypatch.setattr(rotate_ssh_key, "PulumiCli", lambda _: stack)
    with pytest.raises(SystemExit):
        rotate_ssh_key.main()
    told = "".join(capsys.readouterr())
    assert "node-3: stopped as a standby" in told
    assert "pulumi config set standbyNodes 0 && pulumi up" in told

"""SSH host keys of hosts are asked for where their SSH answers, and behind their jump hosts."""

from __future__ import annotations

import getpass
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from components.settings import values
from scripts import host_keys
from tests.scripts.conftest import Base, a_base


class Config:
    """The configuration of a stack, in place of `pulumi`'s."""

    def __init__(self, hosts: list[dict[str, Any]], keys: dict[str, str]) -> None:
        self.hosts, self.keys = hosts, keys
        self.stored: dict[str, str] = {}

    def config(self) -> dict[str, dict[str, Any]]:
        plain = {"hosts": json.dumps(self.hosts), "sshUser": getpass.getuser()}
        return {
            **{f"openvidu-enterprise:{key}": {"value": text} for key, text in plain.items()},
            **{f"openvidu-enterprise:{key}": {"secret": True} for key in self.keys},
        }

    def get_config(self, key: str) -> str:
        return self.keys[key]

    def set_path(self, path: str, value: str) -> None:
        self.stored[path] = value


@contextmanager
def machine(folder: Path) -> Iterator[Base]:
    folder.mkdir()
    with a_base(folder) as made:
        yield made


def asked(config: Config, answers: str, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setattr(host_keys, "PulumiCli", lambda stack: config)
    # The machines are on loopback.
    monkeypatch.setattr(values, "may_be_a_machine", lambda address: True)
    app = typer.Typer()
    app.command()(host_keys.main)
    done = CliRunner().invoke(app, [], input=answers)
    assert done.exit_code == 0, done.output
    return done.output


def test_a_host_behind_a_jump_host_is_asked_through_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with machine(tmp_path / "a") as jump, machine(tmp_path / "b") as behind:
        way = {"host": "127.0.0.1", "port": jump.port}
        one = {"publicIp": "127.0.0.1", "sshPort": behind.port, "sshJump": way}
        config = Config([one], {"sshPrivateKey": jump.private_key})
        said = asked(config, "y\ny\n", monkeypatch)
        assert config.stored == {
            "hosts[0].sshJump.hostKey": jump.host_key.splitlines()[0],
            "hosts[0].hostKey": behind.host_key.splitlines()[0],
        }
        assert "hosts[0].sshJump, 127.0.0.1 shows SHA256:" in " ".join(said.split())
        # Nobody logs in on a host whose key isn't known yet.
        assert "Accepted" not in (behind.folder / "log").read_text()


def test_a_host_on_a_port_of_its_own_is_asked_there(
    base: Base, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = Config([{"publicIp": "127.0.0.1", "sshPort": base.port}], {})
    asked(config, "y\n", monkeypatch)
    assert config.stored == {"hosts[0].hostKey": base.host_key.splitlines()[0]}

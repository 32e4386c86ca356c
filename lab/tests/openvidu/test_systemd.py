"""The services of a simulated host."""

from __future__ import annotations

import pytest

from lab.openvidu.systemd.units import Unit, UnitError, parse

BASE = """\
[Unit]
Description=Something
After=docker.service

[Service]
ExecStart=/usr/bin/python3 '/a b' keep
Environment=A=1 "B=x y"
Restart=always
RestartSec=5

[Install]
WantedBy=multi-user.target
"""


def test_a_unit_is_what_its_file_says() -> None:
    assert parse("x.service", BASE) == Unit(
        "x.service",
        ["/usr/bin/python3", "/a b", "keep"],
        {"A": "1", "B": "x y"},
        "always",
        5.0,
        wanted=True,
    )


@pytest.mark.parametrize("line", ["User=nobody", "Type=forking", "Restart=sometimes"])
def test_what_the_stand_in_does_not_know_is_refused(line: str) -> None:
    text = BASE.replace("Restart=always", line) if "Restart" in line else BASE
    with pytest.raises(UnitError, match="the lab's systemd doesn't know"):
        parse("x.service", text.replace("RestartSec=5", f"RestartSec=5\n{line}"))


def test_a_service_without_a_command_is_refused() -> None:
    with pytest.raises(UnitError, match="ExecStart"):
        parse("x.service", "[Service]\nRestart=always\n")

"""The program ends with what happened, what it means and what to type: never with a traceback."""

from __future__ import annotations

import errno
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from membership import main as program
from membership.load_balancer import ReloadError
from membership.main import main
from membership.registry import RegistryError

ENV = "/opt/ov-enterprise-base-services/.env"


def failing(error: Exception) -> Callable[[Any], int]:
    def act(_: Any) -> int:
        raise error

    return act


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (
            OSError(errno.ENOSPC, "No space left on device", ENV),
            f"node-1: join: {ENV}: No space left on device\n"
            "  What was there stays whole, and so does the machine.\n"
            "  Next: make room on base: sudo df -h; then: pulumi up",
        ),
        (
            PermissionError(errno.EACCES, "Permission denied", ENV),
            f"node-1: join: {ENV}: Permission denied\n"
            "  What was there stays whole, and so does the machine.\n"
            "  Next: pulumi up",
        ),
        (
            RegistryError("/var/lib/openvidu-membership/10.5.0.6.json can't be read: Expecting"),
            "node-1: join: /var/lib/openvidu-membership/10.5.0.6.json can't be read: Expecting\n"
            "  Nothing was changed: what isn't known isn't taken for gone.\n"
            "  Next: move that file away on this machine; then here, with the name of that node, "
            "which notes it anew: uv run python -m scripts.repair node-1",
        ),
        (
            ReloadError("update-loadbalancer failed; the old list is back in .env"),
            "node-1: join: update-loadbalancer failed; the old list is back in .env\n"
            "  The machine stays.\n"
            "  Next: pulumi up",
        ),
    ],
)
def test_what_fails_is_told_in_three_lines(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, error: Exception, expected: str
) -> None:
    monkeypatch.setattr(sys, "argv", ["membership", "join", "--name", "node-1"])
    monkeypatch.setattr(program.socket, "gethostname", lambda: "base")
    monkeypatch.setattr(program, "_act", failing(error))
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == expected


def test_a_node_is_drained_by_the_text_of_an_earlier_release(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Its delete is in the state since before the program on the base became this one."""
    words = "drain --name node-3 --ip 10.5.0.8 --identity i-3 --generation 1 --run r"
    earlier = [*words.split(), "--waited", "12", "--connected"]
    monkeypatch.setattr(sys, "argv", ["membership", *earlier])
    monkeypatch.setattr(program, "_act", lambda found: 10 if found.connected else 1)
    assert main() == 10

"""What is read as named first."""

from __future__ import annotations

import pytest

from tests.lab.walking import Named, named

REPAIR = "uv run openvidu-enterprise repair base"


@pytest.mark.parametrize(
    ("printed", "commands"),
    [
        (f"! base is lost. Next: {REPAIR}\n! Next: pulumi up", (REPAIR,)),
        (f"Next: {REPAIR}; on a machine of your own also: its firewall", (REPAIR,)),
        (f"Next: at a quiet moment: {REPAIR} --to replace; or so", (f"{REPAIR} --to replace",)),
        (
            "Next: uv run openvidu-enterprise preflight, then: pulumi up",
            ("uv run openvidu-enterprise preflight", "pulumi up"),
        ),
        ("Next: pulumi up, which asks its machine", ("pulumi up",)),
        ("  Nothing was removed. Next: pulumi up --refresh", ("pulumi up --refresh",)),
        ("Next: check sshCidrs\nNext: pulumi up", ("pulumi up",)),
        ("all is well", ()),
    ],
)
def test_the_first_command_is_read(printed: str, commands: tuple[str, ...]) -> None:
    assert named(printed) == Named(commands)


def test_what_is_to_be_typed_meanwhile_is_read() -> None:
    dead = "uv run openvidu-enterprise retire node-2 --dead"
    retire = "uv run openvidu-enterprise retire --replace node-2"
    told = f"Next: {retire}, then: pulumi up; once its calls have ended: {dead}; or so"
    assert named(told) == Named((retire, "pulumi up"), dead)

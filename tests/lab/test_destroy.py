"""Destroy drains every node, the last ones too, and leaves nothing."""

from __future__ import annotations

import pytest

from tests.lab.conftest import new_lab

pytestmark = [pytest.mark.lab, pytest.mark.xdist_group("destroy")]


def test_destroy_drains_and_leaves_nothing() -> None:
    lab = new_lab("destroy")
    try:
        lab.ok("up")
        printed = lab.ok("destroy")
        for name in ("node-1", "node-2"):
            assert f"{name}: takes no new sessions from now on" in printed
            assert printed.index(f"{name}: has left the cluster") < printed.index(
                f"Instance {name} deleting"
            )
        status = lab.json("status", "--json")
        assert status["hosts"] == {}
        assert "resources" not in lab.json("state")["deployment"]
    finally:
        lab.ok("reset")

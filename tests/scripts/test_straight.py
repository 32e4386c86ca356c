"""On machines nothing inside the cluster is asked by a proxy, whatever environment they have."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

OUTSIDE = {"download.sh", "https.sh"}
"""What they ask is outside; tests/scripts/test_way_out_script.py has which way they go."""
INSIDE = [path for path in sorted(Path("machine").glob("*.sh")) if path.name not in OUTSIDE]
ASKED = re.compile(r"^\s*(?:\S*=?\$\()?\s*curl .*", re.MULTILINE)


def asked(text: str) -> list[str]:
    """The calls of curl, each in one line."""
    return ASKED.findall(text.replace("\\\n", " "))


@pytest.mark.parametrize("script", INSIDE, ids=lambda path: path.name)
def test_no_script_asks_the_cluster_by_a_proxy(script: Path) -> None:
    assert [call for call in asked(script.read_text()) if "--noproxy '*'" not in call] == []


def test_calls_are_found() -> None:
    calls = [call for path in INSIDE for call in asked(path.read_text())]
    assert len(calls) == sum(
        len(re.findall(r"^\s*curl ", path.read_text(), re.M)) for path in INSIDE
    )
    assert calls
    assert asked("  said=$(curl --silent \\\n    https://x)\n") == [
        "  said=$(curl --silent      https://x)"
    ]

"""What messages say to read can be found."""

from __future__ import annotations

import re

from lab.directory import PROJECT

_NAMED = re.compile(r"(docs/[a-z-]+\.md), '([^'\"]+)'")


def test_each_heading_that_a_message_names_is_there() -> None:
    named = {
        found
        for folder in ("components", "machine", "membership", "openvidu", "remote", "scripts")
        for file in (PROJECT / folder).rglob("*")
        if file.suffix in (".py", ".sh")
        for found in _NAMED.findall(file.read_text())
    }
    assert named
    missing = {
        (page, heading)
        for page, heading in named
        if f"\n## {heading}\n" not in (PROJECT / page).read_text()
    }
    assert missing == set()

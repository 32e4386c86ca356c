"""What CONTRIBUTING.md leads to is there."""

from __future__ import annotations

import re

from lab.directory import PROJECT


def test_each_file_that_is_named_is_there() -> None:
    named = re.findall(r"`([\w./{},-]+/[\w./{},-]*)`", (PROJECT / "CONTRIBUTING.md").read_text())
    plain = [one for one in named if "{" not in one]
    assert len(plain) > 20
    assert [one for one in plain if not (PROJECT / one).exists()] == []

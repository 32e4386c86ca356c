"""Pictures can be drawn again."""

from __future__ import annotations

from lab.directory import PROJECT


def test_the_docs_say_how_each_picture_is_drawn() -> None:
    _, section = (PROJECT / "CONTRIBUTING.md").read_text().split("## Draw the pictures again")
    pictures = sorted((PROJECT / "docs").glob("*.svg"))
    assert pictures
    assert [one.name for one in pictures if f"docs/{one.stem}" not in section] == []

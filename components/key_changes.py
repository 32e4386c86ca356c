"""What a changed key does to a cluster that is deployed: the table in docs/configuration.md.

uv run python -m components.key_changes docs/configuration.md
"""

from __future__ import annotations

import sys
from pathlib import Path

from components.settings.change_kind import Change
from components.settings.table import keys

BEGIN, END = "<!-- made by uv run python -m components.key_changes -->\n", "<!-- end -->\n"


def table() -> str:
    """The table, with a row for each kind of change and the keys in the order of docs/config.md."""
    rows = ["| keys | what happens | calls |\n", "| --- | --- | --- |\n"]
    for change in Change:
        named = ", ".join(f"`{name}`" for name, key in keys().items() if key.change is change)
        rows.append(f"| {named} | {change.value[0]} | {change.value[1]} |\n")
    return "".join(rows)


def with_table(text: str) -> str:
    """A page with the table in place of the one that it has."""
    before, _, rest = text.partition(BEGIN)
    return before + BEGIN + table() + END + rest.partition(END)[2]


if __name__ == "__main__":
    page = Path(sys.argv[1])
    page.write_text(with_table(page.read_text()))

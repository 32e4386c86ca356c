"""Writes what was measured: plot and tables, anew from the JSON file, without measuring.

uv run python -m lab.bench.drains.report docs/benchmarks-drain.json
"""

from __future__ import annotations

import sys
from pathlib import Path

from lab.bench.drains.figures import Results
from lab.bench.drains.plot import draw
from lab.bench.drains.table import markdown
from lab.bench.report import put_tables

MARKS = ("<!-- measured, nodes: begin -->", "<!-- measured, nodes: end -->")


def write(results: Results, file: Path) -> None:
    """Write JSON, plot and tables.

    Args:
        results: what was measured.
        file: the JSON file; the plot has the same name, with .svg. The tables go into the page
            beside it, if there is one.
    """
    file.write_text(results.as_json())
    draw(results, file.with_suffix(".svg"))
    put_tables(markdown(results), file, MARKS)


if __name__ == "__main__":
    write(Results.from_json(Path(sys.argv[1]).read_text()), Path(sys.argv[1]))

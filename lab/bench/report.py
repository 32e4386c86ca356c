"""Writes what was measured: plot and tables, anew from the JSON file, without measuring.

    uv run python -m lab.bench.report docs/benchmarks-up.json

The plot is written beside the JSON file. The tables are written into the Markdown file beside it
that has the two marks, if there is one.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from lab.bench.figures import Results
from lab.bench.plot import draw
from lab.bench.table import markdown

BEGIN = "<!-- measured: begin -->"
END = "<!-- measured: end -->"
PAGE = "benchmarks.md"


def write(results: Results, file: Path) -> None:
    """Write JSON, plot and tables.

    Args:
        results: what was measured.
        file: the JSON file; the plot has the same name, with .svg.
    """
    file.write_text(results.as_json())
    draw(results, file.with_suffix(".svg"))
    put_tables(markdown(results), file, (BEGIN, END))


def put_tables(tables: str, file: Path, marks: tuple[str, str]) -> None:
    """Put tables into the page beside a file, if there is one.

    Args:
        tables: in Markdown.
        file: the one with the figures.
        marks: the lines between which they stand.

    Raises:
        ValueError: the page has no such marks.
    """
    page = file.with_name(PAGE)
    if page.exists():
        page.write_text(with_tables(page.read_text(), tables, marks))


def with_tables(page: str, tables: str, marks: tuple[str, str] = (BEGIN, END)) -> str:
    """A page with new tables between its marks.

    Raises:
        ValueError: the page has no such marks.
    """
    before, begin, rest = page.partition(marks[0])
    _, end, after = rest.partition(marks[1])
    if not (begin and end):
        raise ValueError(f"{PAGE}: expected the lines {marks[0]} and {marks[1]}, found not both")
    return f"{before}{begin}\n\n{tables}\n{end}{after}"


def main(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="What was measured.")],
) -> None:
    """Draw the plot and write the tables anew from what was measured."""
    write(Results.from_json(file.read_text()), file)


if __name__ == "__main__":
    typer.run(main)

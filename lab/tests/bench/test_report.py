"""Tables, plot and page."""

from __future__ import annotations

from pathlib import Path

import pytest

from lab.bench import report
from lab.bench.figures import Results
from lab.bench.table import markdown, spread
from lab.tests.bench.test_figures import results

__all__ = ["results"]
PAGE = f"# Benchmarks\n\n{report.BEGIN}\nold tables\n{report.END}\n\nWhat they mean.\n"


def rows(text: str) -> list[list[str]]:
    lines = [line for line in text.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


def test_spread_names_the_median_and_the_ends() -> None:
    assert spread([3.0, 1.0, 2.04]) == "2.0 (1.0 to 3.0)"
    assert spread([1.26]) == "1.3"


def test_a_row_of_up_has_its_sizes_times_and_shares(results: Results) -> None:
    row = next(row for row in rows(markdown(results)) if row[0] == "1")
    assert row[:6] == ["1", "60", "11.0 (10.0 to 30.0)", "10.0 (9.0 to 11.0)", "1.0", "9%"]


def test_every_table_is_complete(results: Results) -> None:
    tables = [part for part in markdown(results).split("\n\n") if part.startswith("|")]
    assert len(tables) == 4
    assert all(len({len(row) for row in rows(table)}) == 1 for table in tables)


def test_without_ups_there_is_no_table_of_them(results: Results) -> None:
    previews = Results("a machine", 2, "embedded", 64, (), (), results.previews)
    assert "### `up`" not in markdown(previews)


def test_a_report_is_json_plot_and_page(results: Results, tmp_path: Path) -> None:
    (tmp_path / report.PAGE).write_text(PAGE)
    report.write(results, tmp_path / "figures.json")
    assert Results.from_json((tmp_path / "figures.json").read_text()) == results
    plot = (tmp_path / "figures.svg").read_text()
    assert "<text" in plot
    assert "<dc:date>" not in plot
    page = (tmp_path / report.PAGE).read_text()
    assert "old tables" not in page
    assert "| 13 |" in page
    assert page.startswith("# Benchmarks\n")
    assert page.endswith("What they mean.\n")


def test_the_same_figures_give_the_same_files(results: Results, tmp_path: Path) -> None:
    (tmp_path / report.PAGE).write_text(PAGE)
    file = tmp_path / "figures.json"
    report.write(results, file)
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    report.write(Results.from_json(file.read_text()), file)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_a_page_without_marks_is_refused() -> None:
    with pytest.raises(ValueError, match="measured: begin"):
        report.with_tables("# Benchmarks\n", "tables")

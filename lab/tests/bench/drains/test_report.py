"""Tables, plot and page."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from lab.bench import report as of_up
from lab.bench.drains import report
from lab.bench.drains.figures import Crash, Results
from lab.bench.drains.table import markdown
from lab.tests.bench.test_report import rows

PAGE = (
    f"# Benchmarks\n\n{of_up.BEGIN}\ntables of up\n{of_up.END}\n\n"
    f"{report.MARKS[0]}\nold tables\n{report.MARKS[1]}\n\nWhat they mean.\n"
)


def section(text: str, title: str) -> list[list[str]]:
    return rows(text.split(f"### {title}\n")[1].split("###", maxsplit=1)[0])[2:]


def test_drains_at_once_are_compared_with_one(results: Results) -> None:
    found = section(markdown(results), "Several nodes drain at once")
    assert [row[:5] for row in found] == [
        ["1", "40", "40.0", "1.00", "2.0"],
        ["2", "40", "41.0", "1.02", "3.0"],
        ["5", "40", "46.0", "1.15", "7.0"],
    ]


def test_failed_requests_are_shown_with_what_they_got(results: Results) -> None:
    (row,) = section(markdown(results), "Updates of the load balancer")
    assert row[2:6] == ["12000", "3 (2 got 502, 1 got ReadError)", "20", "1"]


def test_crashes_are_in_the_order_of_their_moments(results: Results) -> None:
    shuffled = replace(results, crashes=results.crashes[::-1])
    found = section(markdown(shuffled), "Killed, and run again")
    assert [(row[0], row[2], row[5]) for row in found] == [
        ("scaling up", "2.0 (20%)", "1.00"),
        ("scaling up", "8.0 (80%)", "2.50"),
        ("scaling down", "5.0 (50%)", "1.20"),
    ]


def test_waiting_is_scaled_to_an_hour(results: Results) -> None:
    (row,) = section(markdown(results), "While a drain waits")
    assert row == ["60", "30", "6", "5400"]


def test_gaps_are_compared_with_the_one_without_a_change(results: Results) -> None:
    found = section(markdown(results), "What calls hear meanwhile")
    assert [[row[0], *row[5:]] for row in found] == [
        ["none", "0", "90", ""],
        ["2 to 3 nodes", "0", "310", "+220"],
        ["the base is rebooted", "6", "120", "+30"],
    ]


def test_figures_of_before_a_part_was_measured_are_read_without_it(results: Results) -> None:
    before = json.loads(results.as_json())
    del before["gaps"]
    assert Results.from_json(json.dumps(before)) == replace(results, gaps=())


def test_a_missed_aim_is_shown_as_missed(results: Results) -> None:
    found = {row[0]: row[3] for row in section(markdown(results), "Aims")}
    assert found["time of 5 drains at once ÷ time of 1, calls included"] == "no"
    assert found["end of a node's last call to its machine's release, median"] == "yes"


def test_what_was_not_measured_has_no_table(results: Results) -> None:
    assert "### One node more" not in markdown(replace(results, growth=()))


def test_a_report_is_json_plot_and_page(results: Results, tmp_path: Path) -> None:
    (tmp_path / of_up.PAGE).write_text(PAGE)
    file = tmp_path / "figures.json"
    report.write(results, file)
    assert Results.from_json(file.read_text()) == results
    assert "<text" in file.with_suffix(".svg").read_text()
    page = (tmp_path / of_up.PAGE).read_text()
    assert "tables of up" in page
    assert "old tables" not in page
    assert page.endswith("What they mean.\n")


@pytest.mark.parametrize(
    "part", ["releases", "together", "growth", "updates", "crashes", "waiting", "gaps", "pictures"]
)
def test_one_part_alone_can_be_reported(results: Results, tmp_path: Path, part: str) -> None:
    empty = Results(results.measured)
    alone = replace(empty, **{part: getattr(results, part)})
    report.write(alone, tmp_path / "figures.json")
    assert Results.from_json((tmp_path / "figures.json").read_text()) == alone


def test_a_second_update_that_failed_is_shown_and_misses_its_aim(
    results: Results, tmp_path: Path
) -> None:
    failed = replace(results, crashes=(*results.crashes, Crash("up", 10.0, 2.5, None)))
    report.write(failed, tmp_path / "figures.json")
    text = markdown(Results.from_json((tmp_path / "figures.json").read_text()))
    assert [row[4] for row in section(text, "Killed, and run again")][1] == "failed"
    found = {row[0]: row[3] for row in section(text, "Aims")}
    assert found["scaling up, killed: re-run ÷ work left, worst (killed at 25%)"] == "no"

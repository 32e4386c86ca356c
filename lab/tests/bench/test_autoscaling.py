"""The simulated day is the same each time, and loses no call between the nodes."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from lab.bench.autoscaling.__main__ import main
from lab.bench.autoscaling.day import a_day
from lab.bench.autoscaling.simulation import Hardware, autoscaled, fixed
from scripts.autoscaling.scaling_policy import Measure, Policy

POLICY = Policy(maximum=12, targets={Measure.CALLS: 12})
HARDWARE = Hardware()


def test_the_same_seed_gives_the_same_day() -> None:
    assert a_day(3) == a_day(3)
    assert a_day(3) != a_day(4)
    assert a_day(3) == sorted(a_day(3), key=lambda call: call.begins)


def test_calls_are_refused_only_where_there_is_no_room() -> None:
    day = a_day(1)
    most = max(minute.calls for minute in fixed(day, 50, HARDWARE).minutes)
    enough = -(-most // HARDWARE.most_calls) + 1
    assert fixed(day, enough, HARDWARE).refused == 0
    small = fixed(day, 2, HARDWARE)
    assert small.refused > 0
    assert max(minute.calls for minute in small.minutes) <= 2 * HARDWARE.most_calls


def test_a_fixed_cluster_pays_for_all_its_nodes_all_day() -> None:
    assert fixed(a_day(1), 5, HARDWARE).node_hours == 5 * 24


def test_autoscaling_refuses_fewer_calls_than_a_fixed_cluster_of_the_same_cost() -> None:
    day = a_day(1)
    scaled = autoscaled(day, POLICY, HARDWARE)
    same_cost = fixed(day, int(scaled.node_hours / 24), HARDWARE)
    assert scaled.refused < same_cost.refused
    assert all(minute.serving <= POLICY.maximum for minute in scaled.minutes)
    assert all(minute.serving >= POLICY.minimum for minute in scaled.minutes)


def days(
    capsys: pytest.CaptureFixture[str], calls: float, *at: str, start: int = Hardware.boot
) -> tuple[list[int], list[int]]:
    """Node-hours and refused calls of six days, as the command prints them."""
    main(days=6, calls=calls, at=[*at], start=start)
    rows = re.findall(r"\| (\d+) \| (\d+) \| (\d+) \|", capsys.readouterr().out)
    assert [int(seed) for seed, _, _ in rows] == [1, 2, 3, 4, 5, 6]
    return [int(hours) for _, hours, _ in rows], [int(refused) for _, _, refused in rows]


def test_the_days_in_the_docs_are_those_that_the_command_prints(
    capsys: pytest.CaptureFixture[str],
) -> None:
    page = " ".join(Path("docs/autoscale.md").read_text().split())
    hours, refused = days(capsys, 12)
    assert sorted(refused)[:5] == [0] * 5
    said = f"{min(hours)} to {max(hours)} node-hours and refused no call on five of them"
    assert f"{said}, {max(refused)} on the sixth" in page
    hours, refused = days(capsys, 14)
    said = f"took {min(hours)} to {max(hours)} and refused {min(refused)} to {max(refused)}"
    assert f"A target of 14 {said}" in page


def test_nodes_that_start_sooner_need_less_room_to_spare(
    capsys: pytest.CaptureFixture[str],
) -> None:
    page = " ".join(Path("docs/autoscale.md").read_text().split())
    (typed,) = re.findall(r"--days 6 --calls 16 --start (\d+) ", page)
    hours, refused = days(capsys, 16, start=int(typed))
    assert set(refused) == {0}
    _, later = days(capsys, 16)
    said = (
        f"{min(hours)} to {max(hours)} node-hours and refused no call; at {Hardware.boot} minutes"
    )
    assert f"took {said} this target refused {min(later)} to {max(later)}." in page


def test_nodes_that_are_there_before_a_known_hour_refuse_no_call_of_it(
    capsys: pytest.CaptureFixture[str],
) -> None:
    page = Path("docs/autoscale.md").read_text()
    (typed,) = re.findall(r"--days 6 (--at '.*')$", page, re.M)
    hours, refused = days(capsys, 12, *re.findall(r"'(.*?)'", typed))
    assert set(refused) == {0}
    said = f"the same six days took {min(hours)} to {max(hours)} node-hours, and refused no call"
    assert said in " ".join(page.split())


def test_the_day_in_the_docs_is_the_one_that_the_command_prints(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    main(output=tmp_path / "day.svg")
    count, *_, head, line = capsys.readouterr().out.partition("| cluster |")
    page = Path("docs/autoscale.md").read_text()
    assert count.split(",")[0].replace(" calls", " synthetic calls") in page
    found = re.findall(r"^\| (?:autoscaled|[789] nodes).*$", head + line, re.M)
    assert len(found) == 4
    assert all(row in page for row in found)

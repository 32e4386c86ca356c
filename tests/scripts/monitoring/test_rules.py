"""The alert rules and the dashboard: with the exporter's names, and a real Prometheus."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from lab.cloud.requirements import MONITORING, find_program, without_program
from scripts import exporter
from scripts.monitoring.metrics import METRICS, PREFIX

FOLDER = Path("examples/monitoring")
ALERTS, DASHBOARD = FOLDER / "alerts.yaml", FOLDER / "dashboard.json"
CASES = Path(__file__).with_name("alerts_test.yaml")
_NAME = re.compile(rf"{PREFIX}_\w+")
_SELECTED = re.compile(rf"({PREFIX}_\w+)(?:\{{([^}}]*)\}})?")
_SCRAPED = {"instance", "job"}


@pytest.fixture
def promtool() -> str:
    if without_program(MONITORING):
        pytest.skip("ALERT RULES NOT TESTED: promtool is missing; ./run test installs it")
    return str(find_program("promtool"))


def alert_rules() -> list[dict[str, Any]]:
    groups = yaml.safe_load(ALERTS.read_text())["groups"]
    return [rule for group in groups for rule in group["rules"]]


def expressions() -> list[str]:
    panels = json.loads(DASHBOARD.read_text())["panels"]
    shown = [target["expr"] for panel in panels for target in panel["targets"]]
    return [*shown, *(rule["expr"] for rule in alert_rules())]


@pytest.mark.parametrize("file", [ALERTS, DASHBOARD, CASES], ids=lambda path: path.name)
def test_every_metric_that_is_used_is_the_exporters(file: Path) -> None:
    used = set(_NAME.findall(file.read_text()))
    assert used
    assert used <= set(METRICS)


@pytest.mark.parametrize("expression", expressions())
def test_metrics_are_selected_by_labels_that_they_have(expression: str) -> None:
    for name, selector in _SELECTED.findall(expression):
        labels = set(re.findall(r"(\w+)\s*(?:=~|!=|!~|=)", selector))
        assert labels <= {*METRICS[name].labels, *_SCRAPED}


def test_the_docs_list_every_metric_with_its_labels_and_meaning() -> None:
    page = Path("docs/monitoring.md").read_text()
    for name, metric in METRICS.items():
        labels = ", ".join(f"`{label}`" for label in metric.labels)
        short = name.removeprefix(f"{PREFIX}_")
        assert f"| `{short}` | {labels} | {metric.meaning.removesuffix('.')} |" in page


def test_panels_lie_beside_one_another() -> None:
    panels = json.loads(DASHBOARD.read_text())["panels"]
    places = [
        {
            (x, y)
            for x in range(at["x"], at["x"] + at["w"])
            for y in range(at["y"], at["y"] + at["h"])
        }
        for at in (panel["gridPos"] for panel in panels)
    ]
    assert sum(map(len, places)) == len(set().union(*places))
    assert len({panel["id"] for panel in panels}) == len(panels)


def test_each_alert_says_what_to_type_and_is_tested() -> None:
    cases = CASES.read_text()
    for rule in alert_rules():
        assert re.search(r"uv run|pulumi|docs/", rule["annotations"]["description"]), rule["alert"]
        assert f"alertname: {rule['alert']}\n        exp_alerts" in cases or (
            f"alertname: {rule['alert']}, exp_alerts" in cases
        ), rule["alert"]


def test_prometheus_asks_where_the_exporter_listens() -> None:
    asked = yaml.safe_load((FOLDER / "prometheus.yaml").read_text())["scrape_configs"]
    assert asked[0]["static_configs"] == [{"targets": [f"127.0.0.1:{exporter.PORT}"]}]


def test_prometheus_takes_the_rules_and_its_configuration(promtool: str) -> None:
    for kind, file in (("rules", ALERTS), ("config", FOLDER / "prometheus.yaml")):
        done = subprocess.run(
            [promtool, "check", kind, file], capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr


def test_alerts_come_in_the_cases_that_they_are_for(promtool: str) -> None:
    done = subprocess.run(
        [promtool, "test", "rules", CASES], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr

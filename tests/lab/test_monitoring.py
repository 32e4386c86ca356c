"""A Prometheus watches a cluster by the exporter, and its alerts fire for what they are for."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from lab.cloud.requirements import MONITORING, find_program, without_program
from tests.lab.conftest import Lab, deployed

pytestmark = [
    pytest.mark.lab,
    pytest.mark.matrix,
    pytest.mark.xdist_group("monitoring"),
    pytest.mark.skipif(
        bool(without_program(MONITORING)),
        reason="ALERTS NOT TRIED: Prometheus is missing; ./run test installs it",
    ),
]
FOLDER = Path("examples/monitoring")
ADDRESS = "127.0.0.1:19090"
OFTEN = "global: {scrape_interval: 2s, evaluation_interval: 2s}\n"


@pytest.fixture
def lab() -> Iterator[Lab]:
    with deployed("monitoring") as lab:
        yield lab


@contextmanager
def watched(lab: Lab, folder: Path) -> Iterator[None]:
    """The exporter runs where the operator works, and a Prometheus with the examples' files.

    How long an alert waits before it fires is tried by `promtool`: here it's seconds.
    """
    (folder / "prometheus.yml").write_text(OFTEN + (FOLDER / "prometheus.yaml").read_text())
    rules = re.sub(r"\bfor: \w+", "for: 4s", (FOLDER / "alerts.yaml").read_text())
    (folder / "alerts.yaml").write_text(rules)
    prometheus = (
        f"{find_program('prometheus')} --config.file={folder}/prometheus.yml "
        f"--storage.tsdb.path={folder}/data --web.listen-address={ADDRESS}"
    )
    script = f"python -m scripts.exporter --interval 5 & exec {prometheus}"
    with (folder / "log").open("w") as log:
        running = subprocess.Popen(
            [*lab.command, "run", "--", "bash", "-c", script],
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            yield
        finally:
            os.killpg(running.pid, signal.SIGTERM)
            running.wait()


def asked(lab: Lab, what: str) -> list[dict[str, dict[str, str]]]:
    """What Prometheus says of a query; nothing while it doesn't answer yet."""
    url = f"http://{ADDRESS}/api/v1/query"
    done = lab.run("run", "--", "curl", "-sG", url, "--data-urlencode", f"query={what}")
    found: list[dict[str, dict[str, str]]] = []
    return json.loads(done.out)["data"]["result"] if done.out else found


def firing(lab: Lab) -> set[tuple[str, str]]:
    """Alerts that fire, each with the machine that it's about."""
    found = [one["metric"] for one in asked(lab, 'ALERTS{alertstate="firing"}')]
    return {(one["alertname"], one.get("machine", "")) for one in found}


def test_alerts_fire_for_a_node_that_is_lost_and_for_nothing_before(
    lab: Lab, tmp_path: Path
) -> None:
    with watched(lab, tmp_path):
        lab.wait_until(lambda: bool(asked(lab, "openvidu_enterprise_up == 1")))
        lab.wait_until(lambda: not firing(lab))
        assert len(asked(lab, 'openvidu_enterprise_node_state{state="serving"} == 1')) == 2
        lab.ok("kill", "node-2")
        lab.wait_until(lambda: ("OpenViduNodeDown", "node-2") in firing(lab))
        lab.wait_until(lambda: ("OpenViduMachineDown", "node-2") in firing(lab))
        assert not [one for one in firing(lab) if one[1] == "node-1"]

"""The page in a real browser: it's live, it reads well, and what it's told does nothing to it."""

from __future__ import annotations

import os
import shutil
import subprocess
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from lab.calls.browsers.installed import HERE as PUPPETEER
from lab.cloud.requirements import CLIENTS, without_program
from lab.tests.npm import install
from scripts.cluster_status import Status
from scripts.live_page.live_looks import LiveLooks
from scripts.live_page.page_server import serving
from tests.scripts.live_page.looks import DRAINING, FIRST, LEFT, SERVING, cluster

MISSING = [entry.what for entry in without_program(CLIENTS)]
STEPS = [cluster(FIRST, SERVING), cluster(FIRST, DRAINING), cluster(FIRST, LEFT), cluster(FIRST)]
INTERVAL = 0.1
LACKS = f"the page is in no browser: no {' and no '.join(MISSING)}"


class Steps:
    """A cluster that is as far as a file says."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._lock = threading.Lock()
        self._looks = LiveLooks("prod", self._seen, lambda: (), INTERVAL)

    def _seen(self) -> Status:
        return STEPS[int(self._file.read_text())]

    def told(self) -> Mapping[str, Any]:
        with self._lock:
            self._looks.look_again()
            return self._looks.as_json()


@pytest.mark.skipif(bool(MISSING), reason=LACKS)
def test_it_is_live_and_reads_well_in_a_browser(tmp_path: Path) -> None:
    install(PUPPETEER)
    step = tmp_path / "step"
    step.write_text("0")
    told = {
        "CHROMIUM": str(shutil.which("chromium")),
        "PUPPETEER": str(PUPPETEER),
        "STEP": str(step),
        "HOME": str(tmp_path),
    }
    with serving(Steps(step).told, 0) as url:
        done = subprocess.run(
            ["node", "--test", "--test-reporter=spec", "page.test.mjs"],
            cwd=Path(__file__).parent,
            env={"PATH": os.environ["PATH"], "URL": url, **told},
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
    assert done.returncode == 0, done.stdout + done.stderr

"""openvidu-browser in a real Chromium, against a simulated server that is alone."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.clients.conftest import Settings, judge, packages

pytestmark = pytest.mark.xdist_group("openvidus-clients")
CHROMIUM = shutil.which("chromium")


@pytest.mark.skipif(CHROMIUM is None, reason="no page calls OpenVidu here: no chromium")
@pytest.mark.parametrize("client", packages("openvidu-browser"))
def test_pages_call_each_other(
    clients: Path, server: Settings, client: str, tmp_path: Path
) -> None:
    told = {"OPENVIDU_BROWSER": client, "CHROMIUM": str(CHROMIUM), "HOME": str(tmp_path)}
    judge(clients, "browser.test.mjs", {**server, **told})

"""openvidu-node-client, all of its methods, against a simulated server that is alone."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.clients.conftest import HERE, SECRET, judge

pytestmark = pytest.mark.xdist_group("openvidus-clients")
CLIENTS = [
    name
    for name in json.loads((HERE / "package.json").read_text())["dependencies"]
    if name.startswith("openvidu-node-client")
]


@pytest.mark.parametrize("client", CLIENTS)
def test_all_that_the_client_asks_for_is_answered_as_by_openvidu(
    clients: Path, server: str, client: str
) -> None:
    judge(
        clients,
        "sdk.test.mjs",
        OPENVIDU_URL=server,
        OPENVIDU_SECRET=SECRET,
        OPENVIDU_CLIENT=client,
    )

"""openvidu-node-client, all of its methods, against a simulated server that is alone."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.clients.conftest import Settings, judge, packages

pytestmark = pytest.mark.xdist_group("openvidus-clients")


@pytest.mark.parametrize("client", packages("openvidu-node-client"))
def test_all_that_the_client_asks_for_is_answered_as_by_openvidu(
    clients: Path, server: Settings, client: str
) -> None:
    judge(clients, "sdk.test.mjs", {**server, "OPENVIDU_CLIENT": client})

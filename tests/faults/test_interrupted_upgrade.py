"""An upgrade that is stopped at any moment: the same command again completes it, no call cut."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.updates import Blow, Condition, Update, says, strike
from tests.lab.conftest import Lab, deployed
from tests.lab.test_upgrade import keeps_its_data, mark_data, require_all_ended, versions
from tests.lab.watching import require

pytestmark = [pytest.mark.lab, pytest.mark.matrix, pytest.mark.xdist_group("faults")]

MOMENTS: dict[str, Condition] = {
    "nodes drain": says("node-2: takes no new sessions"),
    "the nodes have stopped": says("node-2: has left the cluster"),
    "the base is upgraded": says("base-install (deleting original|creating replacement)"),
    "the base starts": says("base-start (deleting original|creating replacement)"),
    "a node is upgraded": says("node-1-install (deleting original|creating replacement)"),
    "a node joins": says("node-1-membership updating"),
}


@pytest.fixture
def older() -> Iterator[Lab]:
    """A cluster with the version before the example's."""
    with deployed("interrupted-upgrade", "--config", "openviduVersion=2.29.0") as lab:
        yield lab


@pytest.mark.parametrize("blow", Blow, ids=lambda blow: blow.value)
@pytest.mark.parametrize("moment", MOMENTS)
def test_an_upgrade_is_stopped(older: Lab, tmp_path: Path, moment: str, blow: Blow) -> None:
    mark_data(older)
    older.ok("calls", "start", "--media", "0", "--count", "4", "--length", "8s")
    older.ok("config", "set", "openviduVersion", "2.30.0")
    with Update(older, tmp_path) as update:
        update.wait_until(MOMENTS[moment])
        strike(update, blow)
    older.ok("up")
    require_all_ended(older)
    assert versions(older) == {"2.30.0"}
    assert keeps_its_data(older)
    require(older, 1, 2)

"""What an operator sees of all machines, of one, and of a call."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from rich.console import Console

from scripts.cluster_status import MachineStatus, Session, Status, Usage, main_status, node_status
from scripts.pulumi_cli import PulumiError
from scripts.stack_machines import urns_in
from scripts.status import View, view

NOW = datetime.now(UTC)
URN = (
    "urn:pulumi:prod::openvidu-enterprise::openvidu-enterprise:index:Node$aws:ec2/instance:Instance"
)
OLD = Session("ses_old", 3, NOW - timedelta(days=3, hours=12))
NEW = Session("ses_new", 1, NOW - timedelta(seconds=5))
ONE = MachineStatus(
    *("node-1", "10.5.0.6", "serving", "UP", "2.30.0", 0, 0, Usage(40, 50), True), sessions=()
)
TWO = replace(
    *(ONE,),
    name="node-2",
    private_ip="10.5.0.7",
    state="draining",
    calls=2,
    sessions=(OLD, NEW),
    host="203.0.113.7",
    urn=f"{URN}::node-2",
)
BASE = MachineStatus("base", None, "up", usage=Usage(1, 2))
FOUND = Status({"clusterStatus": "UP"}, [BASE, ONE, TWO], None, balanced=["10.5.0.6", "10.5.0.7"])
COLUMNS = ("AWS", "state", "health", "version", "calls", "part", "CPU", "memory", "load")


def printed(found: View) -> list[str]:
    console = Console(width=80, highlight=False)
    with console.capture() as captured:
        console.print(found.text, crop=False)
    return captured.get().splitlines()


def test_who_is_still_on_a_node_is_told_by_session_with_participants_and_since_when() -> None:
    found = view(FOUND, "node-2", None)
    text = "\n".join(printed(found))
    assert "node-1" not in text
    old = next(line for line in printed(found) if "ses_old" in line)
    for told in ("3", f"{OLD.since:%Y-%m-%d %H:%M:%S} UTC", "3 days, "):
        assert told in old
    assert text.index("ses_old") < text.index("ses_new")
    sessions = json.loads(json.dumps(found.as_json))["sessions"]
    assert [one["id"] for one in sessions] == ["ses_old", "ses_new"]
    assert sessions[0]["since"] == OLD.since.isoformat()


def test_what_replaces_a_machine_can_be_copied_as_one_line() -> None:
    assert f"  pulumi up --replace '{URN}::node-2'" in printed(view(FOUND, "node-2", None))
    assert not any("--replace" in line for line in printed(view(FOUND, "node-1", None)))
    assert "addresses: 10.5.0.7, 203.0.113.7" in printed(view(FOUND, "node-2", None))


def test_what_stands_for_a_machine_in_the_state_is_what_is_replaced() -> None:
    gone = {"urn": f"{URN}::node-1", "type": "aws:ec2/instance:Instance", "delete": True}
    there = {"urn": f"{URN}::node-2", "type": "aws:ec2/instance:Instance"}
    prepared = URN.replace("aws:ec2/instance:Instance", "command:local:Command")
    others = [
        {"urn": f"{prepared}::{name}", "type": "command:local:Command"}
        for name in ("node-3", "node-3-membership", "base-tools")
    ]
    state = {"deployment": {"resources": [gone, there, *others]}}
    assert urns_in(state) == {"node-2": f"{URN}::node-2", "node-3": f"{prepared}::node-3"}


def test_a_node_without_calls_and_one_whose_calls_are_not_known_are_told_apart() -> None:
    assert "no calls" in printed(view(FOUND, "node-1", None))
    silent = replace(FOUND, machines=[replace(ONE, sessions=None)])
    assert "its calls aren't known" in printed(view(silent, "node-1", None))
    assert "its calls aren't known" not in printed(view(FOUND, "base", None))


def test_one_machine_is_well_while_another_needs_somebody() -> None:
    lost = replace(FOUND, machines=[replace(ONE, usage=None), TWO])
    assert view(lost, "node-2", None).is_well
    found = view(lost, "node-1", None)
    assert not found.is_well
    assert any("can't be reached over SSH" in line for line in printed(found))
    assert not view(lost, None, None).is_well


def test_a_call_is_found_on_its_node() -> None:
    found = view(FOUND, None, "ses_new")
    assert found.is_well
    assert found.as_json == {"machine": "node-2", "id": "ses_new"} | NEW.as_json()
    text = "\n".join(printed(found))
    assert "node-2" in text
    assert "ses_new" in text
    assert "ses_old" not in text


def test_a_call_that_nobody_carries_is_told_with_whose_calls_are_not_known() -> None:
    found = view(FOUND, None, "ses_gone")
    assert not found.is_well
    assert "no machine of this stack carries a call 'ses_gone'" in " ".join(printed(found))
    silent = replace(FOUND, machines=[BASE, replace(ONE, sessions=None), TWO])
    text = "".join(printed(view(silent, None, "ses_gone")))
    assert "those of node-1 aren't known. Next:" in text


def test_a_machine_that_there_is_not_is_told_with_those_that_there_are() -> None:
    with pytest.raises(PulumiError, match="'node-7'; there are: base, node-1, node-2"):
        view(FOUND, "node-7", None)


def test_all_machines_have_all_columns() -> None:
    lines = "\n".join(printed(view(replace(FOUND, machines=[ONE]), None, None)))
    assert all(column in lines for column in COLUMNS)


def test_sessions_come_from_what_the_base_says() -> None:
    sessions = [{"id": "b", "participants": 2, "created": 200}, {"id": "a", "participants": 1}]
    sessions[1]["created"] = 100.5
    told = {"nodes": {"10.5.0.6": {"sessions": sessions}}, "sessions": sessions}
    found = node_status("node-1", "10.5.0.6", None, None, told).sessions
    assert found == [
        Session("a", 1, datetime.fromtimestamp(100.5, UTC)),
        Session("b", 2, datetime.fromtimestamp(200, UTC)),
    ]
    assert main_status("master", None, None, told).sessions == found


def test_standbys_are_named_and_need_nobody() -> None:
    found = view(replace(FOUND, standbys={"node-3": "stopped", "node-4": ""}), None, None)
    lines = printed(found)
    assert "node-3: a standby, stopped" in lines
    assert "node-4: a standby" in lines
    assert found.as_json["standbys"] == {"node-3": "stopped", "node-4": ""}
    assert not [line for line in lines if line.startswith("! ")]

"""The runbook's lines to type are there, where somebody looks for them."""

from __future__ import annotations

import re

import pytest

from scripts.cli import COMMANDS
from tests.lab.runbook import LOST_KEY, PLACES, Place, first, first_look
from tests.lab.walking import BREAKS, Named

THERE = {module.__name__.rpartition(".")[2].replace("_", "-") for module in COMMANDS}
COMMAND = re.compile(r"pulumi up( --refresh)?|uv run openvidu-enterprise (?P<name>[\w-]+) .*")


def test_it_begins_with_what_a_walk_begins_with() -> None:
    assert first_look() == "uv run openvidu-enterprise status"


@pytest.mark.parametrize("how", BREAKS)
@pytest.mark.parametrize("name", ["base", "node-7", "master", "bastion"])
def test_each_way_to_lose_a_machine_has_a_line_for_it(how: str, name: str) -> None:
    found = first(PLACES[how], name)
    for command in found.commands:
        known = COMMAND.fullmatch(command)
        assert known, command
        assert known["name"] is None or known["name"] in THERE
        assert known["name"] is None or name in command


def test_what_is_said_of_a_node_is_read_with_what_is_typed_meanwhile() -> None:
    retire = "uv run openvidu-enterprise retire"
    assert first(LOST_KEY, "node-7") == Named(
        (f"{retire} --replace node-7", "pulumi up"), f"{retire} node-7 --dead"
    )


@pytest.mark.parametrize(
    "place", [Place("Nothing of that name"), Place(LOST_KEY.heading, "Nothing of that name")]
)
def test_what_is_not_there_is_not_typed(place: Place) -> None:
    with pytest.raises(LookupError, match="Nothing of that name"):
        first(place, "base")

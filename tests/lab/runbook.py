"""What the runbook says to type, read from its own text: who changes it changes what is tried."""

from __future__ import annotations

import re
from dataclasses import dataclass

from lab.directory import PROJECT
from tests.lab.walking import Named

RUNBOOK = (PROJECT / "docs" / "runbook.md").read_text()
_BLOCK = re.compile(r"^```\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_LINE = re.compile(r"^(.*?)(?: +# (.*))?$")
_NODE = re.compile(r"\bnode-[0-9]+\b")
_MAIN = re.compile(r"\bbase\b")
_MEANWHILE = "meanwhile"


@dataclass(frozen=True)
class Place:
    """Where somebody looks.

    Attributes:
        heading: of the section.
        words: what is there before the lines to type; empty for the section's first.
    """

    heading: str
    words: str = ""


BROKEN = Place("A machine is broken")
LOST_KEY = Place("A machine doesn't take the SSH key", "Without one")
PLACES = {
    "crash": BROKEN,
    "stop": BROKEN,
    "terminate": Place(BROKEN.heading, "To recreate an instance that AWS no longer has"),
    "disk full": Place("A disk is full"),
    "Docker dead": BROKEN,
    "OpenVidu dead": BROKEN,
    "wrong SSH key": LOST_KEY,
    "interface gone": BROKEN,
}
"""By what is wrong, in the words of `tests.lab.walking.BREAKS`."""


def first_look() -> str:
    """The command with which it begins."""
    _, _, text = RUNBOOK.partition("First, how it is: `")
    return text.partition("`")[0]


def lines(place: Place) -> list[tuple[str, str]]:
    """The lines to type there, with what is said of each.

    Raises:
        LookupError: the runbook has no such section, no such words, or nothing to type there.
    """
    _, found, text = RUNBOOK.partition(f"\n## {place.heading}\n")
    section, _, _ = text.partition("\n## ")
    # Lines end anywhere in a sentence.
    said = re.search(r"\s+".join(map(re.escape, place.words.split())), section)
    block = _BLOCK.search(section, said.end()) if said else None
    if not found or block is None:
        raise LookupError(f"nothing to type in the runbook: {place}")
    return [(one[1], one[2] or "") for line in block[1].splitlines() if (one := _LINE.match(line))]


def first(place: Place, name: str) -> Named:
    """What is to be typed first there for a machine, and what while that waits.

    Args:
        place: where.
        name: of the machine: what is said of nodes is a node's, or what is said of the base.
    """
    there = lines(place)
    of_nodes = [one for one in there if _NODE.search(one[0])]
    of_main = [one for one in there if _MAIN.search(one[0])]
    own = (of_nodes if name.startswith("node-") else of_main) or of_main or there
    typed = [(_NODE.sub(name, _MAIN.sub(name, command)), remark) for command, remark in own]
    (command, _), *others = typed
    meanwhile = [one for one, remark in others if remark.startswith(_MEANWHILE)]
    return Named(tuple(command.split(" && ")), meanwhile[0] if meanwhile else None)

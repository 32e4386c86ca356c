"""Signs and words for operations.

Source: pulumi, pkg/resource/deploy/step.go and pkg/backend/display/rows.go.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from lab.engine.model.step import Op


@dataclass(frozen=True, slots=True)
class Words:
    """How an operation is spoken of."""

    sign: str
    plan: str
    doing: str
    done: str
    colour: str


GREEN: Final = "\033[32m"
YELLOW: Final = "\033[33m"
RED: Final = "\033[31m"
MAGENTA: Final = "\033[35m"
CYAN: Final = "\033[36m"
BOLD: Final = "\033[1m"
RESET: Final = "\033[0m"

WORDS: Final = {
    Op.SAME: Words("", "", "running", "", ""),
    Op.CREATE: Words("+", "create", "creating", "created", GREEN),
    Op.UPDATE: Words("~", "update", "updating", "updated", YELLOW),
    Op.DELETE: Words("-", "delete", "deleting", "deleted", RED),
    Op.REPLACE: Words("+-", "replace", "replacing", "replaced", MAGENTA),
    Op.CREATE_REPLACEMENT: Words(
        "++", "create replacement", "creating replacement", "created replacement", GREEN
    ),
    Op.DELETE_REPLACED: Words(
        "--", "delete original", "deleting original", "deleted original", RED
    ),
    Op.READ: Words(">", "read", "reading", "read", CYAN),
    Op.READ_REPLACEMENT: Words(
        ">>", "read replacement", "reading replacement", "read replacement", CYAN
    ),
    Op.READ_DISCARD: Words("<", "discard", "discarding", "discarded", RED),
    Op.DISCARD_REPLACED: Words(
        "<<", "discard original", "discarding original", "discarded original", RED
    ),
    Op.REMOVE_PENDING_REPLACE: Words("~", "forget", "forgetting", "forgotten", YELLOW),
    Op.IMPORT: Words("=", "import", "importing", "imported", GREEN),
    Op.REFRESH: Words("~", "refresh", "refreshing", "", YELLOW),
}

"""How nodes may leave and restart, as the stack's configuration says it now.

The base holds it, not the memberships in the stack's state: a drain goes by today's values, not
by those of the day on which its node was made.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from membership.registry import FOLDER
from openvidu import environment

FILE = FOLDER / "drain-policy"


@dataclass(frozen=True)
class Policy:
    """How nodes may leave and restart.

    Attributes:
        limit: how long a leaving node waits for its calls.
        force: take it out all the same when the limit is over; cuts its calls.
        max_unavailable: how many wanted nodes may be out of service at a time.
        last_node: whether the last serving node may leave.
        without_api: whether a node that the API doesn't drain is stopped in a moment without calls.
        change_limit: how long a changed configuration waits for a moment without calls.
        change_during_calls: whether it doesn't wait; cuts calls.
        rolling: whether nodes are upgraded one by one, and not the cluster as a whole.
    """

    limit: timedelta = timedelta(hours=6)
    force: bool = False
    max_unavailable: int = 1
    last_node: bool = False
    without_api: bool = False
    change_limit: timedelta = timedelta(hours=1)
    change_during_calls: bool = False
    rolling: bool = False

    @classmethod
    def read(cls, file: Path = FILE) -> Policy:
        """The policy that `put-membership-file.sh` wrote; the default where there's none."""
        if not file.exists():
            return cls()
        values = environment.parse(file.read_text())
        return cls(
            limit=timedelta(seconds=int(values["DRAIN_TIMEOUT_SECONDS"])),
            force=values["FORCE_AFTER_DRAIN_TIMEOUT"] == "true",
            max_unavailable=int(values["MAX_UNAVAILABLE"]),
            last_node=values["DRAIN_LAST_NODE"] == "true",
            without_api=values.get("DRAIN_WITHOUT_API") == "true",
            change_limit=timedelta(seconds=int(values["CONFIG_CHANGE_TIMEOUT_SECONDS"])),
            change_during_calls=values["CONFIG_CHANGE_DURING_CALLS"] == "true",
            rolling=values["UPGRADE_STRATEGY"] == "rolling",
        )

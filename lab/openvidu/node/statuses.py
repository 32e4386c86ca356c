"""A media node's statuses, and which changes the drain call allows.

Source: page, "Scale Down", step 1: once a node waits to terminate there is no way back; REST
reference, "PATCH media-nodes": 200, 204 and 400.
"""

from __future__ import annotations

from openvidu.api import RUNNING, WAITING_IDLE_TO_TERMINATE

TERMINATING = "terminating"
TERMINATED = "terminated"
_KNOWN = frozenset({"launching", "canceled", RUNNING, WAITING_IDLE_TO_TERMINATE, TERMINATING})


def change(present: str, body: object) -> tuple[int, str]:
    """What a PATCH with `body` does to a node that is `present`.

    Returns:
        The HTTP status of the answer (200 changed, 204 no change, 400 refused) and the media
        node's status from now on.
    """
    wanted = body.get("status") if isinstance(body, dict) else None
    if wanted not in _KNOWN:
        return 400, present
    if wanted == present:
        return 204, present
    if present == RUNNING and wanted == WAITING_IDLE_TO_TERMINATE:
        return 200, WAITING_IDLE_TO_TERMINATE
    return 400, present

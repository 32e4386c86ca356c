"""The events that OpenVidu sends to webhooks.

Source: documentation, "OpenVidu Webhook", "OpenVidu WebHook events"; the defaults in the
repository's `.env` of nodes and masters, OPENVIDU_WEBHOOK_EVENTS.
"""

from __future__ import annotations

import difflib

EVENTS = (
    "sessionCreated",
    "sessionDestroyed",
    "participantJoined",
    "participantLeft",
    "webrtcConnectionCreated",
    "webrtcConnectionDestroyed",
    "recordingStatusChanged",
    "filterEventDispatched",
    "signalSent",
    "nodeCrashed",
    "nodeRecovered",
    "mediaNodeStatusChanged",
    "autoscaling",
    "broadcastStarted",
    "broadcastStopped",
    "HANodeRegistered",
    "HANodeDeregistered",
)
_SLIPS = {"hanodeterminated": "HANodeDeregistered"}
"""Source: on-premises page, "Scale Down", names it so, and shows an event of the other name."""


def meant(text: str) -> str | None:
    """The event that a text may have been meant to name; None where it's like none."""
    lowered = {name.lower(): name for name in EVENTS} | _SLIPS
    near = difflib.get_close_matches(text.lower(), lowered, n=1, cutoff=0.8)
    return lowered[near[0]] if near else None

"""Which ports of a machine are closed, by whose sound comes and whose doesn't. Pure.

By TURN sound comes in at port 443, and without it at a port a stream. Where the one comes while the
other doesn't, it's those ports.
"""

from __future__ import annotations

from collections.abc import Mapping

from components.resource_names import inbound_rule
from lab.calls.report import Call, Report, Result
from openvidu.ports import PortRule
from openvidu.roles import MASTER, NODE
from scripts.calls.ways import Way

_ANYWHERE = "0.0.0.0/0"
_TURN = (Way.TURN_UDP, Way.TURN_TCP)
_NEXT = "uv run lab run -- openvidu-enterprise preflight"


def closed(report: Report, names: Mapping[str, str]) -> list[str]:
    """A line for each machine whose ports for media seem to be closed, and what to type next.

    Args:
        report: the calls.
        names: machines' short names by private address.
    """
    return [
        _said(names.get(ip, ip))
        for ip in sorted({call.node_ip for call in report.calls if call.node_ip})
        if _is_closed([call for call in report.calls if call.node_ip == ip])
    ]


def _is_closed(calls: list[Call]) -> bool:
    """Whether calls of one machine show that its ports for media are closed."""
    straight = [call for call in calls if Way.STRAIGHT in (call.heard, call.unheard)]
    latest = max(straight, key=lambda call: call.start, default=None)
    if latest is None or not latest.unheard or latest.end is None:
        return False
    # What cuts a call after the last one by TURN, such as a crash, is no closed port.
    since = latest.end if latest.result is Result.CUT else latest.start
    return any(
        call.heard in _TURN
        and not call.unheard
        and call.start <= latest.end
        and (call.end is None or call.end >= since)
        for call in calls
    )


def _said(machine: str) -> str:
    role = MASTER if machine == MASTER.name else NODE
    (media,) = (rule for rule in role.ports if _is_media(rule))
    rule = f"{role.name}-{inbound_rule(media, _ANYWHERE, role.ports)}"
    return (
        f"{machine}: no sound comes in by {media.protocol.upper()} {media.first}-{media.last}, "
        f"and by TURN it does. Is the rule {rule} there? See: {_NEXT}"
    )


def _is_media(rule: PortRule) -> bool:
    return (rule.service, rule.protocol) == ("media", "udp")

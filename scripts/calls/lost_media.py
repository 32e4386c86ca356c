"""Which rule, port or setting is behind media that don't arrive. Pure.

Ports are those of the page's tables.
"""

from __future__ import annotations

from components.resource_names import inbound_rule
from openvidu.ports import MASTER_PORTS, MEDIA_FIRST, MEDIA_LAST, NODE_PORTS
from openvidu.roles import MASTER, NODE
from scripts.calls.outcomes import (
    Failure,
    Fault,
    NoRelay,
    NoServer,
    Outcome,
    Silent,
    Unwilling,
)
from scripts.calls.stack import Stack
from scripts.calls.ways import TurnServer, Way
from scripts.checks.finding import Result
from scripts.problem import Problem

_ANYWHERE = "0.0.0.0/0"
_MEDIA = f"UDP {MEDIA_FIRST}-{MEDIA_LAST}"
_ELSEWHERE = (
    "try it from another network: the firewall of the one you are in may be what closes it. "
    "Else look at the machine's own:"
)
_OWN = "look at the machine's own firewall, as its TURN server doesn't get there either:"


def failed(
    ip: str, way: Way, outcome: Failure, stack: Stack, *, is_answered: bool = False
) -> Problem:
    """What is behind media that don't arrive.

    Args:
        ip: the node's private address.
        way: how media should have gone.
        outcome: what came of that.
        stack: what the stack knows.
        is_answered: whether the node's TURN server answers, and doesn't get to the media either.
    """
    name, public = stack.name(ip), stack.public_ip(ip)
    media = f"media of {name} don't arrive by {by(way, outcome)}"
    match outcome:
        case NoServer():
            return Problem(
                f"{media}: OpenVidu tells its users of no TURN server",
                stack.logs(ip, "coturn"),
            )
        case Unwilling():
            return Problem(
                f"{media}: OpenVidu doesn't take them: {outcome.said}",
                stack.logs(ip, "openvidu-server"),
            )
        case NoRelay():
            return _no_relay(media, ip, way, outcome, stack)
        case Silent(announced=told, server="") if public and told and public not in told:
            return Problem(
                f"{media}: OpenVidu tells users to send them to {', '.join(sorted(told))}, and "
                f"{name} is at {public}",
                f"see that who asks the internet from {name} for its own address is told {public}: "
                "OpenVidu does so when it starts",
            )
        case Silent(server=""):
            said, following = _closed("media", "udp", ip, stack, is_answered=is_answered)
            return Problem(f"{media}: {_count(outcome)}{said}", following)
        case Silent():
            return Problem(
                f"{media}: {_count(outcome)}; the TURN server answers, and doesn't reach the "
                f"media server by {_MEDIA} of {public or name}",
                stack.logs(ip, "coturn"),
            )


def _no_relay(media: str, ip: str, way: Way, found: NoRelay, stack: Stack) -> Problem:
    """Why a TURN server gives no address."""
    name, public = stack.name(ip), stack.public_ip(ip)
    media = f"{media}: {found.fault}"
    logs = stack.logs(ip, "coturn")
    if found.fault in (Fault.DENIED, Fault.OTHER):
        shared = "turnStaticAuthSecret" if stack.own_turn else "the secret of coturn and OpenVidu"
        cause = "; the clocks may differ, or " + shared if found.fault is Fault.DENIED else ""
        return Problem(
            f"{media}{cause} ({found.said})", "pulumi preview" if stack.own_turn else logs
        )
    host = _host(found.server)
    if stack.own_turn:
        return Problem(f"{media}; it's turnServer's", f"see that users reach {found.server}")
    if public and host != public:
        return Problem(
            f"{media}; OpenVidu tells users to come to {host}, and {name} is at {public}",
            "pulumi config get extraEnv, which shouldn't have COTURN_IP: without it coturn asks "
            "the internet for its own address when it starts",
        )
    if found.fault is Fault.CLOSED:
        return Problem(f"{media}: coturn doesn't listen there, or a firewall rejects", logs)
    said, following = _closed("turn", way.transport, ip, stack)
    return Problem(media + said, following)


def _closed(
    service: str, protocol: str, ip: str, stack: Stack, *, is_answered: bool = False
) -> Problem:
    """Who may have closed a node's port, and what to do."""
    is_masters = stack.main == MASTER.name and service == "turn"
    table = MASTER_PORTS if is_masters else NODE_PORTS
    rule = next(one for one in table if (one.service, one.protocol) == (service, protocol))
    first, last = rule.first, rule.last
    ports = f"{protocol.upper()} {first}" + (f"-{last}" if last != first else "")
    machine = MASTER.name if is_masters else stack.name(ip)
    if is_masters or ip in stack.nodes:
        role = MASTER if is_masters else NODE
        own = f"{role.name}-{inbound_rule(rule, _ANYWHERE, table)}"
        for one in stack.groups:
            if one.where == own:
                return Problem(f"; {own}: {one.said}", one.next or "pulumi up --refresh")
        for one in stack.groups:
            if one.result is Result.WARNING:
                said = f"; whether the security group lets {ports} in isn't known: {one.said}"
                return Problem(said, "uv run openvidu-enterprise preflight")
        if stack.groups:
            shown = f"uv run openvidu-enterprise ssh {machine} -- sudo nft list ruleset"
            where = _OWN if is_answered else _ELSEWHERE
            return Problem(f"; the security group lets {ports} in ({own})", f"{where} {shown}")
    place = stack.public_ip(ip) or machine
    return Problem(
        "", f"let in {ports} of {place} from everywhere: on {machine}, and in what is before it"
    )


def by(way: Way, outcome: Outcome) -> str:
    """How media go, with the port that users see.

    Args:
        way: how they go.
        outcome: what came of that; it knows the TURN server.
    """
    if way is Way.STRAIGHT:
        return _MEDIA
    protocol = way.transport.upper()
    if isinstance(outcome, NoServer | Unwilling) or not outcome.server:
        return f"TURN over {protocol}"
    try:
        server = TurnServer.of(outcome.server)
    except ValueError:
        return f"TURN over {protocol} ({outcome.server})"
    return f"TURN over {protocol} {server.port} of {server.host}"


def _host(url: str) -> str:
    try:
        return TurnServer.of(url).host
    except ValueError:
        return url


def _count(outcome: Silent) -> str:
    return f"{outcome.heard} of {outcome.streams} streams came"

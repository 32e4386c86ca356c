"""Why users don't get in at the public URL, or aren't let into a session. Pure."""

from __future__ import annotations

import re
import socket
import ssl
from collections.abc import Iterator, Mapping

from openvidu.roles import BASE, MASTER
from scripts.calls.outcomes import Tried
from scripts.calls.rest import Stage
from scripts.calls.stack import Stack
from scripts.checks.finding import Finding, Result

_EXPIRED = 10
"""Source: OpenSSL, x509_vfy.h, X509_V_ERR_CERT_HAS_EXPIRED."""
_ENTRANCE = re.compile(r"(?:base|master|load-balancer)-https(?:-\d+)?-from-world-ipv4")


def closed(error: OSError, stack: Stack) -> Finding:
    """Why users don't get in.

    Args:
        error: what came of a connection.
        stack: what the stack knows.
    """
    check, where = "HTTPS", stack.place
    for one in stack.names:
        if one.result is Result.FAILED and one.next:
            said = f"the name {one.said}; what answers there: {str(error) or type(error).__name__}"
            return Finding(one.check, where, Result.FAILED, said, one.next)
    if isinstance(error, ssl.SSLCertVerificationError):
        has_expired = error.verify_code == _EXPIRED
        why = "has expired" if has_expired else f"isn't one to trust: {error.verify_message}"
        said = f"the certificate {why}"
        following = (
            "uv run openvidu-enterprise preflight; for an authority of your own, name it: "
            "SSL_CERT_FILE=ca.pem uv run openvidu-enterprise check-call"
        )
        if stack.selfsigned or has_expired:
            following = "uv run openvidu-enterprise preflight, which says how another one is had"
        if stack.selfsigned and not has_expired:
            said = (
                f"what answers shows another certificate than {stack.main} shows to itself, "
                "by SSH: a proxy in between, or another machine"
            )
            following = "run it where nothing is in between; uv run openvidu-enterprise preflight"
        return Finding("certificate", where, Result.FAILED, said, following)
    if isinstance(error, socket.gaierror):
        said = f"the name leads nowhere: {error.strerror}"
        return Finding("DNS", where, Result.FAILED, said, "uv run openvidu-enterprise preflight")
    closed = [one for one in stack.groups if _ENTRANCE.fullmatch(one.where)]
    for one in closed:
        said = f"no answer; {one.where}: {one.said}"
        return Finding(check, where, Result.FAILED, said, one.next)
    if isinstance(error, ConnectionRefusedError):
        said = "it refuses connections: nothing listens there, or a firewall rejects"
    else:
        said = (
            f"no answer: {str(error) or type(error).__name__}. Users come in there, by TCP: the "
            "firewall of the network that you are in may close it too"
        )
    following = "uv run openvidu-enterprise preflight"
    if stack.main in (BASE.name, MASTER.name):
        following += f"; uv run openvidu-enterprise repair {stack.main}"
    return Finding(check, where, Result.FAILED, said, following)


def refusals(tried: Tried, stack: Stack) -> Iterator[Finding]:
    """Why sessions came to nothing: a failure where no call was had.

    Args:
        tried: what came of all.
        stack: what the stack knows.
    """
    if not tried.refusals:
        return
    result = Result.WARNING if tried.calls else Result.FAILED
    kinds = {(one.stage, one.status): one for one in tried.refusals}
    for one in kinds.values():
        cause, following = _REFUSED.get((one.stage, one.status), _REFUSED[one.stage, None])
        if one.status in _GATEWAY and tried.calls:
            cause = "; one of the load balancer's nodes doesn't answer"
        yield Finding(one.stage, stack.place, result, f"{one}{cause}", following)


_STATUS = "uv run openvidu-enterprise status"
_NOBODY = "; the load balancer has no node that answers"
_GATEWAY = (502, 503, 504)
_REFUSED: Mapping[tuple[Stage, int | None], tuple[str, str]] = {
    **{(stage, None): ("", _STATUS) for stage in Stage},
    **{(stage, status): (_NOBODY, _STATUS) for stage in Stage for status in _GATEWAY},
    (Stage.API, 401): (
        "; the cluster has another openviduSecret than the last update's",
        "uv run openvidu-enterprise preflight, which compares the nodes' .env with the stack's",
    ),
    (Stage.API, 403): (
        "; apiCidrs hasn't the address that you come from",
        "pulumi config get apiCidrs, and ask from one of these networks",
    ),
    (Stage.SOCKET, None): (
        "; HTTPS gets there, and WebSockets don't: a proxy in between may not let them through",
        "ask from where nothing is in between",
    ),
    (Stage.JOIN, 503): ("; a node has no connection to its media server", _STATUS),
}
"""What is behind an answer, and what to type; None stands for any other status."""

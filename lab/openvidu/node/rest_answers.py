"""Paths and answers of the REST API: errors, and what a page from elsewhere may read.

Source: OpenVidu Server 2.30.0, which lets every origin use every path, and answers OPTIONS
without a login; the fields of its errors. An error without a text has no body.
"""

from __future__ import annotations

import time
from dataclasses import replace

from lab.openvidu.node.bodies import RefusedError
from lab.openvidu.web.messages import Request, Response, Takeover, json_response, reason
from openvidu import api

API = "/openvidu/api"
RECORDINGS = f"{API}/recordings"
PUBLIC_URL = f"{api.CONFIG}/openvidu-publicurl"
"""Wants no login."""
_METHODS = "GET, POST, PUT, PATCH, DELETE, OPTIONS, HEAD"


def refusal(error: RefusedError, path: str) -> Response:
    """The answer to a request that is refused."""
    if not str(error):
        return Response(error.status)
    body = {
        "timestamp": int(time.time() * 1000),
        "status": error.status,
        "error": reason(error.status),
        "message": str(error),
        "path": path,
    }
    return json_response(body, error.status)


def preflight(request: Request) -> Response | None:
    """The answer to a browser that asks whether it may ask; None for any other request."""
    wanted = request.headers.get("access-control-request-method")
    if request.method != "OPTIONS" or not wanted:
        return None
    headers = request.headers.get("access-control-request-headers", "*")
    return Response(
        200,
        headers={
            "Access-Control-Allow-Methods": _METHODS,
            "Access-Control-Allow-Headers": headers,
            "Access-Control-Max-Age": "1800",
        },
    )


def for_any_origin(request: Request, answer: Response | Takeover) -> Response | Takeover:
    """`answer`, such that a browser hands it to a page from elsewhere."""
    if isinstance(answer, Takeover) or "origin" not in request.headers:
        return answer
    headers = {**answer.headers, "Access-Control-Allow-Origin": "*"}
    return replace(answer, headers={**headers, "Access-Control-Expose-Headers": "*"})

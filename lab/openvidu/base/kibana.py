"""The container `kibana`: a page and a status on 5601, which the proxy shows under /kibana.

Source: repository of OpenVidu 2.30.0: Kibana 7.8.0 with the base path /kibana, which the proxy
takes off.
"""

from __future__ import annotations

import asyncio

from lab.openvidu.web.messages import Request, Response, html_response, json_response
from lab.openvidu.web.server import listen, log, run
from openvidu import ports

VERSION = "7.8.0"


async def answer(request: Request) -> Response:
    """Answer one request."""
    if request.path == "/api/status":
        state = {"overall": {"state": "green"}}
        return json_response({"version": {"number": VERSION}, "status": state})
    return html_response("<!doctype html><title>Kibana</title><h1>Kibana</h1>")


async def serve(stopping: asyncio.Event) -> None:
    """Serve until asked to stop."""
    await listen(answer, ports.KIBANA)
    log('{"type":"log","tags":["listening","info"],"message":"Server running"}')
    await stopping.wait()


if __name__ == "__main__":
    run(serve)

"""The container `app`: a page that stands for the OpenVidu Call application.

Source: repository of OpenVidu 2.30.0, `docker-compose.override.yml`: the application listens
on 5442 and the proxy shows it at `/`.
"""

from __future__ import annotations

import asyncio

from lab.openvidu.web.messages import Request, Response, html_response
from lab.openvidu.web.server import listen, log, run

PORT = 5442
_PAGE = """<!doctype html>
<title>OpenVidu Call</title>
<h1>OpenVidu Call</h1>
<p>This page stands for the OpenVidu Call application in a lab. No calls can be made here.</p>
"""


async def answer(_: Request) -> Response:
    """Answer one request."""
    return html_response(_PAGE)


async def serve(stopping: asyncio.Event) -> None:
    """Serve until asked to stop."""
    await listen(answer, PORT)
    log(f"OpenVidu Call listens on {PORT}")
    await stopping.wait()


if __name__ == "__main__":
    run(serve)

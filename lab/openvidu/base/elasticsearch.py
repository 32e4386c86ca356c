"""The container `elasticsearch`: answers on 9200, behind HTTP Basic authentication.

Source: repository of OpenVidu 2.30.0: Elasticsearch 7.8.0 with security enabled and one user.
Environment: ELASTICSEARCH_USERNAME, ELASTICSEARCH_PASSWORD.
"""

from __future__ import annotations

import asyncio
import os

from lab.openvidu.web.messages import Request, Response, json_response, login_wanted
from lab.openvidu.web.server import listen, log, run
from openvidu import ports

VERSION = "7.8.0"
_CLUSTER = "docker-cluster"


async def answer(request: Request) -> Response:
    """Answer one request."""
    user, password = os.environ["ELASTICSEARCH_USERNAME"], os.environ["ELASTICSEARCH_PASSWORD"]
    if not request.has_login(user, password):
        return login_wanted("security")
    match request.path:
        case "/":
            return json_response(
                {
                    "name": "elasticsearch",
                    "cluster_name": _CLUSTER,
                    "version": {"number": VERSION},
                    "tagline": "You Know, for Search",
                }
            )
        case "/_cluster/health":
            return json_response(
                {
                    "cluster_name": _CLUSTER,
                    "status": "green",
                    "timed_out": False,
                    "number_of_nodes": 1,
                }
            )
        case "/_cluster/state/blocks":
            return json_response({"cluster_name": _CLUSTER, "blocks": {}})
        case _:
            return json_response({"error": {"type": "index_not_found_exception"}}, 404)


async def serve(stopping: asyncio.Event) -> None:
    """Serve until asked to stop."""
    await listen(answer, ports.ELASTICSEARCH)
    log('{"level": "INFO", "message": "started"}')
    await stopping.wait()


if __name__ == "__main__":
    run(serve)

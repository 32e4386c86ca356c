"""The container `minio-s3`: S3 on 9000, the console on 9001.

Environment: MINIO_ACCESS_KEY and MINIO_SECRET_KEY; the data is in `minio-s3/` of the working
directory. As MinIO does, it refuses to start with an access key of less than 3 characters or a
secret key of less than 8.
"""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path

from lab.openvidu.s3.endpoint import Endpoint
from lab.openvidu.s3.signature import Keys
from lab.openvidu.s3.store import Store
from lab.openvidu.web.messages import Request, Response, html_response
from lab.openvidu.web.server import listen, log, run
from openvidu import environment, ports

CONSOLE_PORT = 9001
_ACCESS_KEY_LENGTH = 3


async def _console(_: Request) -> Response:
    return html_response("<!doctype html><title>MinIO Console</title><h1>MinIO Console</h1>")


async def serve(stopping: asyncio.Event) -> None:
    """Serve until asked to stop."""
    keys = Keys(os.environ["MINIO_ACCESS_KEY"], os.environ["MINIO_SECRET_KEY"])
    if (
        len(keys.access) < _ACCESS_KEY_LENGTH
        or len(keys.secret) < environment.MINIO_SECRET_KEY_LENGTH
    ):
        log(
            "ERROR Unable to validate credentials inherited from the shell environment: "
            "the access key needs 3 characters or more, the secret key 8 or more"
        )
        sys.exit(1)
    endpoint = Endpoint(Store(Path("minio-s3").absolute()), keys)
    await listen(endpoint.handle, ports.S3)
    await listen(_console, CONSOLE_PORT)
    log(f"API: http://0.0.0.0:{ports.S3}  Console: http://0.0.0.0:{CONSOLE_PORT}")
    await stopping.wait()


if __name__ == "__main__":
    run(serve)

"""A simulated OpenVidu Server that is alone, with a media server and recordings."""

from __future__ import annotations

import json
import socket
import ssl
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from lab.cloud import authority
from lab.openvidu.master.endpoints import MasterEndpoints
from lab.openvidu.master.server_state import MasterState
from lab.openvidu.node.recordings import Uploader
from lab.openvidu.web.messages import Request, Response, Takeover
from tests.serving import serving

SECRET = "OPENVIDU_SECRET_1"


@dataclass(frozen=True)
class Alone:
    """Where it is.

    Attributes:
        url: of its API.
        front_port: what it takes for its own public port: free, for who wants to stand there.
        authority: the file with the authority that signed its certificate.
    """

    url: str
    front_port: int
    authority: Path


@contextmanager
def openvidu_alone(
    folder: Path, refuses: Mapping[str, int] | None = None, media_servers: int = 1
) -> Iterator[Alone]:
    """The server, for as long as the block lasts.

    Args:
        folder: for its certificate and its recordings.
        refuses: statuses with which what is in front of it answers, by how path and query begin.
        media_servers: how many it has, from 127.0.0.1 on.
    """
    trusted = authority.create(folder)
    pair = folder / "pair.pem"
    pair.write_text("".join(authority.issue(["localhost"], directory=folder)))
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(pair)
    values = {
        "OPENVIDU_SECRET": SECRET,
        "DOMAIN_OR_PUBLIC_IP": "localhost",
        "OPENVIDU_RECORDING": "true",
        "OPENVIDU_RECORDING_PATH": str(folder / "recordings"),
    }
    made: list[MasterEndpoints] = []

    async def handle(request: Request) -> Response | Takeover:
        for path, status in (refuses or {}).items():
            if request.target.startswith(path):
                return Response(status)
        # Its webhooks want the loop that the requests come in.
        if not made:
            made.append(MasterEndpoints(MasterState(values, Uploader(values, folder))))
        return await made[0].handle(request)

    with socket.create_server(("127.0.0.1", 0)) as front:
        port = front.getsockname()[1]
    values["HTTPS_PORT"] = str(port)
    with ExitStack() as stack:
        uris = []
        for place in range(1, media_servers + 1):
            there = socket.create_server((f"127.0.0.{place}", 0))
            uris.append("ws://{}:{}/kurento".format(*stack.enter_context(there).getsockname()))
        values["KMS_URIS"] = json.dumps(uris)
        yield Alone(stack.enter_context(serving(handle, tls)), port, trusted)

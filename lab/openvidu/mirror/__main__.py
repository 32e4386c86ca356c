"""Serves the mirror over HTTPS.

`python -m lab.openvidu.mirror DIR ADDRESS PORT`, where DIR is the lab's directory: its
authority signs the certificate, and `DIR/faults` says what is to go wrong. A file that isn't
there gets 404 with an XML error, as from S3. Registries only say that they are there: stand-ins for
Docker make images by themselves.
"""

from __future__ import annotations

import asyncio
import ssl
import sys
import tempfile
from functools import partial
from pathlib import Path

from lab.cloud.authority import issue
from lab.cloud.facts import MIRROR_NAMES
from lab.openvidu import faults
from lab.openvidu.mirror.catalogue import NotFoundError, content
from lab.openvidu.web.messages import Request, Response, Takeover
from lab.openvidu.web.server import listen, log, run


async def answer(request: Request, fault_folder: Path) -> Response | Takeover:
    """Answer one request."""
    if request.path == "/v2/":
        return Response(401)
    try:
        body = content(request.path)
    except NotFoundError:
        return _not_found()
    fault = faults.look("download", fault_folder)
    if fault and _concerns(fault, request):
        faults.strike("download", fault_folder)
        return _cut(body) if fault.option("answer", "404") == "cut" else _not_found()
    return Response(200, body, "application/octet-stream")


def _concerns(fault: faults.Fault, request: Request) -> bool:
    in_path = fault.option("file", "") in request.path
    return in_path and fault.option("client", request.peer) == request.peer


def _not_found() -> Response:
    text = '<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>NoSuchKey</Code></Error>'
    return Response(404, text.encode(), "application/xml")


def _cut(body: bytes) -> Takeover:
    async def send(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = f"HTTP/1.1 200 OK\r\nContent-Length: {len(body)}\r\n\r\n"
        writer.write(head.encode() + body[: len(body) // 2])
        await writer.drain()

    return Takeover(send)


def context(directory: Path) -> ssl.SSLContext:
    """TLS with a certificate of the lab's authority."""
    certificate, key = issue(list(MIRROR_NAMES), directory=directory)
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    with tempfile.NamedTemporaryFile("w") as file:
        file.write(certificate + key)
        file.flush()
        tls.load_cert_chain(file.name)
    return tls


async def serve(directory: Path, address: str, port: int, stopping: asyncio.Event) -> None:
    """Serve until asked to stop."""
    handler = partial(answer, fault_folder=directory / "faults")
    await listen(handler, port, host=address, tls=context(directory))
    log(f"mirror: {' '.join(MIRROR_NAMES)} at {address}:{port}")
    await stopping.wait()


if __name__ == "__main__":
    run(partial(serve, Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])))

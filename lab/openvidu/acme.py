"""The stand-in for Let's Encrypt.

One exchange in place of ACME's many: POST /new-certificate with domain, e-mail and a token. As
the real one does, it looks the domain up, and fetches the token from port 80 there before it
signs; with the lab's authority. `python -m lab.openvidu.acme DIR ADDRESS PORT`.
"""

from __future__ import annotations

import asyncio
import ipaddress
import json
import socket
import sys
from functools import partial
from pathlib import Path

from lab.cloud.authority import issue
from lab.openvidu import faults
from lab.openvidu.web.client import UnreachableError, request
from lab.openvidu.web.messages import Request, Response, json_response
from lab.openvidu.web.server import listen, log, run


class RefusedError(Exception):
    """No certificate; the message says why."""


async def answer(call: Request, directory: Path) -> Response:
    """Answer one order."""
    if (call.method, call.path) != ("POST", "/new-certificate"):
        return json_response({"detail": "POST /new-certificate only"}, 404)
    try:
        order = json.loads(call.body)
        domain, email, token = (str(order[name]) for name in ("domain", "email", "token"))
    except (ValueError, KeyError, TypeError):
        return json_response({"detail": "an order has domain, email and token"}, 400)
    try:
        await _validate(domain, email, token, directory / "faults")
    except RefusedError as error:
        log(f"{domain}: refused: {error}")
        return json_response({"detail": str(error)}, 403)
    certificate, key = issue([domain], directory=directory)
    log(f"{domain}: issued")
    return json_response({"certificate": certificate, "key": key})


async def _validate(domain: str, email: str, token: str, fault_folder: Path) -> None:
    fault = faults.strike("letsencrypt", fault_folder)
    if fault:
        raise RefusedError(fault.option("reason", "too many certificates already issued"))
    if "@" not in email:
        raise RefusedError(f"{email!r} is not an e-mail address")
    try:
        ipaddress.ip_address(domain)
    except ValueError:
        pass
    else:
        raise RefusedError(f"{domain} is an address, and a certificate is for a domain")
    try:
        await asyncio.get_running_loop().getaddrinfo(domain, 80, family=socket.AF_INET)
    except OSError as error:
        raise RefusedError(f"DNS problem: looking up A for {domain}: {error}") from error
    url = f"http://{domain}/.well-known/acme-challenge/{token}"
    try:
        got = await request("GET", url)
    except UnreachableError as error:
        raise RefusedError(f"fetching {url}: {error}") from error
    if got.status != 200 or got.body.decode(errors="replace").strip() != token:
        raise RefusedError(f"fetching {url}: status {got.status}, or not the token")


async def serve(directory: Path, address: str, port: int, stopping: asyncio.Event) -> None:
    """Serve until asked to stop."""
    await listen(partial(answer, directory=directory), port, host=address)
    log(f"certificate authority: http://{address}:{port}")
    await stopping.wait()


if __name__ == "__main__":
    run(partial(serve, Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])))

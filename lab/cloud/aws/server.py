"""Serves the fake AWS over HTTP, refuses calls that a fault hits, and tells of changes."""

from __future__ import annotations

import io
import threading
import time
import uuid
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from typing import Any
from urllib.parse import parse_qs
from wsgiref.types import StartResponse, WSGIEnvironment
from xml.sax.saxutils import escape

from moto.moto_server.werkzeug_app import MotoRequestHandler
from werkzeug.serving import make_server
from werkzeug.test import Client

from lab.cloud.aws.permissions import SIMULATE, simulated
from lab.cloud.aws.signed import signed
from lab.cloud.faults import Faults, Refusal

_FORM = "application/x-www-form-urlencoded"
_WOULD_SUCCEED = Refusal(
    "DryRunOperation", 412, "Request would have succeeded, but DryRun flag is set."
)
"""Source: EC2 API, "Common query parameters", DryRun: asks for permissions, and does nothing."""
_READS = ("Describe", "Get", "List", "Search")
_BALANCED = ("elasticloadbalancing", "elasticache")
"""Services that name what they do in a form."""
_SEEN = (*_BALANCED, "route53", "acm", "es")
"""Services beside EC2 that the lab follows."""


class Gate:
    """Stands before moto: one EC2 call at a time, because moto's EC2 is made for one."""

    def __init__(
        self,
        behind: Callable[[WSGIEnvironment, StartResponse], Iterable[bytes]],
        lock: AbstractContextManager[Any],
        faults: Faults,
        changed: Callable[[], None],
    ) -> None:
        """Stand before an application.

        Args:
            behind: moto's.
            lock: held during EC2 calls.
            faults: says which EC2 calls are refused, and which are answered late.
            changed: called after each call that may have changed something.
        """
        self._behind = behind
        self._lock = lock
        self._faults = faults
        self._changed = changed

    def __call__(self, environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
        """Answer one call."""
        service = _service(environ)
        if service == "ec2":
            call = _form(environ)
            action, instance_type = call.get("Action", ""), call.get("InstanceType", "")
            if refused := self._faults.refusal(action, instance_type):
                return _refuse(refused, start)
            if call.get("DryRun") == "true":
                return _refuse(_WOULD_SUCCEED, start)
            with self._lock:
                answer = [b"".join(self._behind(environ, start))]
                if not action.startswith(_READS):
                    self._changed()
            time.sleep(self._faults.lateness(action, instance_type))
            return answer
        if service == "iam" and (call := _form(environ)).get("Action") == SIMULATE:
            return _send("200 OK", simulated(call), start)
        action = _form(environ).get("Action", "") if service in _BALANCED else ""
        action = action or str(environ["REQUEST_METHOD"]).title()
        answer = [b"".join(self._behind(environ, start))]
        if service in _SEEN and not action.startswith(_READS):
            self._changed()
        return answer


class _Handler(MotoRequestHandler):
    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Keep quiet: every call is the lab's own."""


def serve(gate: Gate, address: str, port: int) -> int:
    """Listen, and answer in threads until the process ends.

    Returns:
        The port, where 0 leaves the choice to the kernel.
    """
    server = make_server(address, port, gate, threaded=True, request_handler=_Handler)
    threading.Thread(target=server.serve_forever, name="aws", daemon=True).start()
    return int(server.port)


def warm_up(gate: Gate) -> None:
    """Make a first call without waiting for it: moto reads its model of EC2 then."""
    headers = {
        "Authorization": "AWS4-HMAC-SHA256 Credential=lab/20200101/us-east-1/ec2/aws4_request",
        "Content-Type": _FORM,
    }
    call = Client(gate).post
    arguments = {"data": "Action=DescribeRegions&Version=2016-11-15", "headers": headers}
    threading.Thread(target=call, args=("/",), kwargs=arguments, name="aws-first-call").start()


def _service(environ: WSGIEnvironment) -> str:
    """The service that a signed call is for."""
    found = signed(environ.get("HTTP_AUTHORIZATION"))
    return found.service if found else ""


def _form(environ: WSGIEnvironment) -> dict[str, str]:
    """The call's parameters, left in place for moto to read."""
    if not str(environ.get("CONTENT_TYPE", "")).startswith(_FORM):
        return {}
    body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
    environ["wsgi.input"] = io.BytesIO(body)
    return {name: values[0] for name, values in parse_qs(body.decode()).items()}


def _refuse(refusal: Refusal, start: StartResponse) -> list[bytes]:
    """Source: EC2 API, "Error codes for the Amazon EC2 API", "Example error response"."""
    body = (
        '<?xml version="1.0" encoding="UTF-8"?>\n<Response><Errors><Error>'
        f"<Code>{escape(refusal.code)}</Code><Message>{escape(refusal.message)}</Message>"
        f"</Error></Errors><RequestID>{uuid.uuid4()}</RequestID></Response>"
    ).encode()
    return _send(f"{refusal.status} Refused", body, start)


def _send(status: str, body: bytes, start: StartResponse) -> list[bytes]:
    headers = [("Content-Type", "text/xml;charset=UTF-8"), ("Content-Length", str(len(body)))]
    start(status, headers)
    return [body]

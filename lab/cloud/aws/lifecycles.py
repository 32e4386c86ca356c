"""Data Lifecycle Manager as far as the program uses it: policies are kept, none is carried out.

moto lacks it. Source: DLM API reference, CreateLifecyclePolicy, GetLifecyclePolicy,
UpdateLifecyclePolicy, DeleteLifecyclePolicy, TagResource.
"""

from __future__ import annotations

import json
import secrets
from typing import Any
from urllib.parse import parse_qs

from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.moto_server.werkzeug_app import DomainDispatcherApplication
from werkzeug.wrappers import Request, Response

from lab.cloud.aws.patching import put
from lab.cloud.aws.signed import signed

_JSON = "application/json"
_GONE = "ResourceNotFoundException"


def install() -> None:
    """Complete moto."""
    policies: dict[str, dict[str, Any]] = {}

    @Request.application
    def answer(request: Request) -> Response:
        by = signed(request.headers["Authorization"])
        done = _answer(policies, request, by.region if by else "")
        if done is None:
            return Response("{}", 404, {"x-amzn-ErrorType": _GONE}, content_type=_JSON)
        return Response(json.dumps(done), content_type=_JSON)

    def get_application(self: Any, environ: Any) -> Any:
        by = signed(environ.get("HTTP_AUTHORIZATION"))
        return answer if by and by.service == "dlm" else before(self, environ)

    before = put(DomainDispatcherApplication, "get_application", get_application)


def _answer(
    policies: dict[str, dict[str, Any]], request: Request, region: str
) -> dict[str, Any] | None:
    """What a call is answered with; None where it's about a policy that isn't there."""
    _, what, *rest = request.path.split("/")
    body = json.loads(request.get_data() or "{}")
    if what == "policies" and request.method == "POST":
        identifier = f"policy-0{secrets.token_hex(8)}"
        arn = f"arn:aws:dlm:{region}:{DEFAULT_ACCOUNT_ID}:policy/{identifier}"
        policies[identifier] = {"Tags": {}, **body, "PolicyId": identifier, "PolicyArn": arn}
        return {"PolicyId": identifier}
    # The call that asks for one ends in a slash.
    identifier = rest[-1] or rest[0]
    if identifier not in policies:
        return None
    policy = policies[identifier]
    if what == "tags":
        policy["Tags"] |= body.get("Tags", {})
        for key in parse_qs(request.query_string.decode()).get("tagKeys", ()):
            policy["Tags"].pop(key, None)
    elif request.method == "GET":
        return {"Policy": policy}
    elif request.method == "PATCH":
        policy.update(body)
    elif request.method == "DELETE":
        del policies[identifier]
    return {}

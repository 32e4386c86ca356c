"""Whether S3, Redis, Elasticsearch and Kibana answer, and take the login that a node has for them.

`python3 membership.pyz services` reads a node's `.env` on standard input and asks each service the
way OpenVidu uses it. What it writes there, a probe of its own, it removes again.
"""

from __future__ import annotations

import contextlib
import json
import ssl
import sys
import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from membership.bucket import client
from membership.requests import RequestError, request
from openvidu import environment as env
from openvidu import ports
from openvidu.limit import LateError, within
from openvidu.messages import unusable

_SECONDS = 5.0
_SERVICE_SECONDS = 20.0
"""Limit of all that a service is asked."""
_PAUSE_SECONDS = 2.0
_PROBE_EXPIRES_SECONDS = 60
_SERVER_ERROR = 500
_NOT_FOUND = 404
_NOT_ALLOWED = (401, 403)


@dataclass(frozen=True)
class Answer:
    """What became of asking a service.

    Attributes:
        service: `S3`, `Redis`, `Elasticsearch` or `Kibana`.
        place: its URL, or host and port.
        problem: why a node can't use it; None where it can.
        keys: the names in `.env` that tell a node where it is, or with what to log in, if they are
            at fault.
    """

    service: str
    place: str
    problem: str | None = None
    keys: tuple[str, ...] = ()


class _UnusableError(Exception):
    """A service that can't be used: why, and the names in `.env` that this is about."""

    def __init__(self, problem: str, *keys: str) -> None:
        super().__init__(problem)
        self.keys = keys


def main(limit_seconds: float, *, as_json: bool) -> int:
    """Ask every service of the `.env` on standard input.

    Args:
        limit_seconds: how long to ask again where one can't be used: what was just made, as an
            access key of AWS, is known everywhere only after a while.
        as_json: print a list for scripts, and exit with 0 whatever is found.

    Returns:
        the exit status: 1 where a service can't be used.
    """
    values = env.parse(sys.stdin.read())
    deadline = time.monotonic() + limit_seconds
    answers = ask(values)
    while any(one.problem for one in answers) and time.monotonic() < deadline:
        time.sleep(_PAUSE_SECONDS)
        answers = ask(values)
    if as_json:
        print(json.dumps([asdict(one) for one in answers]))  # noqa: T201 - its result
        return 0
    for one in answers:
        print(told(one, values), flush=True)  # noqa: T201 - for the operator
    return 1 if any(one.problem for one in answers) else 0


def told(answer: Answer, values: Mapping[str, str]) -> str:
    """An answer for people, with what a node with these values would say."""
    if answer.problem is None:
        return f"{answer.service} at {answer.place} can be used."
    about = f"\n  It is about: {', '.join(answer.keys)}" if answer.keys else ""
    words = unusable(answer.service, values)
    would = f"\n  OpenVidu would have said:\n{words}" if words else ""
    return f"{answer.service} at {answer.place}: {answer.problem}{about}{would}"


def ask(values: Mapping[str, str]) -> list[Answer]:
    """Ask each service that a node with these values uses."""
    redis_port = int(values.get(env.REDIS_PORT) or ports.REDIS)
    redis_place = f"{values.get(env.REDIS_HOST, '')}:{redis_port}"
    found = [
        _asked("S3", values.get(env.S3_ENDPOINT, ""), lambda: _s3(values), env.S3_ENDPOINT),
        _asked("Redis", redis_place, lambda: _redis(values, redis_port), env.REDIS_HOST),
    ]
    for service, key in (("Elasticsearch", env.ELASTICSEARCH_HOST), ("Kibana", env.KIBANA_HOST)):
        if url := values.get(key):
            path = "/api/status" if service == "Kibana" else "/"
            found.append(_asked(service, url, _get(values, key, path), key))
    return found


def _asked(service: str, place: str, use: Callable[[], None], where: str) -> Answer:
    """Use a service; `where` is the name in `.env` that tells where it is."""
    try:
        within(_SERVICE_SECONDS, use)
    except _UnusableError as error:
        return Answer(service, place, str(error), error.keys)
    except LateError as error:
        return Answer(service, place, f"it doesn't answer: {error}", (where,))
    return Answer(service, place)


def _s3(values: Mapping[str, str]) -> None:
    """Put, get and delete an object, as a node does with its configuration and recordings."""
    # Slow to import, and only this needs it.
    from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415

    bucket, name = values.get(env.S3_BUCKET, ""), f"{env.PROBE}{uuid.uuid4()}"
    content = uuid.uuid4().bytes
    step = "answer"
    try:
        s3 = client(values)
        step = f"put an object into the bucket {bucket}"
        put = s3.put_object(Bucket=bucket, Key=name, Body=content)
        try:
            step = f"get an object from the bucket {bucket}"
            got = s3.get_object(Bucket=bucket, Key=name)["Body"].read()
        finally:
            s3.delete_object(Bucket=bucket, Key=name)
            _forget(s3, bucket, name, put.get("VersionId"))
    except ClientError as error:
        raise _refused(error.response, step) from None
    except (BotoCoreError, ValueError) as error:
        raise _UnusableError(f"it doesn't answer: {error}", env.S3_ENDPOINT) from None
    if got != content:
        raise _UnusableError("it returns another object than the one put there", env.S3_ENDPOINT)


def _forget(s3: Any, bucket: str, name: str, version: str | None) -> None:
    """Leave nothing in a bucket that keeps versions either, where that is allowed."""
    from botocore.exceptions import ClientError  # noqa: PLC0415 - as above

    if version is None:
        return
    with contextlib.suppress(ClientError):
        found = s3.list_object_versions(Bucket=bucket, Prefix=name)
        for one in (*found.get("Versions", ()), *found.get("DeleteMarkers", ())):
            s3.delete_object(Bucket=bucket, Key=name, VersionId=one["VersionId"])


def _refused(response: Mapping[str, Any], step: str) -> _UnusableError:
    """What S3's refusal is about."""
    error = response.get("Error") or {}
    code, message = str(error.get("Code")), str(error.get("Message"))
    status = (response.get("ResponseMetadata") or {}).get("HTTPStatusCode")
    said = f"it refuses to {step}: {code}, {message}"
    if status in _NOT_ALLOWED:
        return _UnusableError(said, env.S3_ACCESS_KEY, env.S3_SECRET_KEY)
    if status == _NOT_FOUND:
        return _UnusableError(said, env.S3_BUCKET)
    return _UnusableError(said, env.S3_ENDPOINT)


def _redis(values: Mapping[str, str], port: int) -> None:
    """Log in, and set and get a value."""
    import redis  # noqa: PLC0415 - as above

    name, content = f"{env.PROBE}{uuid.uuid4()}", str(uuid.uuid4())
    database = redis.Redis(
        host=values.get(env.REDIS_HOST, ""),
        port=port,
        password=values.get(env.REDIS_PASSWORD) or None,
        socket_connect_timeout=_SECONDS,
        socket_timeout=_SECONDS,
        decode_responses=True,
    )
    try:
        database.ping()
        database.set(name, content, ex=_PROBE_EXPIRES_SECONDS)
        got = database.get(name)
        database.delete(name)
    except (redis.AuthenticationError, redis.ResponseError) as error:
        raise _UnusableError(f"it refuses the login: {error}", env.REDIS_PASSWORD) from None
    except redis.RedisError as error:
        keys = (env.REDIS_HOST, env.REDIS_PORT)
        raise _UnusableError(f"it doesn't answer: {error}", *keys) from None
    if got != content:
        raise _UnusableError("it returns another value than the one set", env.REDIS_HOST)


def _get(values: Mapping[str, str], key: str, path: str) -> Callable[[], None]:
    """What asks Elasticsearch or Kibana, whose URL this key holds."""

    def get() -> None:
        url = values[key].rstrip("/")
        login = (
            values.get(env.ELASTICSEARCH_USERNAME, ""),
            values.get(env.ELASTICSEARCH_PASSWORD, ""),
        )
        try:
            # The machine's own authorities, which httpx alone wouldn't use.
            trusted = ssl.create_default_context()
            answer = request("GET", f"{url}{path}", seconds=_SECONDS, login=login, trusted=trusted)
        except (RequestError, OSError) as error:
            raise _UnusableError(f"it doesn't answer: {error}", key) from None
        if answer.status_code in _NOT_ALLOWED:
            keys = (env.ELASTICSEARCH_USERNAME, env.ELASTICSEARCH_PASSWORD)
            raise _UnusableError(f"it refuses the login: {answer.status_code}", *keys)
        if answer.status_code >= _SERVER_ERROR:
            raise _UnusableError(f"it answers {answer.status_code}")

    return get

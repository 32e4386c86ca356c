"""Reads a cluster that somebody made by hand, over SSH: nothing is changed there."""

from __future__ import annotations

import hashlib
import subprocess
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from components.over_ssh import HOST, LOST, OWN_AGENT, environment, run
from components.remote import script
from openvidu import environment as env
from openvidu import ports
from scripts.adopting import found_cluster, found_machine
from scripts.adopting.env_to_config import Login
from scripts.adopting.found_cluster import Answers
from scripts.adopting.found_machine import FoundMachine, Place
from scripts.pulumi_cli import PulumiError

_LIMIT_SECONDS = 60
_REGION = "us-east-1"
"""MinIO's own, as long as it's told no other."""
_NOTHING = hashlib.sha256(b"").hexdigest()
"""Digest of a request without a body."""


@dataclass(frozen=True)
class Looked:
    """What was seen.

    Attributes:
        machines: those that answered.
        silent: why others didn't, by name.
    """

    machines: Sequence[FoundMachine]
    silent: Mapping[str, str]


def machines(places: Sequence[Place], login: Login, stack: str) -> Looked:
    """Read what is on machines, all of them at a time.

    Args:
        places: which.
        login: how they are logged in at.
        stack: the name of the stack that takes them over.
    """
    with ThreadPoolExecutor(len(places)) as pool:
        found = list(pool.map(lambda place: _machine(place, login, stack), places))
    silent = {
        f"{place.name} ({place.address})": one
        for place, one in zip(places, found, strict=True)
        if isinstance(one, str)
    }
    return Looked([one for one in found if isinstance(one, FoundMachine)], silent)


def answers(base: FoundMachine, login: Login) -> Answers:
    """Ask the cluster, on its base.

    Raises:
        PulumiError: the base doesn't answer.
    """
    said = _read(base.place, login, "read-cluster.sh", _request(base.env))
    if isinstance(said, Exception):
        raise PulumiError(f"base ({base.place.address}): {said}")
    return found_cluster.parse(said)


def _machine(place: Place, login: Login, stack: str) -> FoundMachine | str:
    said = _read(place, login, "read-install.sh", {"STACK": stack})
    return str(said) if isinstance(said, Exception) else found_machine.parse(said, place)


def _request(values: Mapping[str, str]) -> dict[str, str]:
    """The request for the configuration in the bucket, signed here: its keys stay on machines.

    Source: "Authenticating Requests (AWS Signature Version 4)", Amazon S3 API Reference.
    """
    url = f"http://127.0.0.1:{ports.S3}/{values.get(env.S3_BUCKET, '')}/.env"
    request = AWSRequest("GET", url, {"x-amz-content-sha256": _NOTHING})
    keys = Credentials(values.get(env.S3_ACCESS_KEY, ""), values.get(env.S3_SECRET_KEY, ""))
    S3SigV4Auth(keys, "s3", _REGION).add_auth(request)
    return {
        "OBJECT": url,
        "AUTHORIZATION": request.headers["Authorization"],
        "DATE": request.headers["X-Amz-Date"],
        "DIGEST": request.headers["X-Amz-Content-SHA256"],
    }


def _read(
    place: Place, login: Login, script_name: str, fields: Mapping[str, str]
) -> str | PulumiError:
    """What a script of `machine/` prints; why it prints nothing."""
    variables = {
        **environment(HOST),
        "NODE_NAME": place.name,
        "NODE_HOST": place.address,
        "NODE_HOST_KEY": place.host_key,
        "NODE_SSH_WAY": place.way.as_text(),
        "SSH_USER": login.user,
        **({} if login.private_key else {"SSH_AGENT": OWN_AGENT}),
        "CONNECT_SECONDS": "10",
        "RECONNECT_SECONDS": "0",
        "FIELDS": "\n".join(f"{key}={value}" for key, value in fields.items()),
        "INSPECT_HOST": script(script_name),
    }
    try:
        done = run("inspect", variables, login.private_key, timeout=_LIMIT_SECONDS)
    except subprocess.TimeoutExpired:
        return PulumiError(f"no answer within {_LIMIT_SECONDS} s")
    if done.returncode == 0:
        return done.stdout
    lost = LOST.search(done.stderr)
    why = f"can't be reached: {lost[1]}" if lost else " ".join(done.stderr.split())
    return PulumiError(why or f"looking there ended with status {done.returncode}")

"""A call that is recorded while its node drains: its file is in the bucket, and plays."""

from __future__ import annotations

import base64
import io
import json
import shlex
import sys
from typing import Any

import av
import pytest

from lab.directory import PROJECT
from openvidu import api
from openvidu.environment import S3_ACCESS_KEY, S3_BUCKET, S3_ENDPOINT, S3_SECRET_KEY
from openvidu.roles import NODE
from tests.lab.conftest import Lab, deployed

pytestmark = [pytest.mark.lab, pytest.mark.matrix, pytest.mark.xdist_group("recording")]

RECORDINGS = "/openvidu/api/recordings"
URL = "https://openvidu.example.io"
FETCH = f"""
import asyncio, base64, sys
from lab.openvidu.s3.client import Bucket
from lab.openvidu.s3.signature import Keys
lines = [line.rstrip().partition("=") for line in open("{NODE.product.folder}/.env")]
of = {{name: value for name, _, value in lines}}
keys = Keys(of["{S3_ACCESS_KEY}"], of["{S3_SECRET_KEY}"])
bucket = Bucket(of["{S3_ENDPOINT}"], of["{S3_BUCKET}"], keys)
print(base64.b64encode(asyncio.run(bucket.get(sys.argv[1]))).decode())
"""
"""Prints what the bucket has under a name, to a node."""
LEAST_SECONDS = 10


def asked(lab: Lab, path: str, body: object = None) -> Any:
    secret = lab.ok("run", "--", "pulumi", "config", "get", "openviduSecret").strip()
    login = ("--user", f"{api.USER}:{secret}")
    sent = ("--json", json.dumps(body)) if body else ()
    return json.loads(lab.ok("curl", f"{URL}{path}", *login, *sent))


def test_a_recording_plays_whose_node_drained_meanwhile() -> None:
    with deployed("recording", "--example", "recording") as lab:
        lab.ok("calls", "start", "--count", "2", "--length", "60s", "--media", "2")
        call, _ = lab.json("calls", "report", "--json")["calls"]
        start = f"{RECORDINGS}/start"
        made = asked(lab, start, {"session": call["session"], "hasVideo": False})
        lab.ok("run", "--", "openvidu-enterprise", "retire", "--replace", call["node"])
        lab.ok("up")
        lab.ok("calls", "report", "--check")
        command = ["env", f"PYTHONPATH={PROJECT}", sys.executable, "-c", FETCH]
        # Without pictures it's a webm.
        name = f"{made['id']}/{made['name']}.webm"
        content = base64.b64decode(lab.on("node-3", shlex.join([*command, name])))
    with av.open(io.BytesIO(content), "r") as file:
        assert [stream.codec_context.name for stream in file.streams] == ["opus"]
        heard = sum(frame.samples / frame.sample_rate for frame in file.decode(audio=0))
    assert heard > LEAST_SECONDS

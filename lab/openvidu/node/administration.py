"""Restarting nodes, and stopping this one: what reaches beyond a process into its host.

Source: page, "Configuration management" (POST /openvidu/api/restart writes the bucket and
restarts every node) and "Scale Down" (a node that has terminated stops all its processes).
"""

from __future__ import annotations

import subprocess
from pathlib import Path

from lab.openvidu.docker.images import PROJECT
from lab.openvidu.node import configuration
from lab.openvidu.node.cluster import Member
from lab.openvidu.node.configuration import Settings
from lab.openvidu.s3.client import BucketError
from lab.openvidu.web.client import UnreachableError, basic_login, request
from lab.openvidu.web.messages import Request, Response, json_response
from lab.openvidu.web.server import log
from openvidu import api, environment, ports

RESTART_PATH = "/openvidu/replication-manager-restart"
"""Where a replication manager is told to restart its node."""
_SEARCH_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


def restart_this_node(install: Path) -> None:
    """Have `./openvidu restart` run, from outside the containers that it takes down."""
    _run_apart(["./openvidu", "restart"], install)


def stop_this_node(install: Path) -> None:
    """Have all of this node's containers taken down."""
    _run_apart(["./openvidu", "stop"], install)


def _run_apart(argv: list[str], folder: Path) -> None:
    environment = {
        "PATH": _SEARCH_PATH,
        "HOME": "/root",
        "PYTHONPATH": str(PROJECT),
        "FOLLOW_OPENVIDU_LOGS": "false",
    }
    subprocess.Popen(
        argv,
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )


async def restart_all(settings: Settings, members: list[Member], call: Request) -> Response:
    """Answer POST /openvidu/api/restart: change the bucket's `.env`, restart every node."""
    try:
        changes = call.json() if call.body.strip() else {}
    except ValueError:
        return json_response({"status": 400, "error": "the body is not JSON"}, 400)
    if not isinstance(changes, dict):
        return json_response({"status": 400, "error": "the body is not an object"}, 400)
    try:
        stored = await settings.bucket.get(configuration.OBJECT)
        text = (stored or b"").decode()
        for key, raw in changes.items():
            value = configuration.as_text(raw)
            if isinstance(raw, list) is not (key in environment.LISTS) or value is None:
                return json_response({"status": 400, "error": f"{key}: another type"}, 400)
            if "\n" in value:
                return json_response({"status": 400, "error": f"{key}: not a value"}, 400)
            text = configuration.with_line(text, key, value)
        if changes:
            await settings.bucket.put(configuration.OBJECT, text.encode())
    except BucketError as error:
        return json_response({"status": 500, "error": str(error)}, 500)
    # This node last: it answers first.
    for member in sorted(members, key=lambda member: member.ip == settings.ip):
        await _tell_to_restart(member.ip, settings.secret)
    return Response(200)


async def _tell_to_restart(ip: str, secret: str) -> None:
    url = f"http://{ip}:{ports.REPLICATION_MANAGER}{RESTART_PATH}"
    try:
        await request("POST", url, headers=basic_login(api.USER, secret))
    except UnreachableError as error:
        log(f"node {ip} was not told to restart: {error}")

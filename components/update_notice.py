"""Tells those who are on call that an update begins: the key `notify`.

It's told from where Pulumi runs, once nothing is refused any more, by a process that the update
doesn't wait for. The base tells of nodes.
"""

from __future__ import annotations

import getpass
import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import pulumi

from components.aws import provider
from components.previous_state import PreviousState
from components.settings.choices import SINGLE_MASTER
from components.settings.notified import topics
from components.settings.stack_config import config_of_stack
from components.settings.table import Settings

_PROJECT = Path(__file__).resolve().parents[1]
_SENDS = (sys.executable, "-m", "scripts.tell_update")


def tell_begin(settings: Settings, previous: PreviousState) -> None:
    """Hand over that an update begins, where somebody wants to know; a preview tells nobody.

    Args:
        settings: what is wanted.
        previous: what is deployed.
    """
    if pulumi.runtime.is_dry_run() or not settings.notify:
        return
    login: dict[str, str] = {}
    if topics(settings.notify):
        login = provider.secret_variables(config_of_stack("aws").texts)
    hand_over(
        {
            "endpoints": settings.notify,
            "stack": pulumi.get_stack(),
            "text": f"an update begins, by {_who()}{_nodes(settings, previous)}",
            "login": login.get(provider.VARIABLE, "{}"),
        }
    )


def hand_over(message: Mapping[str, Any]) -> None:
    """Start the process that tells it; its values go by standard input."""
    try:
        process = subprocess.Popen(
            _SENDS,
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd=_PROJECT,
            start_new_session=True,
        )
        assert process.stdin  # noqa: S101 - it's a pipe
        with process.stdin as pipe:
            pipe.write(json.dumps(message).encode())
    except OSError as error:
        pulumi.log.warn(f"notify: nobody is told that an update begins: {error.strerror}")


def _who() -> str:
    try:
        return f"{getpass.getuser()} on {socket.gethostname()}"
    except (KeyError, OSError):
        # A container's user may have no name.
        return f"user {os.getuid()} on {socket.gethostname()}"


def _nodes(settings: Settings, previous: PreviousState) -> str:
    """Which nodes are to come and go, as far as numbers tell it."""
    if settings.shape == SINGLE_MASTER:
        return ""
    wanted, there = {*settings.node_numbers}, {*previous.generations}
    told = [
        f"{word} {_named(numbers)}"
        for word, numbers in (("adds", wanted - there), ("drains", there - wanted))
        if numbers
    ]
    return f"; it {' and '.join(told)}" if told else "; it adds and removes no node"


def _named(numbers: Iterable[int]) -> str:
    return ", ".join(f"node-{number}" for number in sorted(numbers))

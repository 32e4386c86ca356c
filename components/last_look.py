"""A last look at the machine that a deployment begins with, where the first one found it silent.

Commands that need it wait for it by themselves. An update that has none would end well, and with a
base that is dead.
"""

from __future__ import annotations

import socket
import ssl
import time
from collections.abc import Callable, Sequence
from dataclasses import replace

import pulumi

from components import cluster_observation
from components.cluster_observation import ClusterObservation, Overview, Unseen
from components.previous_state import PreviousState
from components.settings.choices import HA_MANAGED
from components.settings.table import Settings

_SECONDS = 60.0
"""A machine that boots has so long; AWS's own checks are as late."""
_PAUSE_SECONDS = 5.0
_CONNECT_SECONDS = 5.0


class SilentError(Exception):
    """An update ended, and the machine that the deployment begins with gives no answer."""

    def __init__(self, name: str, reason: str) -> None:
        super().__init__(
            f"The {name} doesn't work: {reason}.\n"
            "All other changes have been made.\n"
            f"Next: uv run openvidu-enterprise repair {name}"
        )


def look(
    settings: Settings,
    previous: PreviousState,
    seen: Overview,
    known: tuple[pulumi.Output[str], pulumi.Output[str]],
    after: Sequence[pulumi.Resource],
) -> pulumi.Output[str]:
    """The machine's public address; an update fails here that ends without an answer from there.

    Args:
        settings: what is wanted.
        previous: what is deployed.
        seen: what the machine said when the update began: who answered then isn't asked again.
        known: its public address and SSH host key.
        after: what is done before.
    """
    host, key = known
    is_silent = isinstance(seen, Unseen) or not seen.is_open
    if pulumi.runtime.is_dry_run() or previous.base_host is None or not is_silent:
        return host

    def check(given: Sequence[str]) -> str:
        now = replace(previous, base_host=given[0], base_host_key=given[1])
        reason = wait_for_answer(
            lambda: cluster_observation.ask(settings, now), lambda: _serves(settings, given[0])
        )
        if reason:
            raise SilentError(settings.main_role.name, reason)
        return given[0]

    return pulumi.Output.all(host, key, *(one.urn for one in after)).apply(check)


def wait_for_answer(
    ask: Callable[[], Overview],
    serves: Callable[[], bool],
    *,
    seconds: float = _SECONDS,
    sleep: Callable[[float], None] = time.sleep,
) -> str:
    """Ask until it answers; returns why it doesn't work, empty where it does.

    Args:
        ask: asks it for what it sees.
        serves: whether users are answered there: then only the way over SSH is closed.
        seconds: limit.
        sleep: waits.
    """
    left = seconds
    while True:
        found = ask()
        if isinstance(found, ClusterObservation) and found.is_open:
            return ""
        if isinstance(found, Unseen) and serves():
            return ""
        if left <= 0:
            break
        sleep(_PAUSE_SECONDS)
        left -= _PAUSE_SECONDS
    return found.reason if isinstance(found, Unseen) else "there is no connection to the API's port"


def _serves(settings: Settings, host: str) -> bool:
    """Whether nginx shows a certificate there, whichever: a system that hangs connects as well."""
    if settings.shape == HA_MANAGED:
        return False
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    place = (host, settings.https_port)
    try:
        with (
            socket.create_connection(place, _CONNECT_SECONDS) as connection,
            context.wrap_socket(connection, server_hostname=host),
        ):
            return True
    except OSError:
        return False

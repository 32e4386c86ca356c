"""Tells those on call that an update begins; the program starts it, and doesn't wait.

What is told, whom, and as who AWS is asked comes on standard input. What can't be told is a line in
this machine's log.
"""

from __future__ import annotations

import json
import os
import sys
import syslog
from collections.abc import Mapping
from typing import Any

from membership.notification import Event, Notifier
from scripts.notifying import login_as, proxies_of

WHO = "update"
"""In the place of a node's name."""


def main() -> None:
    """Tell what standard input says."""
    syslog.openlog("openvidu-notify")
    tell(json.load(sys.stdin), os.environ)


def tell(message: Mapping[str, Any], environment: Mapping[str, str]) -> None:
    """Hand it over to those that send it.

    Args:
        message: as `components.update_notice` makes it.
        environment: has the proxy by which endpoints are reached from here.
    """
    Notifier(
        tuple(message["endpoints"]),
        message["stack"],
        proxies_of(environment),
        say=lambda line: syslog.syslog(syslog.LOG_WARNING, line),
        login=login_as(json.loads(message["login"])),
    ).send(Event("update-began", WHO, message["text"]))


if __name__ == "__main__":
    main()

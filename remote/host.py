"""What is done to a host that exists already: inspect, prepare, release, prepare-again, host-key.

The fourth is for a host that the stack has already: what is there is the stack's then. The last
shows its SSH host key, which nobody has checked.

What runs on the host comes in variables: files of `machine/`.
"""

from __future__ import annotations

import sys

from remote.session import LostError, Machine, Session, session, with_values


def act(made: Session) -> int:
    """Carry the session's action out; returns its exit status."""
    given = made.environment
    host = made.machine(made.name, "NODE")
    match made.action:
        case "inspect":
            return _with_fields(made, host, given["INSPECT_HOST"])
        case "prepare":
            return _with_fields(made, host, given["PREPARE_HOST"])
        case "prepare-again":
            return _with_fields(made, host, given["PREPARE_HOST"], "\nAGAIN=yes")
        case "release":
            return _release(made, host)
        case "host-key":
            print(made.shown_keys(host))  # noqa: T201 - its result
            return 0
    made.say(f"there is no action {made.action}")
    return 1


def _release(made: Session, host: Machine) -> int:
    limit = float(made.environment.get("RELEASE_SECONDS") or 60)
    try:
        made.run(host, "true", wait=limit)
    except LostError:
        # Its node has left, or was declared dead: nothing needs it any more, nor is it changed.
        made.say(f"{host.host} can't be reached for {limit:g} s; what is in its /opt stays there.")
        return 0
    return _with_fields(made, host, made.environment["RELEASE_HOST"])


def _with_fields(made: Session, host: Machine, command: str, more: str = "") -> int:
    return made.run(host, with_values(command, made.environment["FIELDS"] + more)).status


if __name__ == "__main__":
    with session(sys.argv[1]) as opened:
        sys.exit(act(opened))

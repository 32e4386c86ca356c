"""`systemctl ARGUMENTS`, and `systemctl --boot` as the host's boot runs it."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from lab.openvidu.systemd import service, units
from lab.openvidu.systemd.units import UnitError

_OPTIONS = {"--now", "--quiet", "-q", "--no-block", "--no-pager"}


def main(arguments: Sequence[str]) -> int:
    """Run `systemctl ARGUMENTS`; the exit status."""
    options = {word for word in arguments if word.startswith("-")}
    words = [word for word in arguments if word not in options]
    if options == {"--boot"}:
        for name in units.enabled():
            service.start(name)
        return 0
    if not options <= _OPTIONS:
        raise UnitError(f"systemctl: unrecognized option '{sorted(options - _OPTIONS)[0]}'")
    match words:
        case ["daemon-reload"]:
            return 0
        case [("is-active" | "is-enabled") as question, name]:
            return _tell(question, _full(name), quiet=bool(options & {"--quiet", "-q"}))
        case [action, *names] if names and action in _ACTIONS:
            for name in names:
                _ACTIONS[action](_full(name), "--now" in options)
            return 0
    raise UnitError(f"Unknown command verb {' '.join(words) or '(none)'}.")


def _tell(question: str, name: str, *, quiet: bool) -> int:
    if question == "is-active":
        yes, text = service.is_active(name), ("active", "inactive")
    else:
        units.load(name)
        yes, text = units.link(name).is_symlink(), ("enabled", "disabled")
    if not quiet:
        sys.stdout.write(f"{text[not yes]}\n")
    return 0 if yes else (3 if question == "is-active" else 1)


def _enable(name: str, now: bool) -> None:
    units.enable(name)
    if now:
        service.start(name)


def _disable(name: str, now: bool) -> None:
    units.link(name).unlink(missing_ok=True)
    if now:
        service.stop(name)


def _start(name: str, _: bool) -> None:
    units.load(name)
    service.start(name)


def _stop(name: str, _: bool) -> None:
    service.stop(name)


def _restart(name: str, _: bool) -> None:
    units.load(name)
    service.stop(name)
    service.start(name)


def _reload(name: str, _: bool) -> None:
    """What a service is told by a signal it reads here by itself, each time."""
    units.load(name)
    if not service.is_active(name):
        raise UnitError(f"{name} is not active, cannot reload.")


_ACTIONS = {
    "enable": _enable,
    "disable": _disable,
    "start": _start,
    "stop": _stop,
    "restart": _restart,
    "reload": _reload,
}


def _full(name: str) -> str:
    return name if "." in name else f"{name}.service"


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except UnitError as error:
        sys.exit(str(error))

"""What runs in the appliance of a load balancer: a real nginx, and the checks of its targets.

Source: Elastic Load Balancing, "Health checks for Application Load Balancer target groups":
the first check comes at once, so many in a row change a target's state, and where no target is
healthy all get requests.

python -m lab.cloud.managed.balancer FOLDER
"""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Any

from lab.cloud.managed import nginx
from lab.cloud.managed.holdings import Group

_LOOK_SECONDS = 0.2
_INITIAL, _HEALTHY, _UNHEALTHY = "initial", "healthy", "unhealthy"
_PROXY = """\
            proxy_http_version 1.1;
            proxy_set_header Host $host;
            proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
            proxy_set_header X-Forwarded-Proto $scheme;
            proxy_set_header X-Forwarded-Port $server_port;
            proxy_set_header Upgrade $http_upgrade;
            proxy_set_header Connection $connection_upgrade;
            proxy_read_timeout {idle}s;
            proxy_send_timeout {idle}s;
"""


@dataclass
class Target:
    """A target, as the checks have found it.

    Attributes:
        state: as `DescribeTargetHealth` says it.
        reason: why it isn't healthy; empty when it is.
        row: how many checks in a row had the last one's outcome.
        good: the last one's outcome.
        due: when the next check is, on the monotonic clock.
        check: the one under way.
    """

    state: str = _INITIAL
    reason: str = "Elb.RegistrationInProgress"
    row: int = 0
    good: bool = False
    due: float = 0.0
    check: Future[str] | None = None

    def judge(self, reason: str, group: Group) -> None:
        """Take a check's outcome into account; an empty reason is a good one."""
        good = not reason
        self.row = self.row + 1 if good == self.good else 1
        self.good = good
        if good and (self.row >= group.healthy or self.state == _INITIAL):
            self.state, self.reason = _HEALTHY, ""
        elif not good and (self.row >= group.unhealthy or self.state == _UNHEALTHY):
            self.state, self.reason = _UNHEALTHY, reason


def servers(settings: dict[str, Any], healthy: dict[str, list[str]]) -> str:
    """The servers and upstreams of nginx. Pure.

    Args:
        settings: as in the folder: listeners, groups, idle.
        healthy: for each group the `address:port` that get requests.
    """
    parts = [
        f"    upstream {_name(arn)} {{\n"
        + "".join(f"        server {one} max_fails=0;\n" for one in places)
        + "    }\n"
        for arn, places in sorted(healthy.items())
        if places
    ]
    for listener in settings["listeners"]:
        parts.append(_server(listener, healthy, settings["idle"]))
    return "".join(parts)


def _server(listener: dict[str, Any], healthy: dict[str, list[str]], idle: int) -> str:
    tls = listener["certificate"]
    lines = [f"        listen {listener['port']}{' ssl' if tls else ''};\n"]
    if tls:
        lines += [f"        ssl_certificate{part} {tls};\n" for part in ("", "_key")]
        lines += ["        ssl_protocols TLSv1.2 TLSv1.3;\n"]
    if port := listener["redirect_port"]:
        place = "$host" if port == "443" else f"$host:{port}"
        lines += [f"        return 301 https://{place}$request_uri;\n"]
    elif healthy.get(listener["group"]):
        to = f"            proxy_pass http://{_name(listener['group'])};\n"
        lines += [f"        location / {{\n{_PROXY.format(idle=idle)}{to}        }}\n"]
    else:
        lines += ["        return 503;\n"]
    return "    server {\n" + "".join(lines) + "    }\n"


def _name(arn: str) -> str:
    return "group_" + arn.rpartition("/")[2]


class Balancer:
    """The load balancer, running."""

    def __init__(self, folder: Path) -> None:
        """Begin with what the folder says."""
        self._folder = folder
        self._targets: dict[tuple[str, str], Target] = {}
        self._pool = ThreadPoolExecutor(16)
        self._read()
        self._text = self._servers()
        self._nginx = subprocess.Popen(nginx.command(folder, self._text))

    def run(self) -> int:
        """Check, and keep nginx at what is found, until nginx ends; returns its exit status.

        nginx ends with this, whatever ends it: left alone it would keep the ports of the next one.
        """
        try:
            self._keep()
        finally:
            self._nginx.terminate()
            self._nginx.wait()
        return self._nginx.returncode or 1

    def _keep(self) -> None:
        while self._nginx.poll() is None:
            self._read()
            for arn, group in self._groups.items():
                for ip, place in group.targets.items():
                    self._look(self._targets[arn, ip], group, place)
            self._tell()
            if (text := self._servers()) != self._text:
                self._text = text
                nginx.write(self._folder, text)
                self._nginx.send_signal(signal.SIGHUP)
            time.sleep(_LOOK_SECONDS)

    def _read(self) -> None:
        self._settings = json.loads((self._folder / "settings.json").read_text())
        self._groups = {arn: Group(**one) for arn, one in self._settings["groups"].items()}
        there = {(arn, ip) for arn, group in self._groups.items() for ip in group.targets}
        self._targets = {key: self._targets.get(key, Target()) for key in there}

    def _look(self, target: Target, group: Group, place: str) -> None:
        now = time.monotonic()
        if target.check and target.check.done():
            target.judge(target.check.result(), group)
            target.check = None
        elif target.check is None and now >= target.due:
            target.due = now + group.interval
            target.check = self._pool.submit(check, place, group)

    def _servers(self) -> str:
        healthy = {}
        for arn, group in self._groups.items():
            good = [p for ip, p in group.targets.items() if self._state(arn, ip) == _HEALTHY]
            healthy[arn] = sorted(good or group.targets.values())
        return servers(self._settings, healthy)

    def _state(self, arn: str, ip: str) -> str:
        return self._targets[arn, ip].state

    def _tell(self) -> None:
        told: dict[str, dict[str, dict[str, str]]] = {arn: {} for arn in self._groups}
        for (arn, ip), target in self._targets.items():
            told[arn][ip] = {"state": target.state, "reason": target.reason}
        new = self._folder / "health.new"
        new.write_text(json.dumps(told))
        new.replace(self._folder / "health.json")


def check(place: str, group: Group) -> str:
    """Check a target once; returns why it isn't healthy, empty when it is.

    Args:
        place: `address:port`.
        group: what to ask, and what it has to answer.
    """
    connection = HTTPConnection(place, timeout=group.timeout)
    try:
        connection.request("GET", group.path)
        status = connection.getresponse().status
    except TimeoutError:
        return "Target.Timeout"
    except (OSError, HTTPException):
        return "Target.FailedHealthChecks"
    finally:
        connection.close()
    return "" if _matches(status, group.status) else "Target.ResponseCodeMismatch"


def _matches(status: int, wanted: str) -> bool:
    """Whether a status is among those of a matcher such as `200-399,401`."""
    for part in wanted.split(","):
        first, _, last = part.partition("-")
        if int(first) <= status <= int(last or first):
            return True
    return False


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit())
    sys.exit(Balancer(Path(sys.argv[1])).run())

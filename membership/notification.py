"""Tells those who are on call of nodes that join and leave: the key `notify`.

They are told over webhooks, and by topics of SNS (`membership.topic`).

Each message is sent by a process of its own, which ends within a limit: whatever an endpoint does,
nothing waits for it. What can't be sent is one line in the system's log.
Source: Slack, "Sending messages using incoming webhooks", "Formatting text for app surfaces".
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import syslog
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx

from membership.policy import FILE
from openvidu import environment

SLACK, SNS = "slack", "sns"
"""Forms of endpoints: `{"text": …}`, and a topic by its ARN. The third is a JSON object."""
LIMIT_SECONDS = 30.0
"""After that the process that sends ends, whatever holds it up: a name's look-up has no limit."""
_ANSWER_SECONDS = 5.0
_PAUSES = (1.0, 4.0)
"""Seconds before another attempt."""
_AGAIN = (408, 429)
"""Statuses after which another attempt makes sense, beside the server's own faults."""
_MOST_CHARACTERS = 4000
"""Of a text: fewer than Slack takes, and than a pipe holds without a reader."""
_SECRET = re.compile(r"SECRET|PASSWORD|LICENSE|KEY|CREDENTIAL|TOKEN|HEADERS", re.IGNORECASE)
_SHORTEST = 4
"""A secret that is shorter would be found everywhere."""
_MASK = "********"
_ROOT = Path(__file__).resolve().parent.parent
"""Of a zip file that is run, the file itself."""
_START = (
    "import sys; sys.path.insert(0, sys.argv[1]); "
    "from membership.notification import main; sys.exit(main())"
)


@dataclass(frozen=True)
class Event:
    """Something to be told.

    Attributes:
        name: `joined`, `drain-began`, `drain-stuck`, `drain-ended`, `failed`, or one that is told
            from an operator's machine, such as `update-began`.
        node: which node it's about; there who tells it, as `update`.
        text: for people, with what to type.
        facts: for programs, beside that.
    """

    name: str
    node: str
    text: str
    facts: Mapping[str, Any] = field(default_factory=dict)


def joined(node: str, ip: str) -> Event:
    """A node takes calls."""
    return Event("joined", node, f"{node} has joined: {ip} is in the load balancer", {"ip": ip})


def drain_began(node: str, calls: int | None, limit: timedelta) -> Event:
    """A node takes no new calls; `calls` is None where they aren't known."""
    text = f"{node} drains: {_counted(calls)}, limit {limit}"
    return Event("drain-began", node, text, {"calls": calls, **_seconds(limit=limit)})


def drain_waits(node: str, calls: int, limit: timedelta, status: int) -> Event:
    """A node is to leave at a moment without calls, as the API doesn't stop new ones on it."""
    text = (
        f"{node} is to leave, and waits for a moment without calls: {_counted(calls)}, limit "
        f"{limit}. It still takes new ones, as the API answers {status}"
    )
    return Event("drain-began", node, text, {"calls": calls, **_seconds(limit=limit)})


def drain_stuck(node: str, what: str, waited: timedelta, limit: timedelta) -> Event:
    """Half of the limit is over, and `what` is waited for still."""
    waited = timedelta(seconds=int(waited.total_seconds()))
    text = (
        f"{node} is still draining after {waited} of {limit}: waiting for {what}.\n"
        f"  Next: uv run openvidu-enterprise status {node}"
    )
    return Event("drain-stuck", node, text, _seconds(waited=waited, limit=limit))


def drain_ended(node: str, *, cut: bool) -> Event:
    """A node has left, or is gone."""
    how = "; its calls were cut, as forceAfterDrainTimeout is set" if cut else ""
    return Event("drain-ended", node, f"{node} has left: its drain is over{how}", {"cut": cut})


def failed(node: str, error: str) -> Event:
    """Something wasn't done; `error` says what, why, and what to type."""
    return Event("failed", node, error)


def _counted(calls: int | None) -> str:
    return "calls unknown" if calls is None else f"{calls} call{'' if calls == 1 else 's'}"


def _seconds(**lengths: timedelta) -> dict[str, int]:
    return {f"{name}Seconds": int(length.total_seconds()) for name, length in lengths.items()}


@dataclass(frozen=True)
class Notifier:
    """Sends events to the endpoints that the stack names.

    Attributes:
        endpoints: each with its form, such as `slack=https://hooks.slack.com/services/…`.
        stack: the stack's name.
        proxies: variables that say by which proxy the internet is reached.
        secrets: what is masked.
        say: is told when a message can't even be handed over.
        login: variables with which topics in a region are published on; none of a machine on AWS,
            which has a login of its own. Raises `OSError` where there's no login.
    """

    endpoints: tuple[str, ...] = ()
    stack: str = ""
    proxies: Mapping[str, str] = field(default_factory=dict)
    secrets: tuple[str, ...] = ()
    say: Callable[[str], None] = print
    login: Callable[[str], Mapping[str, str]] = lambda _: {}

    @classmethod
    def read(
        cls, say: Callable[[str], None], file: Path = FILE, logins: Iterable[Path] = ()
    ) -> Notifier:
        """The one that the stack wants; without endpoints where it wants none.

        Args:
            say: is told when a message can't even be handed over.
            file: what `put-membership-file.sh` wrote.
            logins: files like `.env`, whose secrets are masked.
        """
        values = _parsed(file)
        try:
            endpoints = tuple(map(str, json.loads(values.get("NOTIFY", "[]"))))
        except (ValueError, TypeError):
            say(f"notify: {file} can't be read; nobody is notified")
            endpoints = ()
        if not endpoints:
            return cls(say=say)
        proxy, straight = values.get("NOTIFY_PROXY"), values.get("NOTIFY_STRAIGHT", "")
        names = ("http_proxy", "https_proxy")
        secrets = {
            value
            for login in logins
            for name, value in _parsed(login).items()
            if _SECRET.search(name) and len(value) >= _SHORTEST
        }
        return cls(
            endpoints,
            values.get("NOTIFY_STACK", ""),
            {**dict.fromkeys(names, proxy), "no_proxy": straight} if proxy else {},
            tuple(sorted(secrets, key=len, reverse=True)),
            say,
        )

    def send(self, event: Event) -> None:
        """Hand an event to processes that send it, one for each endpoint; none is waited for."""
        text = event.text
        for secret in self.secrets:
            text = text.replace(secret, _MASK)
        told = {
            "event": event.name,
            "stack": self.stack,
            "node": event.node,
            "at": datetime.now(UTC).isoformat(timespec="seconds"),
            "text": text[:_MOST_CHARACTERS],
            **{name: value for name, value in event.facts.items() if value is not None},
        }
        for endpoint in self.endpoints:
            form, _, to = endpoint.partition("=")
            body = slack(told) if form == SLACK else told
            message = {"form": form, "to": to, "body": body, "proxies": self.proxies}
            try:
                login = self.login(to.split(":")[3]) if form == SNS else {}
                _hand_over({**message, "login": login})
            except OSError as error:
                why = error.strerror or error
                self.say(f"{event.node}: notify: {_named(form, to)} can't be notified: {why}")


def slack(told: Mapping[str, Any]) -> dict[str, str]:
    """A message as Slack takes it; what it would read as its own marks is escaped."""
    text = f"{told['stack']}: {told['text']}" if told["stack"] else str(told["text"])
    for mark, escaped in (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;")):
        text = text.replace(mark, escaped)
    return {"text": text}


def _hand_over(message: Mapping[str, Any]) -> None:
    """Start a process that sends a message, which outlives this one; its values go by stdin."""
    process = subprocess.Popen(
        [sys.executable, "-I", "-c", _START, str(_ROOT)],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        cwd="/",
        start_new_session=True,
    )
    assert process.stdin  # noqa: S101 - it's a pipe
    with process.stdin as pipe:
        pipe.write(json.dumps(message).encode())


def main() -> int:
    """Send the message on standard input; returns the exit status. Runs in a process of its own."""
    message = json.load(sys.stdin)
    form, to = str(message["form"]), str(message["to"])
    syslog.openlog("openvidu-notify")

    def give_up() -> None:
        _log(f"{_named(form, to)}: no answer within {LIMIT_SECONDS:g} s")
        os._exit(1)

    timer = threading.Timer(LIMIT_SECONDS, give_up)
    timer.daemon = True
    timer.start()
    # The program's own say that the cluster is asked straight, which this isn't.
    for name in ("http_proxy", "https_proxy", "no_proxy"):
        os.environ.pop(name, None)
        os.environ.pop(name.upper(), None)
    os.environ.update(message["proxies"] | message["login"])
    problem = _published(to, message["body"]) if form == SNS else deliver(to, message["body"])
    if problem:
        _log(f"{_named(form, to)}: {problem}")
    return 1 if problem else 0


def _published(topic: str, told: Mapping[str, Any]) -> str | None:
    """Why a topic didn't take a message; None where it did."""
    # Slow to import, and webhooks do without.
    from membership.topic import publish  # noqa: PLC0415

    return publish(topic, told)


def deliver(
    url: str, body: Mapping[str, Any], *, sleep: Callable[[float], None] = time.sleep
) -> str | None:
    """Send a message, and again where that makes sense.

    Args:
        url: where to.
        body: what.
        sleep: waits some seconds.

    Returns:
        Why it wasn't taken, without the address, which is secret; None where it was.
    """
    problem = _attempt(url, body)
    for pause in _PAUSES:
        if problem is None or not problem.again:
            break
        sleep(pause)
        problem = _attempt(url, body)
    return problem.reason if problem else None


@dataclass(frozen=True)
class _Problem:
    reason: str
    again: bool = True


def _attempt(url: str, body: Mapping[str, Any]) -> _Problem | None:
    try:
        # What it answers isn't read: it may never end.
        with httpx.stream("POST", url, json=body, timeout=_ANSWER_SECONDS) as answer:
            status = answer.status_code
    except (httpx.HTTPError, httpx.InvalidURL, OSError) as error:
        return _Problem(f"not reached: {type(error).__name__}")
    if httpx.codes.is_success(status):
        return None
    return _Problem(f"answers {status}", again=status in _AGAIN or status >= 500)


def _log(line: str) -> None:
    syslog.syslog(syslog.LOG_WARNING, line)


def _named(form: str, to: str) -> str:
    """The part of an endpoint's address that isn't secret."""
    if form == SNS:
        *_, region, _, name = to.split(":")
        return f"topic {name} in {region}"
    return urlsplit(to).hostname or "an endpoint"


def _parsed(file: Path) -> Mapping[str, str]:
    try:
        return environment.parse(file.read_text())
    except (OSError, ValueError):
        return {}

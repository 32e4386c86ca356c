"""That an update begins reaches those whom the stack names, by what is handed over of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pytest

from membership.notification import Event, Notifier
from scripts import tell_update

MESSAGE = {
    "endpoints": ["json=https://alerts.example.io/x"],
    "stack": "prod",
    "text": "an update begins, by ann on desk",
    "login": '{"accessKey": "AKIA", "secretKey": "secret-of-aws"}',
}


def test_it_is_sent_to_all_by_the_proxy_and_the_login_of_who_deploys(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    sent: list[tuple[Notifier, Event]] = []
    keep: Callable[[Notifier, Event], None] = lambda one, event: sent.append((one, event))  # noqa: E731
    monkeypatch.setattr(Notifier, "send", keep)
    for name in ("AWS_PROFILE", "HTTPS_PROXY"):
        monkeypatch.delenv(name, raising=False)
    tell_update.tell(MESSAGE, {"HTTPS_PROXY": "http://proxy:3128"})
    ((notifier, event),) = sent
    assert event == Event("update-began", "update", "an update begins, by ann on desk")
    assert notifier.endpoints == ("json=https://alerts.example.io/x",)
    assert (notifier.stack, notifier.proxies) == ("prod", {"https_proxy": "http://proxy:3128"})
    login: Mapping[str, Any] = notifier.login("eu-west-1")
    assert (login["AWS_ACCESS_KEY_ID"], login["AWS_REGION"]) == ("AKIA", "eu-west-1")


def test_what_cannot_be_sent_is_a_line_in_the_log(monkeypatch: pytest.MonkeyPatch) -> None:
    logged: list[str] = []
    monkeypatch.setattr(tell_update.syslog, "syslog", lambda _, line: logged.append(line))
    topic = "sns=arn:aws:sns:eu-west-1:123456789012:on-call"
    withheld = {**MESSAGE, "endpoints": [topic], "login": '{"withheld": ["accessKey"]}'}
    tell_update.tell(withheld, {})
    (line,) = logged
    assert line.startswith("update: notify: topic on-call in eu-west-1 can't be notified: no login")

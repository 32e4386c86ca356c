"""Who is on call is told of nodes that come and go, and once of what doesn't work."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from components.cluster_observation import Unseen
from membership.notification import Event
from scripts.autoscaling.control import Mode, Surroundings, control
from scripts.autoscaling.decision import Action, Decision, Past, decide
from scripts.autoscaling.scaling_messages import Messages, notifier
from scripts.pulumi_cli import PulumiCli, PulumiError
from tests.scripts.autoscaling.test_control import POLICY, Operator, Stack, StoppedError, seen

BLIND = decide(POLICY, 0.0, Unseen("no answer"), Past())
HOLD = Decision(Action.HOLD, ("2 of 2 wanted nodes serve",))
HOOK = "slack=https://hooks.slack.com/services/T0/B0/x"


def told(stack: Stack, mode: Mode) -> list[Event]:
    """What is sent while the loop meets these looks."""
    sent: list[Event] = []
    operator, messages = Operator(), Messages(sent.append)
    world = Surroundings(
        operator.now,
        lambda _: None,
        messages.decided,
        lambda _: None,
        messages.failed,
        messages.went_well,
    )
    with pytest.raises(StoppedError):
        control(stack, POLICY, mode, world)
    return sent


def test_nodes_that_come_are_told_with_their_number_and_why() -> None:
    (event,) = told(Stack([seen(2, 25), seen(3, 25)]), Mode())
    assert (event.name, event.node, event.facts) == ("scale-out", "autoscale", {"nodeCount": 3})
    assert event.text.startswith("scale out to 3 nodes\n  2 of 2 wanted nodes serve; 25 calls")


def test_what_is_held_is_told_to_nobody() -> None:
    assert told(Stack([seen(2, 15), seen(2, 15)]), Mode()) == []


def test_a_cluster_that_is_not_seen_for_some_looks_is_told_once_and_when_it_is_back() -> None:
    sent: list[Event] = []
    messages = Messages(sent.append)
    for decision in (BLIND, BLIND, HOLD, BLIND, BLIND):
        messages.decided(decision)
    assert sent == []
    for decision in (BLIND, BLIND, BLIND, HOLD, HOLD):
        messages.decided(decision)
    assert [event.name for event in sent] == ["unseen", "seen"]
    assert "no answer" in sent[0].text


def test_an_update_that_fails_again_and_again_is_told_once_until_one_went_well() -> None:
    looks = [seen(2, 25), seen(2, 25), seen(2, 25), seen(2, 25)]
    events = told(Stack([*looks], statuses=[1, 1, 0, 1]), Mode())
    assert [one.name for one in events].count("failed") == 2
    assert "the update ended with status 1" in events[1].text


def test_an_update_that_would_change_more_is_told() -> None:
    events = told(Stack([seen(2, 25)], foreign=["base-start"]), Mode())
    assert [one.name for one in events] == ["scale-out", "failed"]
    assert "base-start" in events[1].text


def pulumi(folder: Path, monkeypatch: pytest.MonkeyPatch, **config: object) -> PulumiCli:
    entries = {
        f"openvidu-enterprise:{name}": {"value": value, "secret": True}
        for name, value in config.items()
    }
    program = folder / "pulumi"
    program.write_text(f"#!/bin/bash\ncat <<'END'\n{json.dumps(entries)}\nEND\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")
    return PulumiCli()


def test_who_is_told_is_in_the_configuration_and_secrets_are_masked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cli = pulumi(tmp_path, monkeypatch, notify=json.dumps([HOOK]), redisPassword="secret-of-redis")
    found = notifier(cli, "prod", print, {"HTTPS_PROXY": "http://proxy:3128"})
    assert (found.endpoints, found.stack) == ((HOOK,), "prod")
    assert found.proxies == {"https_proxy": "http://proxy:3128"}
    assert "secret-of-redis" in found.secrets


def test_topics_are_told_by_the_login_of_who_deploys(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    topic = "sns=arn:aws:sns:us-east-1:123456789012:on-call"
    cli = pulumi(tmp_path, monkeypatch, notify=json.dumps([HOOK, topic]))
    for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN", "HTTPS_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIA")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret-of-aws")
    monkeypatch.setenv("AWS_REGION", "eu-west-1")
    found = notifier(cli, "prod", print, {})
    assert found.endpoints == (HOOK, topic)
    assert found.login("us-east-1") == {
        "AWS_ACCESS_KEY_ID": "AKIA",
        "AWS_SECRET_ACCESS_KEY": "secret-of-aws",
        "AWS_SESSION_TOKEN": "",
        "AWS_REGION": "us-east-1",
    }
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    with pytest.raises(OSError, match="no login at AWS: Unable to locate credentials"):
        notifier(cli, "prod", print, {}).login("us-east-1")


def test_without_the_key_nobody_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert notifier(pulumi(tmp_path, monkeypatch, notify=""), "prod", print, {}).endpoints == ()


def test_a_key_that_cannot_be_read_is_told_without_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cli = pulumi(tmp_path, monkeypatch, notify=json.dumps(["pager=https://x.example.io/secret"]))
    with pytest.raises(PulumiError, match="notify must be slack=URL or json=URL") as refused:
        notifier(cli, "prod", print, {})
    assert "x.example.io/secret" not in str(refused.value)

"""That an update begins is told once nothing is refused any more, and holds nothing up."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pulumi
import pytest
from pulumi.runtime import config as runtime_config

from components import update_notice
from components.previous_state import PreviousState
from components.settings.mistakes import ConfigurationError
from components.settings.table import Settings
from tests.program.test_cluster import deploy
from tests.program.test_notified_topics import HOOK, TOPIC

Told = list[Mapping[str, Any]]


@pytest.fixture
def wanted(settings: Settings) -> Settings:
    return replace(settings, notify=(HOOK,), node_count=3)


@pytest.mark.parametrize(
    ("there", "nodes"),
    [
        ((), "; it adds node-1, node-2, node-3"),
        ((1, 2), "; it adds node-3"),
        ((1, 2, 3), "; it adds and removes no node"),
        ((1, 3, 4, 5), "; it adds node-2 and drains node-4, node-5"),
    ],
)
def test_who_begins_it_and_which_nodes_come_and_go_is_told(
    there: tuple[int, ...], nodes: str, wanted: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: Told = []
    monkeypatch.setattr(update_notice, "hand_over", told.append)
    monkeypatch.setattr(update_notice.getpass, "getuser", lambda: "ann")
    monkeypatch.setattr(update_notice.socket, "gethostname", lambda: "desk")
    monkeypatch.setattr(pulumi, "get_stack", lambda: "prod")
    update_notice.tell_begin(wanted, PreviousState(generations=dict.fromkeys(there, 1)))
    text = f"an update begins, by ann on desk{nodes}"
    assert told == [{"endpoints": (HOOK,), "stack": "prod", "text": text, "login": "{}"}]


@pytest.mark.parametrize("shape", ["ha", "single-master"])
def test_an_update_of_each_shape_tells_it(
    shape: str, config: dict[str, str], told_updates: Told
) -> None:
    deploy({**config, "shape": shape, "notify": json.dumps([HOOK])})
    (message,) = told_updates
    assert message["text"].startswith("an update begins, by ")


def test_a_preview_and_who_names_nobody_tell_nobody(
    config: dict[str, str], told_updates: Told, monkeypatch: pytest.MonkeyPatch
) -> None:
    deploy(config)
    monkeypatch.setattr(pulumi.runtime, "is_dry_run", lambda: True)
    deploy({**config, "notify": json.dumps([HOOK])})
    assert told_updates == []


def test_what_is_refused_has_not_begun(config: dict[str, str], told_updates: Told) -> None:
    with pytest.raises(ConfigurationError):
        deploy({**config, "notify": json.dumps([HOOK]), "nodeInstanceType": "c5.large"})
    assert told_updates == []


def test_a_topic_is_told_as_the_provider_logs_in(wanted: Settings, told_updates: Told) -> None:
    before = dict(runtime_config.CONFIG.get())
    runtime_config.set_all_config({"aws:profile": "ops", "aws:region": "eu-west-1"}, [])
    try:
        update_notice.tell_begin(replace(wanted, notify=(f"sns={TOPIC}",)), PreviousState())
        update_notice.tell_begin(wanted, PreviousState())
    finally:
        runtime_config.set_all_config(before, [])
    assert [message["login"] for message in told_updates] == ['{"profile": "ops"}', "{}"]


def test_what_cannot_be_handed_over_is_a_warning_and_no_failure(
    monkeypatch: pytest.MonkeyPatch, handing_over: Any
) -> None:
    said: list[str] = []
    monkeypatch.setattr(pulumi.log, "warn", said.append)
    monkeypatch.setattr(update_notice, "_SENDS", ("/nowhere/python",))
    handing_over({"text": "an update begins"})
    assert said == ["notify: nobody is told that an update begins: No such file or directory"]


def test_a_process_of_its_own_reads_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, handing_over: Any
) -> None:
    code = "import pathlib, sys; pathlib.Path(sys.argv[1]).write_text(sys.stdin.read())"
    file = tmp_path / "told"
    monkeypatch.setattr(update_notice, "_SENDS", (sys.executable, "-c", code, str(file)))
    handed = []
    popen = update_notice.subprocess.Popen
    monkeypatch.setattr(
        update_notice.subprocess,
        "Popen",
        lambda *given, **how: handed.append(popen(*given, **how)) or handed[-1],
    )
    handing_over({"text": "an update begins"})
    assert handed[0].wait(timeout=60) == 0
    assert json.loads(file.read_text()) == {"text": "an update begins"}

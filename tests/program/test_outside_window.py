"""What waits for `changeWindow` is what has calls on it and restarts; all else doesn't wait."""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pulumi
import pytest
from pulumi.runtime import MockResourceArgs

from components.cluster_observation import ClusterObservation, Unseen
from components.disruptions import disruptions
from components.outside_window import OutsideWindowError, keep_to
from components.previous_state import Attempt, PreviousState, from_outputs
from components.settings.change_kind import Change
from components.settings.change_window import change_window
from components.settings.read import read
from components.settings.table import Settings, keys
from tests.lab.test_changes import VALUES
from tests.program.conftest import SECRETS, example
from tests.program.test_cluster import INSTANCE_TYPES, SECRET_MARK, deploy
from tests.program.test_key_changes import MANAGED, OF_MANAGED, OTHERWISE_WITH_MANAGED
from tests.program.test_managed import SERVICES, Cloud

SHAPES: Mapping[str, Mapping[str, str]] = {
    "ha": {},
    "managed": MANAGED,
    "services that exist": {**MANAGED, **SERVICES, "s3AccessKey": "AKIA1234"},
    "single-master": {"shape": "single-master"},
    "by address": {"domainOrPublicIp": ""},
}
WAITS = {
    Change.NODES_RESTART: ["The nodes' configuration"],
    Change.BASE_RESTARTS: ["The base's configuration"],
    Change.ALL_RESTARTS: ["The base's configuration", "The nodes' configuration"],
    Change.STOP: ["AWS stops the base"],
    Change.NODE_BY_NODE: ["node-1 is replaced", "node-2 is replaced"],
    Change.UPGRADE: ["OpenVidu 2.30.0 becomes"],
}
CLOSED = datetime(2026, 11, 30, 12, 0, tzinfo=UTC)
WINDOW = "Sat,Sun 02:00-05:00 Europe/Berlin"


class Deployed(Cloud):
    """Keeps what it answers, as a state has it."""

    def __init__(self) -> None:
        super().__init__()
        self.left: dict[str, Any] = {}

    def new_resource(self, args: MockResourceArgs) -> tuple[str, dict[str, Any]]:
        identifier, outputs = super().new_resource(args)
        found = {"type": args.typ, "outputs": plain({**outputs, "id": identifier})}
        self.left[f"urn:pulumi:dev::openvidu-enterprise::{args.typ}::{args.name}"] = found
        return identifier, outputs


def plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        if SECRET_MARK in value:
            return plain(value["value"])
        return {name: plain(one) for name, one in value.items()}
    return value


@functools.cache
def deployed(shape: str) -> PreviousState:
    cloud = Deployed()
    deploy(configured(shape), recorder=cloud)
    return from_outputs(cloud.left)


def configured(shape: str, changes: Mapping[str, str] | None = None) -> dict[str, str]:
    """A configuration with values at paths, such as `tags.a` and `sshCidrs[1]`, set."""
    config = {**example(), **SHAPES[shape]}
    for path, value in (changes or {}).items():
        key, *rest = re.split(r"[.\[]", path, maxsplit=1)
        if not rest:
            config[key] = value
        elif path.endswith("]"):
            config[key] = json.dumps([*json.loads(config.get(key, "[]")), value])
        else:
            config[key] = json.dumps({**json.loads(config.get(key, "{}")), rest[0]: value})
    return {name: value for name, value in config.items() if value}


def waits(shape: str, changes: Mapping[str, str]) -> list[str]:
    settings = read(configured(shape, changes), (*SECRETS, "webhookHeaders"))
    return disruptions(settings, deployed(shape), ClusterObservation(), "eu-west-1")


@pytest.fixture(autouse=True)
def types_of_bastions(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(INSTANCE_TYPES, "t3.small", (2, 4096, ["x86_64"]))


@pytest.mark.parametrize("shape", SHAPES)
def test_an_update_that_changes_nothing_waits_for_nothing(shape: str) -> None:
    assert deployed(shape) != PreviousState()
    assert waits(shape, {}) == []
    if shape != "single-master":
        assert waits(shape, {"nodeCount": "3"}) == []
        assert waits(shape, {"nodeCount": "1"}) == []
        assert waits(shape, {"retiredNodes[0]": "2"}) == []


@pytest.mark.parametrize("key", [key for key in VALUES if keys()[key].change is not Change.REFUSED])
def test_what_a_key_has_wait_is_what_the_table_says_of_it(key: str) -> None:
    found = waits("ha", VALUES[key])
    expected = WAITS.get(keys()[key].change, [])
    # The example has a certificate of its own type already.
    if VALUES[key] == {"certificateType": "selfsigned"}:
        expected = []
    assert len(found) == len(expected), found
    assert all(one.startswith(what) for one, what in zip(found, expected, strict=True)), found


@pytest.mark.parametrize("key", [*OF_MANAGED, *OTHERWISE_WITH_MANAGED])
def test_with_managed_services_it_is_what_their_own_table_says(key: str) -> None:
    changes, restarts = OTHERWISE_WITH_MANAGED.get(key, (OF_MANAGED.get(key, {}), None))
    if restarts is None:
        restarts = {"nodes restart"} if keys()[key].change is Change.NODES_RESTART else set()
    assert bool(waits("managed", changes)) is bool(restarts)


def test_what_services_that_were_made_are_is_not_guessed() -> None:
    previous = replace(deployed("managed"), services={})
    settings = read(configured("managed"), SECRETS)
    assert disruptions(settings, previous, ClusterObservation(), "eu-west-1") == [
        "The nodes' configuration changes, which restarts every node."
    ]


@pytest.mark.parametrize(("shape", "main"), [("by address", "base"), ("single-master", "master")])
def test_a_restart_that_did_not_come_to_its_end_waits_as_well(shape: str, main: str) -> None:
    previous = deployed(shape)
    before = {**previous.runs_with, main: Attempt("another", 1)}
    settings = read(configured(shape), SECRETS)
    (told,) = disruptions(settings, replace(previous, runs_with=before), ClusterObservation())
    assert told.startswith(f"The {main}'s configuration changes")


def wanted(**changes: str) -> Settings:
    return read(configured("ha", {"changeWindow": WINDOW, **changes}), SECRETS)


def test_an_update_that_has_to_wait_is_refused_with_when_and_what_to_type() -> None:
    settings = wanted(openviduVersion="2.31.0", nodeInstanceType="c5.4xlarge", nodeCount="3")
    with pytest.raises(OutsideWindowError) as refused:
        keep_to(settings, deployed("ha"), ClusterObservation(), CLOSED)
    assert len(refused.value.waits) == 3
    told = str(refused.value)
    assert "OpenVidu 2.30.0 becomes 2.31.0." in told
    assert "node-1 is replaced (c5.2xlarge to c5.4xlarge)." in told
    assert "Sat 2026-12-05 02:00 Europe/Berlin, Sat 2026-12-05 01:00 UTC" in told
    assert "pulumi config set changeWindow now && pulumi up" in told
    assert f"pulumi config set changeWindow '{WINDOW}'" in told


@pytest.mark.parametrize("overview", [ClusterObservation(), Unseen("Connection timed out")])
def test_who_cannot_see_the_cluster_refuses_as_well(overview: Any) -> None:
    with pytest.raises(OutsideWindowError):
        keep_to(wanted(recording="true"), deployed("ha"), overview, CLOSED)


def test_nodes_come_and_go_and_what_is_noted_is_noted_at_any_time() -> None:
    seen = ClusterObservation()
    for changes in ({"nodeCount": "3"}, {"nodeCount": "1"}, {"drainTimeout": "5h"}):
        assert keep_to(wanted(**changes), deployed("ha"), seen, CLOSED) is seen


def test_a_new_deployment_waits_for_nothing() -> None:
    seen = ClusterObservation()
    assert keep_to(wanted(recording="true"), PreviousState(), seen, CLOSED) is seen


@pytest.mark.parametrize("window", ["now", "Mon 11:00-13:00 UTC", "daily 13:00-14:00 Africa/Lagos"])
def test_in_the_window_or_without_one_nothing_is_refused(window: str) -> None:
    settings = replace(wanted(recording="true"), change_window=change_window(window))
    at = CLOSED if "Lagos" not in window else CLOSED.replace(minute=30)
    seen = ClusterObservation(drift=("OPENVIDU_RECORDING",))
    assert keep_to(settings, deployed("ha"), seen, at) is seen


def test_a_preview_says_it_and_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[str] = []
    monkeypatch.setattr(pulumi.runtime, "is_dry_run", lambda: True)
    monkeypatch.setattr(pulumi.log, "warn", lambda text, *_: told.append(text))
    seen = ClusterObservation()
    assert keep_to(wanted(recording="true"), deployed("ha"), seen, CLOSED) is seen
    (line,) = told
    assert line.startswith("An update now is refused")
    assert "The nodes' configuration changes" in line


def test_a_drift_is_changed_back_when_the_window_is_open(monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[str] = []
    monkeypatch.setattr(pulumi.log, "warn", lambda text, *_: told.append(text))
    seen = ClusterObservation(drift=("OPENVIDU_RECORDING",))
    kept = keep_to(wanted(nodeCount="3"), deployed("ha"), seen, CLOSED)
    assert isinstance(kept, ClusterObservation)
    assert kept.drift == ()
    assert "OPENVIDU_RECORDING" in told[0]
    opened = datetime(2026, 12, 5, 2, 0, tzinfo=UTC)
    assert keep_to(wanted(nodeCount="3"), deployed("ha"), seen, opened) is seen

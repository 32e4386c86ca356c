"""What scripts read of a stack's configuration is what there is."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from scripts.pulumi_cli import LastUpdate, PulumiCli, PulumiError

STORED = {
    "project:domainOrPublicIp": {"value": "openvidu.example.io", "secret": False},
    "project:sshPublicKey": {"value": "", "secret": False},
    "project:openviduSecret": {"value": "a-secret", "secret": True},
    "project:redisPassword": {"value": "", "secret": True},
    "aws:region": {"value": "eu-west-1", "secret": False},
}


def test_a_key_without_a_value_is_not_configured_also_as_a_secret(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    blinded = {key: {} if one["secret"] else one for key, one in STORED.items()}
    for name, found in (("shown", STORED), ("blinded", blinded)):
        (tmp_path / name).write_text(json.dumps(found))
    program = tmp_path / "pulumi"
    program.write_text(
        f'#!/bin/sh\ncase "$*" in *--show-secrets*) exec cat {tmp_path}/shown;; esac\n'
        f"exec cat {tmp_path}/blinded\n"
    )
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    assert PulumiCli().configured() == {"domainOrPublicIp", "openviduSecret", "region"}


RUNS = {"kind": "update", "result": "in-progress", "startTime": "2026-11-30T12:00:00.000Z"}
FAILED = {**RUNS, "result": "failed", "endTime": "2026-11-30T11:00:00.000Z"}
DONE = {**RUNS, "result": "succeeded", "endTime": "2026-11-30T10:00:00.000Z"}
ELEVEN = datetime(2026, 11, 30, 11, tzinfo=UTC)


@pytest.mark.parametrize(
    ("history", "found"),
    [
        ([RUNS, FAILED, DONE], LastUpdate(ELEVEN, is_good=False)),
        ([DONE, FAILED], LastUpdate(ELEVEN.replace(hour=10), is_good=True)),
        ([RUNS], None),
        ([], None),
        (None, None),
    ],
    ids=["failed", "done", "first", "none", "null"],
)
def test_the_last_update_is_the_last_that_has_ended(
    history: object, found: LastUpdate | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "history").write_text(json.dumps(history))
    program = tmp_path / "pulumi"
    program.write_text(
        f'#!/bin/sh\n[ "$1 $2 $3" = "stack history --json" ] && exec cat {tmp_path}/history\n'
    )
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    assert PulumiCli().last_update() == found


def test_the_projects_own_keys_come_without_those_of_providers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    secret = {"value": "a-secret", "secret": True}
    stored = {"openvidu-enterprise:openviduSecret": secret, "aws:region": {"value": "eu-west-1"}}
    (tmp_path / "shown").write_text(json.dumps(stored))
    program = tmp_path / "pulumi"
    program.write_text(
        f'#!/bin/sh\ncase "$*" in *--show-secrets*) exec cat {tmp_path}/shown;; esac\nexit 1\n'
    )
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    assert PulumiCli().own_config() == {"openviduSecret": secret}


@pytest.mark.parametrize(
    "said", ["no stack named 'prodd' found", "no stack selected; please use `pulumi stack select`"]
)
@pytest.mark.parametrize("ask", [PulumiCli.export_state, PulumiCli.preview_and_errors])
def test_without_such_a_stack_it_says_how_another_is_named(
    said: str, ask: Callable[[PulumiCli], object], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = tmp_path / "pulumi"
    program.write_text(f'#!/bin/sh\necho "error: {said}" >&2\nexit 255\n'.replace("`", ""))
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    with pytest.raises(PulumiError) as refused:
        ask(PulumiCli("prodd"))
    first, following = str(refused.value).splitlines()
    assert first == f"{said.split(';', maxsplit=1)[0]}."
    assert following.startswith("  Next: pulumi stack ls")

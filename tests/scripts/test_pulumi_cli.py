"""What scripts read of a stack's configuration is what there is."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from scripts.pulumi_cli import PulumiCli

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

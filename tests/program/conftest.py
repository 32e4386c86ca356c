"""A valid configuration to start from."""

from __future__ import annotations

import functools
import json
import subprocess
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from components import cluster_observation, update_notice
from components.settings.read import read
from components.settings.table import Settings
from scripts.init_stack import make_ssh_key

HAND_OVER = update_notice.hand_over
SECRETS = (
    "openviduSecret",
    "redisPassword",
    "s3SecretKey",
    "elasticsearchPassword",
    "openviduProLicense",
    "sshPrivateKey",
    "sshJumpPrivateKey",
    "ownPrivateKey",
    "webhookHeaders",
    "notify",
    "turnStaticAuthSecret",
    "turnCredential",
    "dockerRegistryPassword",
)


@functools.cache
def ssh_key() -> tuple[str, str]:
    return make_ssh_key()


def example() -> dict[str, str]:
    public, private = ssh_key()
    return {
        "domainOrPublicIp": "openvidu.example.io",
        "openviduSecret": "secret-of-openvidu",
        "redisPassword": "secret-of-redis",
        "s3SecretKey": "secret-of-s3",
        "elasticsearchPassword": "secret-of-elasticsearch",
        "openviduProLicense": "license-of-openvidu",
        "sshCidrs": json.dumps(["198.51.100.0/24"]),
        "sshPublicKey": public,
        "sshPrivateKey": private,
    }


@pytest.fixture
def handing_over() -> Callable[[Mapping[str, Any]], None]:
    """The real one, which starts a process."""
    return HAND_OVER


@pytest.fixture(autouse=True)
def told_updates(monkeypatch: pytest.MonkeyPatch) -> list[Mapping[str, Any]]:
    """What is handed over of updates that begin: to nobody but a test."""
    told: list[Mapping[str, Any]] = []
    monkeypatch.setattr(update_notice, "hand_over", told.append)
    return told


@pytest.fixture(autouse=True)
def nobody_answers_over_ssh(monkeypatch: pytest.MonkeyPatch) -> None:
    """The examples' addresses are nobody's: what isn't answered by a test is refused at once."""
    refused = subprocess.CompletedProcess([], 255, "", "Connection refused")
    monkeypatch.setattr(cluster_observation, "run", lambda *_, **__: refused)


@pytest.fixture
def config() -> dict[str, str]:
    return example()


@pytest.fixture
def settings(config: dict[str, str]) -> Settings:
    return read(config, SECRETS)

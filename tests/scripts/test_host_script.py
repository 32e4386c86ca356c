"""Leaving a host that exists: as it was found, unless it's gone."""

from __future__ import annotations

from dataclasses import replace

from components.over_ssh import HOST, environment
from scripts.init_stack import make_ssh_key
from tests.scripts.conftest import Base

RELEASE = {
    **environment(HOST),
    "FIELDS": "FOLDER=/opt/openvidu\nCOMMAND=openvidu",
    "RELEASE_HOST": "sudo -n release-host",
    "RELEASE_SECONDS": "0",
}


def test_a_host_is_released(base: Base) -> None:
    base.does("cat")
    done = base.follow("release", **RELEASE)
    assert done.returncode == 0, done.stderr
    assert done.stdout == "FOLDER=/opt/openvidu\nCOMMAND=openvidu\n\n"
    assert base.did == ["release-host"]


def test_a_release_that_fails_is_told(base: Base) -> None:
    base.does("echo 'no space left' >&2; exit 1")
    done = base.follow("release", **RELEASE)
    assert done.returncode == 1
    assert "no space left" in done.stderr


def test_a_host_that_is_gone_does_not_hold_the_update(base: Base) -> None:
    done = base.follow("release", **RELEASE, NODE_HOST="127.0.0.2")
    assert done.returncode == 0
    assert done.stderr == (
        "node-3: 127.0.0.2 can't be reached for 0 s; what is in its /opt stays there.\n"
    )


def test_a_host_that_refuses_the_key_is_not_given_up(base: Base) -> None:
    done = replace(base, private_key=make_ssh_key()[1]).follow("release", **RELEASE)
    assert done.returncode == 1
    assert "doesn't take sshPrivateKey" in done.stderr


def test_a_host_that_the_stack_has_is_prepared_again(base: Base) -> None:
    base.does("cat")
    prepare = {**RELEASE, "PREPARE_HOST": "sudo -n prepare-host"}
    said = [base.follow(action, **prepare).stdout for action in ("prepare", "prepare-again")]
    assert ["AGAIN=yes\n" in text for text in said] == [False, True]

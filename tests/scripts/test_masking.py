"""No secret of the stack is in what a report or a log shows, and what is no secret stays."""

from __future__ import annotations

import json
from typing import Any

import pytest

from scripts.masking import MASK, mask, secrets_of

KEY = "-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXktdjEA\nQyNTUxOQAAACD\n-----END-----\n"


def secret(value: Any) -> dict[str, str]:
    return {"4dabf18193072939515e22adb298388d": "1b47", "plaintext": json.dumps(value)}


STATE = {
    "deployment": {
        "resources": [
            {
                "inputs": {
                    "connection": secret(
                        {"host": "203.0.113.5", "user": "ubuntu", "privateKey": KEY}
                    ),
                    "stdin": secret(
                        "FOLDER=/opt/openvidu\n\nOPENVIDU_SECRET=of-openvidu\nHTTPS_PORT=443\n"
                    ),
                },
                "outputs": {
                    "secret": secret("made/by+aws"),
                    "stdout": secret("OpenVidu 2.30.0 is installed"),
                    "description": "password of nobody",
                },
            }
        ]
    }
}


def test_secrets_of_configuration_and_state_are_masked() -> None:
    secrets = secrets_of(STATE, ["of-redis", json.dumps(["Authorization: Basic dXNl"]), KEY])
    shown = mask(
        "OPENVIDU_SECRET=of-openvidu REDIS=of-redis KEY=made/by+aws "
        'H=["Authorization: Basic dXNl"]\n'
        f"{KEY}",
        secrets,
    )
    for text in ("of-openvidu", "of-redis", "made/by+aws", "dXNl", "b3BlbnNzaC1rZXktdjEA"):
        assert text not in shown
    assert shown.count(MASK) == 6


def test_all_that_is_in_a_secret_object_is_masked() -> None:
    configured = json.dumps({"SOME_TOKEN": "of-somebody", "more": [{"key": "of-others"}]})
    assert mask("of-somebody of-others", secrets_of({}, [configured])) == f"{MASK} {MASK}"


def test_a_switch_beside_secrets_is_left() -> None:
    configured = json.dumps({"SOME_TOKEN": "of-somebody", "OPENVIDU_CDR": "true"})
    assert mask("true of-somebody", secrets_of({}, [configured])) == f"true {MASK}"


@pytest.mark.parametrize(
    "shown",
    [
        "http://host/?password=made%2Fby%2Baws",
        "Authorization: Basic T1BFTlZJRFVBUFA6bWFkZS9ieSthd3M=",
        "key: bWFkZS9ieSthd3M=",
    ],
    ids=["url", "basic", "base64"],
)
def test_a_secret_is_masked_in_whatever_form_it_is_logged(shown: str) -> None:
    assert mask(shown, secrets_of({}, ["made/by+aws"])).endswith(MASK)


def test_what_is_no_secret_is_left() -> None:
    text = "ubuntu@203.0.113.5: OpenVidu 2.30.0 is installed in /opt/openvidu, port 443"
    assert mask(text, secrets_of(STATE, ["443", "of-redis"])) == text


def test_a_secret_that_holds_another_is_masked_whole() -> None:
    assert mask("aaaa-bbbb", secrets_of({}, ["aaaa", "aaaa-bbbb"])) == MASK

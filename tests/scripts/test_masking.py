"""No secret of the stack is in what a report or a log shows, and what is no secret stays."""

from __future__ import annotations

import json
from typing import Any

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


def test_what_is_no_secret_is_left() -> None:
    text = "ubuntu@203.0.113.5: OpenVidu 2.30.0 is installed in /opt/openvidu, port 443"
    assert mask(text, secrets_of(STATE, ["443", "of-redis"])) == text


def test_a_secret_that_holds_another_is_masked_whole() -> None:
    assert mask("aaaa-bbbb", secrets_of({}, ["aaaa", "aaaa-bbbb"])) == MASK

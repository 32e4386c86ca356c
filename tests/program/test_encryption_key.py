"""A KMS key that can't encrypt machines is refused before one is made."""

from __future__ import annotations

from typing import Any

import pytest
from pulumi.runtime import MockCallArgs

from components.settings.mistakes import ConfigurationError
from tests.program.test_cluster import USABLE_KEY, DeniedError, Recorder, deploy
from tests.program.test_restore import KEY

INSTANCE = "aws:ec2/instance:Instance"


class NotFoundError(DeniedError):
    """There is no such key."""

    def details(self) -> str:
        return f"reading KMS Key ({KEY}): NotFoundException: Key '{KEY}' does not exist"


class WithKey(Recorder):
    """Answers for a key."""

    def __init__(self, answer: dict[str, str] | Exception) -> None:
        super().__init__()
        self.answer, self.asked = answer, 0

    def call(self, args: MockCallArgs) -> dict[str, Any]:
        if args.token != "aws:kms/getKey:getKey":
            return super().call(args)
        assert args.args["keyId"] == KEY
        self.asked += 1
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (NotFoundError(), "doesn't exist"),
        ({**USABLE_KEY, "keyState": "Disabled"}, "must be Enabled; it is Disabled"),
        (
            {**USABLE_KEY, "keySpec": "RSA_2048"},
            "must be symmetric, for encryption; it is RSA_2048",
        ),
        (
            {**USABLE_KEY, "keySpec": "HMAC_256", "keyUsage": "GENERATE_VERIFY_MAC"},
            "it is HMAC_256",
        ),
    ],
)
def test_a_key_that_encrypts_nothing_is_refused(
    config: dict[str, str], answer: dict[str, str] | Exception, told: str
) -> None:
    recorder = WithKey(answer)
    with pytest.raises(ConfigurationError) as caught:
        deploy({**config, "kmsKeyId": KEY}, recorder=recorder)
    (mistake,) = caught.value.mistakes
    assert mistake.key == "kmsKeyId"
    assert mistake.problem.startswith(f"{KEY}, with which machines are to be encrypted, ")
    assert told in mistake.problem
    assert mistake.command == f"aws kms describe-key --key-id {KEY}"
    assert not recorder.registered


@pytest.mark.parametrize("answer", [USABLE_KEY, DeniedError()], ids=["usable", "nobody tells"])
def test_any_other_key_is_taken(
    config: dict[str, str], answer: dict[str, str] | Exception, caplog: pytest.LogCaptureFixture
) -> None:
    recorder = deploy({**config, "kmsKeyId": KEY}, recorder=WithKey(answer))
    assert recorder.of_type(INSTANCE)
    assert ("the permission kms:DescribeKey" in caplog.text) is isinstance(answer, Exception)


def test_where_no_machine_is_made_the_key_is_not_asked_for(config: dict[str, str]) -> None:
    recorder = WithKey(NotFoundError())
    for name in ("base", "node-1", "node-2"):
        recorder.state[f"urn:pulumi:dev::openvidu-enterprise::{INSTANCE}::{name}"] = {
            "type": INSTANCE,
            "outputs": {"instanceType": "c5.2xlarge", "rootBlockDevice": {"kmsKeyId": KEY}},
        }
    deploy({**config, "kmsKeyId": KEY}, recorder=recorder)
    assert not recorder.asked

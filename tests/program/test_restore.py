"""A data volume that begins with a snapshot: looked at first, and never in the place of data."""

from __future__ import annotations

from typing import Any

import pytest
from pulumi.runtime import MockCallArgs

from components.settings.mistakes import ConfigurationError
from tests.program.test_cluster import USABLE_KEY, DeniedError, Recorder, deploy
from tests.program.test_existing import configured, host
from tests.program.test_machine_image import NoResultsError

SNAPSHOT, OTHER = "snap-0123456789abcdef0", "snap-0fedcba9876543210"
FROM = {"restoreFromSnapshot": SNAPSHOT}
KEY = "arn:aws:kms:eu-west-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab"
GOOD = {
    "id": SNAPSHOT,
    "state": "completed",
    "storageTier": "standard",
    "volumeSize": 100,
    "encrypted": True,
    "kmsKeyId": KEY,
}
VOLUME = "aws:ebs/volume:Volume"


class WithSnapshot(Recorder):
    """Answers for one snapshot and its key, and keeps what was asked for."""

    def __init__(self, key: str | None = "Enabled", **other: Any) -> None:
        super().__init__()
        self.key, self.snapshot = key, {**GOOD, **other}
        self.asked = list[dict[str, Any]]()

    def call(self, args: MockCallArgs) -> dict[str, Any]:
        match args.token:
            case "aws:ebs/getSnapshot:getSnapshot":
                self.asked.append(args.args)
                if self.snapshot["state"] == "gone":
                    raise NoResultsError
                return self.snapshot
            case "aws:kms/getKey:getKey":
                assert args.args["keyId"] == KEY
                if self.key is None:
                    raise DeniedError
                return {**USABLE_KEY, "keyState": self.key}
        return super().call(args)


def with_volume(snapshot: str | None, **other: Any) -> WithSnapshot:
    """A stack whose base has its volume, which began with a snapshot or without one."""
    recorder = WithSnapshot(**other)
    urn = f"urn:pulumi:dev::openvidu-enterprise::{VOLUME}::base-data"
    recorder.state[urn] = {"type": VOLUME, "outputs": {"size": 100, "snapshotId": snapshot}}
    return recorder


def test_a_new_volume_begins_with_the_snapshot(config: dict[str, str]) -> None:
    recorder = WithSnapshot()
    (volume,) = deploy({**config, **FROM}, recorder=recorder).of_type(VOLUME).values()
    assert volume["snapshotId"] == SNAPSHOT
    assert volume["encrypted"]
    (asked,) = recorder.asked
    assert asked == {"owners": ["self"], "snapshotIds": [SNAPSHOT]}


@pytest.mark.parametrize(
    ("other", "found"),
    [
        ({"state": "gone"}, f"{SNAPSHOT} doesn't exist in this account"),
        ({"state": "pending"}, "must be a completed snapshot; snap-.* is pending"),
        ({"state": "error"}, "must be a completed snapshot; snap-.* is error"),
        ({"storageTier": "archive"}, "is archived"),
        (
            {"key": "PendingDeletion"},
            "with which snap-.* is encrypted, must be Enabled; it is PendingDeletion",
        ),
        ({"volumeSize": 101}, "dataVolumeSize: must be at least 101 GiB, .*got 100"),
    ],
)
def test_one_that_no_volume_can_begin_with_is_refused(
    config: dict[str, str], other: dict[str, Any], found: str
) -> None:
    recorder = WithSnapshot(**other)
    with pytest.raises(ConfigurationError, match=found):
        deploy({**config, **FROM}, recorder=recorder)
    assert not recorder.registered


def test_a_key_that_may_not_be_asked_about_is_told_and_no_reason_to_stop(
    config: dict[str, str], caplog: pytest.LogCaptureFixture
) -> None:
    recorder = deploy({**config, **FROM}, recorder=WithSnapshot(key=None))
    assert recorder.of_type(VOLUME)
    assert "the permission kms:DescribeKey" in caplog.text


@pytest.mark.parametrize("before", ["", None, OTHER])
def test_a_volume_that_is_there_is_never_replaced_for_it(
    config: dict[str, str], before: str | None
) -> None:
    recorder = with_volume(before)
    with pytest.raises(ConfigurationError, match="base-data is there with its data"):
        deploy({**config, **FROM}, recorder=recorder)
    assert not recorder.registered


@pytest.mark.parametrize("key", [FROM, {}])
def test_the_key_may_stay_or_go_once_the_volume_is_there(
    config: dict[str, str], key: dict[str, str]
) -> None:
    recorder = with_volume(SNAPSHOT, state="gone")
    deploy({**config, **key}, recorder=recorder)
    assert recorder.of_type(VOLUME)
    assert not recorder.asked


def test_what_is_no_id_of_a_snapshot_is_refused(config: dict[str, str]) -> None:
    with pytest.raises(ConfigurationError, match="must be the id of a snapshot such as snap-"):
        deploy({**config, "restoreFromSnapshot": "vol-0123456789abcdef0"})


def test_only_what_has_a_data_volume_on_aws_begins_with_one(config: dict[str, str]) -> None:
    with pytest.raises(ConfigurationError, match=r"restoreFromSnapshot: is for .* AWS's services"):
        deploy({**config, **FROM, "shape": "ha-managed"})
    hosts = configured(host(5), host(6))
    with pytest.raises(ConfigurationError, match=r"restoreFromSnapshot: .* machines is existing"):
        deploy({**hosts, **FROM})

"""Whether a new data volume can begin with the snapshot that is configured.

Source: EC2 API, CreateVolume, DescribeSnapshots; Amazon EBS guide, "Archive Amazon EBS snapshots".
"""

from __future__ import annotations

import pulumi_aws as aws

from components.aws import encryption_key
from components.previous_state import PreviousState
from components.settings.mistakes import Mistake, set_command
from components.settings.table import Settings

_KEY = "restoreFromSnapshot"
_REMOVE = f"pulumi config rm {_KEY}"
_NO_SUCH = ("returned no results", "InvalidSnapshot")


def find_mistakes(settings: Settings, previous: PreviousState) -> list[Mistake]:
    """Why the volume can't begin with it, if it can't.

    A volume that is there stays as it is. One that began with this snapshot is no mistake: the key
    may stay.

    Args:
        settings: what is wanted.
        previous: what is deployed.
    """
    wanted = settings.restore_from_snapshot
    if wanted is None:
        return []
    if previous.data_snapshots:
        volume, before = next(iter(previous.data_snapshots.items()))
        return [] if before == wanted else [_has_data(wanted, volume, before)]
    found = _found(wanted)
    if found is None:
        problem = f"{wanted} doesn't exist in this account and region"
        which = "aws ec2 describe-snapshots --owner-ids self --query 'Snapshots[].SnapshotId'"
        return [Mistake(_KEY, problem, f"{_REMOVE}\n      or choose one: {which}")]
    mistakes = [*_unfinished(found), *_locked(found)]
    if found.volume_size > settings.data_volume_size:
        problem = (
            f"must be at least {found.volume_size} GiB, the size of the volume in "
            f"{wanted}, got {settings.data_volume_size}"
        )
        command = set_command("dataVolumeSize", str(found.volume_size))
        mistakes.append(Mistake("dataVolumeSize", problem, command))
    return mistakes


def _has_data(wanted: str, volume: str, before: str) -> Mistake:
    began = f"began with {before}" if before else "didn't begin with one"
    keep = set_command(_KEY, before) if before else _REMOVE
    return Mistake(
        _KEY,
        f"is {wanted}, and {volume} is there with its data, and {began}",
        f"{keep}\n"
        "      or, for the snapshot's data beside it: pulumi stack init ANOTHER-STACK\n"
        "      or, if the volume is lost or may be deleted: docs/data.md, 'Restore'",
    )


def _found(wanted: str) -> aws.ebs.GetSnapshotResult | None:
    try:
        return aws.ebs.get_snapshot(snapshot_ids=[wanted], owners=["self"])
    # The SDK raises nothing more specific; what isn't meant goes on.
    except Exception as error:
        if any(words in str(error) for words in _NO_SUCH):
            return None
        raise


def _unfinished(found: aws.ebs.GetSnapshotResult) -> list[Mistake]:
    if found.state != "completed":
        problem = f"must be a completed snapshot; {found.id} is {found.state}"
        command = f"aws ec2 wait snapshot-completed --snapshot-ids {found.id}"
        return [Mistake(_KEY, problem, command)]
    if found.storage_tier == "archive":
        problem = f"{found.id} is archived"
        command = f"aws ec2 restore-snapshot-tier --permanent-restore --snapshot-id {found.id}"
        return [Mistake(_KEY, problem, command)]
    return []


def _locked(found: aws.ebs.GetSnapshotResult) -> list[Mistake]:
    """A key that can't be used: AWS would begin a volume, and let it vanish."""
    key = found.kms_key_id
    if not (found.encrypted and key):
        return []
    return encryption_key.unusable(key, _KEY, f"with which {found.id} is encrypted")

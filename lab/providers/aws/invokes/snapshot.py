"""aws:ebs/getSnapshot:getSnapshot.

Source: terraform-provider-aws 6, data source aws_ebs_snapshot.
"""

from __future__ import annotations

from typing import Any, Final

from lab.providers.aws.call import Call
from lab.providers.aws.function import Function
from lab.providers.aws.invokes.filters import FILTERS, filter_list
from lab.providers.aws.invokes.newest import newest
from lab.providers.aws.resources.lookup import given
from lab.providers.aws.schema import BOOL, STRING_LIST, State
from lab.providers.aws.tags import tag_map

# Pulumi's names of what is told as it is, and AWS's.
_PLAIN: Final = {
    "description": "Description",
    "encrypted": "Encrypted",
    "kmsKeyId": "KmsKeyId",
    "ownerId": "OwnerId",
    "snapshotId": "SnapshotId",
    "state": "State",
    "storageTier": "StorageTier",
    "volumeId": "VolumeId",
    "volumeSize": "VolumeSize",
}


def _answer(call: Call, inputs: State) -> State:
    arguments = given(
        Filters=filter_list(inputs) or None,
        OwnerIds=inputs.get("owners"),
        RestorableByUserIds=inputs.get("restorableByUserIds"),
        SnapshotIds=inputs.get("snapshotIds"),
    )
    snapshots: Any = call.ec2.describe_snapshots(**arguments)["Snapshots"]
    chosen = newest(snapshots, "snapshots", lambda one: one["StartTime"], inputs)
    told = {ours: chosen.get(theirs) for ours, theirs in _PLAIN.items()}
    return {
        **inputs,
        **{name: value for name, value in told.items() if value is not None},
        "arn": f"arn:aws:ec2:{call.region}::snapshot/{chosen['SnapshotId']}",
        "id": chosen["SnapshotId"],
        "startTime": chosen["StartTime"].isoformat(),
        "tags": tag_map(chosen.get("Tags")),
    }


SNAPSHOT: Final = Function(
    name="aws:ebs/getSnapshot:getSnapshot",
    noun="snapshot",
    inputs={
        "filters": FILTERS,
        "mostRecent": BOOL,
        "owners": STRING_LIST,
        "restorableByUserIds": STRING_LIST,
        "snapshotIds": STRING_LIST,
    },
    outputs=frozenset({*_PLAIN, "arn", "id", "startTime", "tags"}),
    answer=_answer,
)

"""ModifyVolume, and the wait for its end."""

from __future__ import annotations

from typing import Final

from lab.providers.aws.call import MINUTE, Call
from lab.providers.aws.errors import AwsError
from lab.providers.aws.resources.lookup import find_one

_SECONDS: Final = 10 * MINUTE
_DONE: Final = ("optimizing", "completed")


def wait_for_modification(call: Call, volume: str) -> None:
    """Wait until a volume has the size and type that it was told to have.

    Raises:
        AwsError: AWS couldn't do it.
    """

    def done() -> bool | None:
        modification = find_one(
            lambda: call.ec2.describe_volumes_modifications(VolumeIds=[volume]),
            "VolumesModifications",
        )
        state = (modification or {}).get("ModificationState")
        if state == "failed":
            raise AwsError(f"{volume}: {(modification or {}).get('StatusMessage')}")
        return True if state in _DONE else None

    call.wait(f"{volume} to be modified", done, seconds=_SECONDS)

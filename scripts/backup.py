"""Backs the data up now: a snapshot of the base's or master's data volume on AWS.

uv run openvidu-enterprise backup

First the machine brings to the volume what it still has in memory, while all services go on: MinIO
doesn't wait for that when it confirms an upload. Then AWS takes the snapshot, of that moment, and
copies it for as long as it takes. Ctrl-C ends the waiting only.

Source: Amazon EBS guide, "Create Amazon EBS snapshots"; docs/data.md.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated, Any

import typer
from botocore.exceptions import BotoCoreError, ClientError
from rich.console import Console

from components.resource_names import logical_name
from scripts import aws_session
from scripts.display import waiting
from scripts.expected_errors import expected_errors
from scripts.pulumi_cli import PulumiCli, PulumiError
from scripts.stack_machines import machines

_VOLUME = "aws:ebs/volume:Volume"
_END = "-data"
_PAUSE_SECONDS = 5
_SYNC_SECONDS = 600.0


@dataclass(frozen=True)
class Volume:
    """The volume with the data.

    Attributes:
        id: AWS's.
        machine: `base` or `master`.
        tags: what it carries, and its snapshots, too.
    """

    id: str
    machine: str
    tags: Mapping[str, str]


def main(
    *,
    unsynced: Annotated[
        bool,
        typer.Option(
            "--unsynced",
            help="Don't write its memory to the disk first: for a machine that can't be reached.",
        ),
    ] = False,
    stack: Annotated[str | None, typer.Option(help="Stack; the selected one by default.")] = None,
) -> None:
    """Back the data of base or master up now, while all services go on.

    Exit status: 0 when the snapshot is completed, 1 otherwise.

    Examples:
      uv run openvidu-enterprise backup
      uv run openvidu-enterprise backup --stack production
    """
    console = Console(highlight=False, soft_wrap=True)
    with expected_errors(BotoCoreError, ClientError):
        pulumi = PulumiCli(stack)
        exported = pulumi.export_state(show_secrets=True)
        volume = volume_in(exported)
        ec2 = aws_session.of_stack(pulumi).client("ec2")
        if not unsynced:
            _sync(volume, exported)
        snapshot = begin(ec2, volume)
        console.print(f"{snapshot} of {volume.id}, {volume.machine}'s data: AWS copies it.")
        with waiting(f"{snapshot} to be completed") as now:
            for progress in copied(ec2, snapshot):
                now(f"{snapshot}: {progress}")
                console.print(f"  {progress}")
        console.print(
            f"{snapshot} is completed. To start a new base or master from it:\n"
            f"  pulumi config set restoreFromSnapshot {snapshot}      # docs/data.md, "
            "'Restore'"
        )


def volume_in(exported: Mapping[str, Any]) -> Volume:
    """The volume with the data, in a state that was exported.

    Raises:
        PulumiError: there is none.
    """
    for one in exported["deployment"].get("resources", ()):
        name = logical_name(one["urn"])
        if one["type"] == _VOLUME and name.endswith(_END) and not one.get("delete"):
            tags = (one.get("outputs") or {}).get("tagsAll") or one["inputs"].get("tags") or {}
            return Volume(one["id"], name.removesuffix(_END), tags)
    raise PulumiError(
        "This stack has no data volume on AWS to take a snapshot of.\n"
        "With ha-managed OpenSearch keeps snapshots, and the bucket versions; on "
        "existing machines the data is on the base's disk.\n"
        "  Next: docs/data.md"
    )


def _sync(volume: Volume, exported: Mapping[str, Any]) -> None:
    """Have the machine write what it has in memory.

    Raises:
        PulumiError: it doesn't.
    """
    with waiting(f"{volume.machine} to write what it has in memory"):
        try:
            machines(exported)[volume.machine].ask("sync-data", _SYNC_SECONDS)
        except PulumiError as error:
            raise PulumiError(
                f"{error}\n"
                "Nothing was backed up: what is in its memory would be missing.\n"
                f"  Next: uv run openvidu-enterprise repair {volume.machine}\n"
                "  or, for only what is on the volume: uv run openvidu-enterprise backup "
                "--unsynced"
            ) from None


def begin(ec2: Any, volume: Volume) -> str:
    """Have AWS take the snapshot; returns its id. What is stored later isn't in it."""
    tags = [{"Key": key, "Value": value} for key, value in sorted(volume.tags.items())]
    answer = ec2.create_snapshot(
        VolumeId=volume.id,
        Description=f"{volume.tags.get('Name', volume.id)}, by scripts.backup",
        TagSpecifications=[{"ResourceType": "snapshot", "Tags": tags}] if tags else [],
    )
    return str(answer["SnapshotId"])


def copied(
    ec2: Any, snapshot: str, pause: Callable[[], None] = lambda: time.sleep(_PAUSE_SECONDS)
) -> Iterator[str]:
    """How far AWS is, each time it's further, until the snapshot is completed.

    Raises:
        PulumiError: it failed.
    """
    before = ""
    while True:
        (found,) = ec2.describe_snapshots(SnapshotIds=[snapshot])["Snapshots"]
        if found["State"] == "error":
            raise PulumiError(
                f"{snapshot} failed, says AWS: {found.get('StateMessage') or 'no reason'}\n"
                "  Next: uv run openvidu-enterprise backup"
            )
        progress = found.get("Progress") or "0%"
        if progress != before:
            yield progress
        if found["State"] == "completed":
            return
        before = progress
        pause()


if __name__ == "__main__":
    typer.run(main)

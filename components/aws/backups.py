"""Daily snapshots of a data volume, by the account's own Data Lifecycle Manager (DLM).

A snapshot is of one moment: it holds what a power cut at that moment would leave (docs/data.md).
Source: Amazon EBS guide, "Create Amazon EBS snapshots", "How Amazon Data Lifecycle Manager works".
"""

from __future__ import annotations

from collections.abc import Mapping

import pulumi
import pulumi_aws as aws

from components.aws.iam_policy import allowing
from components.settings.table import Settings

_TIME = "03:00"
"""UTC; DLM begins within an hour of it."""
_TRUSTED = "dlm.amazonaws.com"
_SNAPSHOTS = "arn:*:ec2:*::snapshot/*"


def back_up_daily(
    volume: str, settings: Settings, tags: Mapping[str, str], parent: pulumi.Resource
) -> None:
    """Register what makes and removes the snapshots of a volume.

    Args:
        volume: the tag Name of the volume, which no other has.
        settings: for how long they are kept, and limits of what is made in IAM.
        tags: those that every resource carries.
        parent: what owns the volume.
    """
    named = {**tags, "Name": f"{volume}-backups"}
    role = aws.iam.Role(
        "backup-role",
        path=settings.iam_path,
        permissions_boundary=settings.permissions_boundary,
        assume_role_policy=allowing(
            {"Action": "sts:AssumeRole", "Principal": {"Service": _TRUSTED}}
        ),
        tags=named,
        opts=pulumi.ResourceOptions(parent=parent),
    )
    allowed = aws.iam.RolePolicy(
        "backup-role-policy",
        role=role.name,
        policy=permissions(volume),
        opts=pulumi.ResourceOptions(parent=parent),
    )
    aws.dlm.LifecyclePolicy(
        "backups",
        description="Daily snapshots of the data volume",
        execution_role_arn=role.arn,
        policy_details={
            "resource_types": ["VOLUME"],
            # Of several tags one would be enough.
            "target_tags": {"Name": volume},
            "schedules": [
                {
                    "name": "daily",
                    "copy_tags": True,
                    "create_rule": {"interval": 24, "interval_unit": "HOURS", "times": _TIME},
                    "retain_rule": {"interval": settings.backup_days, "interval_unit": "DAYS"},
                }
            ],
        },
        tags=named,
        opts=pulumi.ResourceOptions(parent=parent, depends_on=[allowed]),
    )


def permissions(volume: str) -> str:
    """A policy that lets DLM make snapshots of one volume, and remove those.

    Source: Amazon EBS guide, AWSDataLifecycleManagerServiceRole; "Service Authorization Reference".

    Args:
        volume: the tag Name of the volume, which its snapshots get, too.
    """
    own = {"StringEquals": {"aws:ResourceTag/Name": volume}}
    return allowing(
        {"Action": "ec2:CreateSnapshot", "Resource": "arn:*:ec2:*:*:volume/*", "Condition": own},
        {"Action": ["ec2:CreateSnapshot", "ec2:CreateTags"], "Resource": _SNAPSHOTS},
        {"Action": "ec2:DeleteSnapshot", "Resource": _SNAPSHOTS, "Condition": own},
        {
            "Action": ["ec2:DescribeInstances", "ec2:DescribeSnapshots", "ec2:DescribeVolumes"],
            "Resource": "*",
        },
    )

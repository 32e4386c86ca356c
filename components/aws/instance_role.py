"""What an instance may do on AWS: a role, and the profile by which an instance has it."""

from __future__ import annotations

from collections.abc import Mapping

import pulumi
import pulumi_aws as aws

from components.aws.iam_policy import allowing
from components.settings.table import Settings


def instance_profile(
    name: str,
    policy: pulumi.Input[str],
    settings: Settings,
    tags: Mapping[str, str],
    parent: pulumi.Resource,
) -> pulumi.Output[str]:
    """Register a role with its profile; returns the profile's name.

    Args:
        name: begins the names of its resources.
        policy: what the role allows.
        settings: limits of what is made in IAM.
        tags: those that every resource carries.
        parent: the component that owns the machines.
    """
    child = pulumi.ResourceOptions(parent=parent)
    role = aws.iam.Role(
        f"{name}-role",
        path=settings.iam_path,
        permissions_boundary=settings.permissions_boundary,
        assume_role_policy=allowing(
            {"Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}
        ),
        tags=tags,
        opts=child,
    )
    allowed = aws.iam.RolePolicy(f"{name}-role-policy", role=role.name, policy=policy, opts=child)
    profile = aws.iam.InstanceProfile(
        f"{name}-profile",
        path=settings.iam_path,
        role=role.name,
        tags=tags,
        opts=pulumi.ResourceOptions(parent=parent, depends_on=[allowed]),
    )
    return profile.name

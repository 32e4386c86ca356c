"""What lets the machine that moves nodes publish on the topics that `notify` names, and no other.

Source: Service Authorization Reference, SNS, Publish.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pulumi

from components.aws import session_manager
from components.aws.actions import PUBLISH
from components.aws.iam_policy import allowing
from components.aws.instance_role import instance_profile
from components.settings.notified import topics
from components.settings.table import Settings
from openvidu.roles import BASTION


def rights(settings: Settings) -> Sequence[Mapping[str, object]]:
    """Statements of a policy; none where no topic is named."""
    named = topics(settings.notify)
    if not named:
        return []
    return [{"Action": PUBLISH, "Resource": named[0] if len(named) == 1 else list(named)}]


def profile(
    settings: Settings, tags: Mapping[str, str], parent: pulumi.Resource
) -> pulumi.Output[str] | None:
    """Register what lets a base or a master publish; returns the instance profile's name.

    An instance has one profile: what SSH takes goes in there, too.

    Args:
        settings: names the topics, and limits of what is made in IAM.
        tags: those that every resource carries.
        parent: the component that owns the machines.

    Returns:
        None where no topic is named; a bastion has this right in a profile of its own.
    """
    published = rights(settings)
    if not published or settings.main_role is BASTION:
        return None
    by_sessions = [session_manager.OF_THE_AGENT] if session_manager.is_wanted(settings) else []
    policy = allowing(*published, *by_sessions)
    return instance_profile("notify", policy, settings, tags, parent)

"""The calls of the provider, as the permissions that AWS asks for.

Source: AWS, "Service Authorization Reference": GetCallerIdentity needs none.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from fnmatch import fnmatchcase
from typing import Any, Final

import pytest
from botocore.client import BaseClient

from components.aws.actions import ALWAYS, BY_TYPE
from lab.cloud.aws.asked import permission

_FREE: Final = "sts:GetCallerIdentity"
# The program gives an interface one address, which stays.
_BEYOND: Final = {"ec2:AssignPrivateIpAddresses", "ec2:UnassignPrivateIpAddresses"}
# What is needed beside each type's own: what it stands on is deployed with it.
_WITH: Final = {
    "aws:ec2/instance:Instance": ("aws:ec2/networkInterface:NetworkInterface",),
    "aws:elasticache/subnetGroup:SubnetGroup": (
        "aws:elasticache/replicationGroup:ReplicationGroup",
    ),
    "aws:lb/listener:Listener": ("aws:lb/loadBalancer:LoadBalancer",),
    "aws:lb/targetGroup:TargetGroup": ("aws:lb/loadBalancer:LoadBalancer",),
}
_BUCKET: Final = "aws:s3/bucket:Bucket"


@contextmanager
def recorded() -> Iterator[set[str]]:
    """The permissions that calls ask for while this is open."""
    asked: set[str] = set()
    call = BaseClient._make_api_call  # type: ignore[attr-defined]

    def recording(self: Any, operation: str, arguments: Any) -> Any:
        asked.add(permission(self.meta.service_model.signing_name, operation))
        return call(self, operation, arguments)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(BaseClient, "_make_api_call", recording)
        yield asked


def not_allowed(token: str, asked: set[str]) -> set[str]:
    """What the policy of who deploys a resource type doesn't allow."""
    types = (token, *_WITH.get(token, ()), *((_BUCKET,) if ":Bucket" in token else ()))
    allowed = {*ALWAYS, *(action for kind in types for action in BY_TYPE[kind]), *_BEYOND, _FREE}
    return {
        action for action in asked if not any(fnmatchcase(action, pattern) for pattern in allowed)
    }

"""Buckets as far as moto lacks them.

It applies the statements of their policies whatever their conditions are.
Machines reach the lab's S3 over TLS, and the operator's endpoint stands for one with TLS. So a
statement about connections without it is about nobody here.
"""

from __future__ import annotations

import json
from typing import Any

from moto.iam.access_control import IAMPolicy, PermissionResult
from moto.s3.models import FakeBucket, FakeDeleteMarker

from lab.cloud.aws.patching import put

_WITHOUT_TLS = {"Bool": {"aws:SecureTransport": "false"}}


def install() -> None:
    """Have moto mind that condition."""

    def get_permission(self: Any, action: str, resource: str) -> Any:
        if self.policy is None:
            return PermissionResult.NEUTRAL
        document = json.loads(self.policy)
        statements = [one for one in document["Statement"] if one.get("Condition") != _WITHOUT_TLS]
        if not statements:
            return PermissionResult.NEUTRAL
        policy = IAMPolicy(json.dumps({**document, "Statement": statements}))
        return policy.is_action_permitted(action, resource)

    put(FakeBucket, "get_permission", get_permission)
    # What is deleted in a bucket with versions leaves a marker, which moto can't remove.
    setattr(FakeDeleteMarker, "dispose", lambda self: None)  # noqa: B010 - it has none

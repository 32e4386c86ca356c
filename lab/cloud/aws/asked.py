"""What has been asked of the fake AWS, and by whom, as the permissions that AWS wants for it.

Source: AWS, "Service Authorization Reference": a permission is named as the call, but where S3 has
its own names, and CloudWatch signs with another name than its permissions have.
"""

from __future__ import annotations

import threading
from collections import defaultdict
from typing import Any, Final

from moto.core.authorization import ActionAuthenticatorMixin

from lab.cloud.aws.patching import put
from lab.cloud.aws.signed import signed

_NAMES: Final = {
    "s3:DeleteBucketEncryption": "s3:PutEncryptionConfiguration",
    "s3:DeleteBucketLifecycle": "s3:PutLifecycleConfiguration",
    "s3:DeletePublicAccessBlock": "s3:PutBucketPublicAccessBlock",
    "s3:GetBucketEncryption": "s3:GetEncryptionConfiguration",
    "s3:GetBucketLifecycleConfiguration": "s3:GetLifecycleConfiguration",
    "s3:GetPublicAccessBlock": "s3:GetBucketPublicAccessBlock",
    "s3:HeadBucket": "s3:ListBucket",
    "s3:ListObjectVersions": "s3:ListBucketVersions",
    "s3:PutBucketEncryption": "s3:PutEncryptionConfiguration",
    "s3:PutBucketLifecycleConfiguration": "s3:PutLifecycleConfiguration",
    "s3:PutPublicAccessBlock": "s3:PutBucketPublicAccessBlock",
}
_SERVICES: Final = {"monitoring": "cloudwatch"}


def permission(service: str, operation: str) -> str:
    """The permission that AWS wants for a call.

    Args:
        service: the name with which calls of the service are signed.
        operation: the call's name in the service's API.
    """
    action = f"{_SERVICES.get(service, service)}:{operation}"
    return _NAMES.get(action, action)


class Asked:
    """The permissions that calls have wanted so far, by the access key that signed them."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._by_key: defaultdict[str, set[str]] = defaultdict(set)

    def install(self) -> None:
        """Take note of each call where moto would look whether it's allowed."""

        def noting(response: Any, request: type, resource: str = "*") -> None:
            by = signed(response.headers.get("Authorization"))
            if by and (operation := response._get_action()):
                with self._lock:
                    self._by_key[by.key].add(permission(by.service, operation))
            before(response, request, resource)

        before = put(ActionAuthenticatorMixin, "_authenticate_and_authorize_action", noting)

    def list(self) -> dict[str, list[str]]:
        """What was asked, by access key."""
        with self._lock:
            return {key: sorted(actions) for key, actions in self._by_key.items()}

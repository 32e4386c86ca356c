"""Permissions boundaries of users, which moto lacks; it has those of roles.

Source: IAM API reference, CreateUser, GetUser, PutUserPermissionsBoundary.
"""

from __future__ import annotations

from typing import Any

from moto.core.responses import ActionResult, EmptyResult
from moto.iam.models import User
from moto.iam.responses import IamResponse

from lab.cloud.aws.patching import put


def install() -> None:
    """Complete moto."""

    def create_user(self: Any) -> ActionResult:
        answer: ActionResult = create(self)
        _bind(self, self._get_param("PermissionsBoundary"))
        return answer

    def put_user_permissions_boundary(self: Any) -> EmptyResult:
        _bind(self, self._get_param("PermissionsBoundary"))
        return EmptyResult()

    def delete_user_permissions_boundary(self: Any) -> EmptyResult:
        _bind(self, None)
        return EmptyResult()

    create = put(IamResponse, "create_user", create_user)
    for added in (put_user_permissions_boundary, delete_user_permissions_boundary):
        setattr(IamResponse, added.__name__, added)
    # What is answered is read from there.
    setattr(User, "permissions_boundary", None)  # noqa: B010 - it has none


def _bind(response: Any, arn: str | None) -> None:
    user = response.backend.get_user(response._get_param("UserName"))
    kind = {"PermissionsBoundaryType": "PermissionsBoundaryPolicy", "PermissionsBoundaryArn": arn}
    user.permissions_boundary = kind if arn else None

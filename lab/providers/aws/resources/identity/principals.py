"""aws:iam/user:User, aws:iam/role:Role and aws:iam/instanceProfile:InstanceProfile."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from botocore.exceptions import ClientError

from lab.providers.aws.call import Call
from lab.providers.aws.errors import gone_is_fine, is_gone
from lab.providers.aws.facts import Addition, fact, facts
from lab.providers.aws.resource_type import AutoName, Change, ResourceType, Retag, update
from lab.providers.aws.resources.identity.policies import IAM_NAME, json_object, shown
from lab.providers.aws.resources.lookup import given
from lab.providers.aws.rules import characters, not_empty
from lab.providers.aws.schema import State
from lab.providers.aws.tags import tag_list, tag_map

_USER, _ROLE, _PROFILE = "User", "Role", "InstanceProfile"


def _name(identifier: str, state: State) -> str:
    """The name as it is: a user keeps its id under another name."""
    return str(state.get("name") or identifier)


def _asked(call: Call, ask: str, name: str, kind: str) -> dict[str, Any] | None:
    try:
        found: dict[str, Any] = getattr(call.client("iam"), ask)(**{f"{kind}Name": name})[kind]
    except ClientError as error:
        if is_gone(error):
            return None
        raise
    return found


def _retag(kind: str, noun: str) -> Retag:
    def retag(call: Call, target: str, old: Mapping[str, str], new: Mapping[str, str]) -> None:
        named, iam = {f"{kind}Name": target}, call.client("iam")
        if removed := sorted(set(old) - set(new)):
            getattr(iam, f"untag_{noun}")(TagKeys=removed, **named)
        if new:
            getattr(iam, f"tag_{noun}")(Tags=tag_list(new), **named)

    return retag


def _deleted(noun: str, kind: str) -> Callable[[Call, str, State], None]:
    def delete(call: Call, identifier: str, state: State) -> None:
        with gone_is_fine():
            name = _name(identifier, state)
            getattr(call.client("iam"), f"delete_{noun}")(**{f"{kind}Name": name})

    return delete


def _made_with(inputs: State) -> dict[str, Any]:
    return given(
        Path=inputs.get("path"),
        PermissionsBoundary=inputs.get("permissionsBoundary"),
        Tags=tag_list(inputs.get("tagsAll") or {}),
    )


def _boundary(found: Mapping[str, Any]) -> str | None:
    told = found.get("PermissionsBoundary") or {}
    return told.get("PermissionsBoundaryArn")


def _bound(kind: str, noun: str) -> Callable[[Call, str, Change], None]:
    def bind(call: Call, identifier: str, change: Change) -> None:
        named, iam = {f"{kind}Name": _name(identifier, change.old)}, call.client("iam")
        if boundary := change.new.get("permissionsBoundary"):
            put = getattr(iam, f"put_{noun}_permissions_boundary")
            put(PermissionsBoundary=boundary, **named)
        else:
            getattr(iam, f"delete_{noun}_permissions_boundary")(**named)

    return bind


def _create_user(call: Call, inputs: State) -> str:
    call.client("iam").create_user(UserName=inputs["name"], **_made_with(inputs))
    return str(inputs["name"])


def _move_user(call: Call, identifier: str, change: Change) -> None:
    call.client("iam").update_user(
        UserName=_name(identifier, change.old),
        NewUserName=_name(identifier, change.new),
        NewPath=change.new["path"],
    )


def _read_user(call: Call, identifier: str, state: State) -> State | None:
    found = _asked(call, "get_user", _name(identifier, state), _USER)
    return found and {
        "arn": found["Arn"],
        "name": found["UserName"],
        "path": found["Path"],
        "permissionsBoundary": _boundary(found),
        "tagsAll": tag_map(found.get("Tags")),
        "uniqueId": found["UserId"],
    }


def _create_role(call: Call, inputs: State) -> str:
    call.client("iam").create_role(
        RoleName=inputs["name"],
        AssumeRolePolicyDocument=inputs["assumeRolePolicy"],
        **_made_with(inputs),
    )
    return str(inputs["name"])


def _read_role(call: Call, identifier: str, state: State) -> State | None:
    found = _asked(call, "get_role", identifier, _ROLE)
    return found and {
        "arn": found["Arn"],
        "assumeRolePolicy": shown(found["AssumeRolePolicyDocument"]),
        "name": identifier,
        "path": found["Path"],
        "permissionsBoundary": _boundary(found),
        "tagsAll": tag_map(found.get("Tags")),
        "uniqueId": found["RoleId"],
    }


def _trust(call: Call, identifier: str, change: Change) -> None:
    call.client("iam").update_assume_role_policy(
        RoleName=identifier, PolicyDocument=change.new["assumeRolePolicy"]
    )


def _create_profile(call: Call, inputs: State) -> str:
    given_too = _made_with(inputs)
    call.client("iam").create_instance_profile(InstanceProfileName=inputs["name"], **given_too)
    return str(inputs["name"])


def _settle_profile(call: Call, identifier: str, inputs: State) -> None:
    if inputs.get("role"):
        _add_role(call, identifier, inputs["role"])


def _add_role(call: Call, profile: str, role: str) -> None:
    call.client("iam").add_role_to_instance_profile(InstanceProfileName=profile, RoleName=role)


def _read_profile(call: Call, identifier: str, state: State) -> State | None:
    found = _asked(call, "get_instance_profile", identifier, _PROFILE)
    return found and {
        "arn": found["Arn"],
        "name": identifier,
        "path": found["Path"],
        "role": found["Roles"][0]["RoleName"] if found["Roles"] else None,
        "tagsAll": tag_map(found.get("Tags")),
        "uniqueId": found["InstanceProfileId"],
    }


def _change_role(call: Call, identifier: str, change: Change) -> None:
    _without_role(call, identifier, change.old)
    _settle_profile(call, identifier, change.new)


def _without_role(call: Call, identifier: str, state: State) -> None:
    if state.get("role"):
        with gone_is_fine():
            call.client("iam").remove_role_from_instance_profile(
                InstanceProfileName=identifier, RoleName=state["role"]
            )


def _delete_profile(call: Call, identifier: str, state: State) -> None:
    _without_role(call, identifier, state)
    _deleted("instance_profile", _PROFILE)(call, identifier, state)


def _names(limit: int) -> dict[str, Addition]:
    """A name, or what a random end of 26 characters is put to."""
    prefix = fact(IAM_NAME, characters(1, limit - 26))
    return {"name": fact(IAM_NAME, characters(1, limit)), "namePrefix": prefix}


USER: Final = ResourceType(
    name="aws:iam/user:User",
    noun="user",
    inputs={
        **facts("permissionsBoundary"),
        "name": fact(IAM_NAME, not_empty),
        "path": fact(default="/"),
    },
    autoname=AutoName("name", limit=64),
    regional=False,
    create=_create_user,
    read=_read_user,
    updates=(
        update(_bound(_USER, "user"), "permissionsBoundary"),
        update(_move_user, "name", "path"),
    ),
    delete=_deleted("user", _USER),
    tag_target=_name,
    retag=_retag(_USER, "user"),
)
ROLE: Final = ResourceType(
    name="aws:iam/role:Role",
    noun="role",
    inputs={
        **facts("permissionsBoundary"),
        "assumeRolePolicy": fact(json_object, normal=shown),
        "path": fact(default="/"),
        **_names(64),
    },
    autoname=AutoName("name", "namePrefix", limit=64),
    regional=False,
    create=_create_role,
    read=_read_role,
    updates=(
        update(_trust, "assumeRolePolicy"),
        update(_bound(_ROLE, "role"), "permissionsBoundary"),
    ),
    delete=_deleted("role", _ROLE),
    retag=_retag(_ROLE, "role"),
)
INSTANCE_PROFILE: Final = ResourceType(
    name="aws:iam/instanceProfile:InstanceProfile",
    noun="instance profile",
    inputs={**facts("role"), "path": fact(default="/"), **_names(128)},
    autoname=AutoName("name", "namePrefix", limit=128),
    regional=False,
    create=_create_profile,
    settle=_settle_profile,
    read=_read_profile,
    updates=(update(_change_role, "role"),),
    delete=_delete_profile,
    retag=_retag(_PROFILE, "instance_profile"),
)

"""aws:iam/userPolicy:UserPolicy and aws:iam/rolePolicy:RolePolicy, and policies as texts."""

from __future__ import annotations

import json
from typing import Any, Final

from botocore.exceptions import ClientError

from lab.providers.aws.call import Call
from lab.providers.aws.errors import gone_is_fine, is_gone
from lab.providers.aws.facts import fact, facts
from lab.providers.aws.resource_type import AutoName, Change, ResourceType, update
from lab.providers.aws.rules import characters, matches
from lab.providers.aws.schema import State

IAM_NAME: Final = matches(r"[\w+=,.@-]*", "letters, digits and any of _+=,.@-")


def json_text(value: Any) -> str | None:
    """The value is JSON."""
    try:
        json.loads(value)
    except ValueError:
        return "expected a policy as JSON"
    return None


def json_object(value: Any) -> str | None:
    """The value is a JSON object, as IAM's policies are."""
    try:
        document = json.loads(value)
    except ValueError:
        document = None
    return None if isinstance(document, dict) else "expected a policy as a JSON object"


def shown(policy: Any) -> str:
    """A policy as one text, however it was written."""
    try:
        document = policy if isinstance(policy, dict) else json.loads(policy)
    except ValueError:
        return str(policy)
    return json.dumps(document, sort_keys=True, separators=(",", ":"))


def _table(owner: str) -> ResourceType:
    """The table of the policies of users or roles."""
    kind = owner.title()

    def create(call: Call, inputs: State) -> str:
        _put(call, inputs)
        return f"{inputs[owner]}:{inputs['name']}"

    def _put(call: Call, inputs: State) -> None:
        getattr(call.client("iam"), f"put_{owner}_policy")(
            **{f"{kind}Name": inputs[owner]},
            PolicyName=inputs["name"],
            PolicyDocument=inputs["policy"],
        )

    def read(call: Call, identifier: str, state: State) -> State | None:
        whose, _, name = identifier.partition(":")
        ask = getattr(call.client("iam"), f"get_{owner}_policy")
        try:
            found = ask(**{f"{kind}Name": whose}, PolicyName=name)
        except ClientError as error:
            if is_gone(error):
                return None
            raise
        return {owner: whose, "name": name, "policy": shown(found["PolicyDocument"])}

    def change(call: Call, identifier: str, change: Change) -> None:
        _put(call, {**change.new, "name": identifier.partition(":")[2]})

    def delete(call: Call, identifier: str, state: State) -> None:
        whose, _, name = identifier.partition(":")
        with gone_is_fine():
            remove = getattr(call.client("iam"), f"delete_{owner}_policy")
            remove(**{f"{kind}Name": whose}, PolicyName=name)

    return ResourceType(
        name=f"aws:iam/{owner}Policy:{kind}Policy",
        noun=f"policy of a {owner}",
        inputs={
            **facts("namePrefix"),
            "name": fact(IAM_NAME, characters(1, 128)),
            owner: fact(characters(1, 128)),
            "policy": fact(json_object, normal=shown),
        },
        autoname=AutoName("name", "namePrefix", limit=128),
        regional=False,
        create=create,
        read=read,
        updates=(update(change, "policy"),),
        delete=delete,
    )


USER_POLICY: Final = _table("user")
ROLE_POLICY: Final = _table("role")

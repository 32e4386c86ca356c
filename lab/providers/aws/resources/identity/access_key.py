"""aws:iam/accessKey:AccessKey. AWS tells the secret once, when it's made."""

from __future__ import annotations

from typing import Final

from lab.providers.aws.call import Call
from lab.providers.aws.errors import gone_is_fine
from lab.providers.aws.facts import facts
from lab.providers.aws.resource_type import Located, ResourceType
from lab.providers.aws.schema import State


def _create(call: Call, inputs: State) -> str:
    made = call.client("iam").create_access_key(UserName=inputs["user"])["AccessKey"]
    # What is read after this is completed by what was known before.
    inputs["secret"] = made["SecretAccessKey"]
    return str(made["AccessKeyId"])


def _locate(call: Call, identifier: str) -> Located | None:
    with gone_is_fine():
        used = call.client("iam").get_access_key_last_used(AccessKeyId=identifier)
        return Located(identifier, {"user": used["UserName"]})
    return None


def _read(call: Call, identifier: str, state: State) -> State | None:
    with gone_is_fine():
        keys = call.client("iam").list_access_keys(UserName=state["user"])["AccessKeyMetadata"]
        for key in keys:
            if key["AccessKeyId"] == identifier:
                return {
                    "secret": state.get("secret"),
                    "status": key["Status"],
                    "user": state["user"],
                }
    return None


def _delete(call: Call, identifier: str, state: State) -> None:
    with gone_is_fine():
        call.client("iam").delete_access_key(UserName=state["user"], AccessKeyId=identifier)


ACCESS_KEY: Final = ResourceType(
    name="aws:iam/accessKey:AccessKey",
    noun="access key",
    inputs=facts("user"),
    outputs=frozenset({"status"}),
    regional=False,
    create=_create,
    locate=_locate,
    read=_read,
    delete=_delete,
)

"""aws:ec2/keyPair:KeyPair.

Source: terraform-provider-aws 6, aws_key_pair.
"""

from __future__ import annotations

from typing import Any, Final

from lab.providers.aws.call import Call
from lab.providers.aws.errors import gone_is_fine
from lab.providers.aws.facts import fact, facts
from lab.providers.aws.resource_type import AutoName, ResourceType
from lab.providers.aws.resources.lookup import find_one, given
from lab.providers.aws.rules import characters, public_key
from lab.providers.aws.schema import State, conflicts
from lab.providers.aws.tags import specification, tag_map


def _create(call: Call, inputs: State) -> str:
    name = inputs.get("keyName") or f"{inputs['keyNamePrefix']}{call.token[:26]}"
    answer = call.ec2.import_key_pair(
        KeyName=name,
        PublicKeyMaterial=inputs["publicKey"].encode(),
        **given(TagSpecifications=specification("key-pair", inputs)),
    )
    return answer["KeyName"]


def _find(call: Call, identifier: str) -> dict[str, Any] | None:
    return find_one(lambda: call.ec2.describe_key_pairs(KeyNames=[identifier]), "KeyPairs")


def _read(call: Call, identifier: str, state: State) -> State | None:
    pair = _find(call, identifier)
    if pair is None:
        return None
    return {
        "arn": call.arn("key-pair", identifier),
        "fingerprint": pair.get("KeyFingerprint"),
        "keyName": pair.get("KeyName"),
        "keyPairId": pair.get("KeyPairId"),
        "keyType": pair.get("KeyType"),
        "tagsAll": tag_map(pair.get("Tags")),
    }


def _tag_target(identifier: str, state: State) -> str:
    return str(state["keyPairId"])


def _delete(call: Call, identifier: str, state: State) -> None:
    with gone_is_fine():
        call.ec2.delete_key_pair(KeyName=identifier)


KEY_PAIR: Final = ResourceType(
    name="aws:ec2/keyPair:KeyPair",
    noun="key pair",
    inputs={
        **facts("keyNamePrefix"),
        "keyName": fact(characters(0, 255)),
        "publicKey": fact(public_key, normal=str.strip),
    },
    checks=(conflicts("keyName", "keyNamePrefix"),),
    autoname=AutoName("keyName", "keyNamePrefix"),
    tag_target=_tag_target,
    create=_create,
    read=_read,
    delete=_delete,
)

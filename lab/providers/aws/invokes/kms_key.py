"""aws:kms/getKey:getKey.

Source: terraform-provider-aws 6, data source aws_kms_key.
"""

from __future__ import annotations

from typing import Any, Final

from lab.providers.aws.call import Call
from lab.providers.aws.function import Function
from lab.providers.aws.schema import STRING_LIST, State, string

# Pulumi's names of what is told as it is, and AWS's.
_PLAIN: Final = {
    "arn": "Arn",
    "awsAccountId": "AWSAccountId",
    "customerMasterKeySpec": "CustomerMasterKeySpec",
    "description": "Description",
    "enabled": "Enabled",
    "id": "KeyId",
    "keyManager": "KeyManager",
    "keySpec": "KeySpec",
    "keyState": "KeyState",
    "keyUsage": "KeyUsage",
    "multiRegion": "MultiRegion",
    "origin": "Origin",
}


def _answer(call: Call, inputs: State) -> State:
    asked = {"KeyId": inputs["keyId"], "GrantTokens": inputs.get("grantTokens") or []}
    key: Any = call.client("kms").describe_key(**asked)["KeyMetadata"]
    told = {ours: key.get(theirs) for ours, theirs in _PLAIN.items()}
    # What AWS takes where nothing is said, moto leaves open. Source: KMS API, CreateKey.
    told["keyUsage"] = told["keyUsage"] or "ENCRYPT_DECRYPT"
    return {**inputs, **{name: value for name, value in told.items() if value is not None}}


KMS_KEY: Final = Function(
    name="aws:kms/getKey:getKey",
    noun="KMS key",
    inputs={"grantTokens": STRING_LIST, "keyId": string(required=True)},
    outputs=frozenset({*_PLAIN}),
    answer=_answer,
)

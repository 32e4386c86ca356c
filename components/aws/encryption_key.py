"""Whether a KMS key can encrypt what is made: AWS begins it with any key, and lets it vanish.

Source: EC2 API, CreateVolume, KmsKeyId: AWS looks at it asynchronously, so that with a wrong one
"the action can appear to complete, but eventually fails". KMS API, DescribeKey, KeyMetadata.
"""

from __future__ import annotations

import pulumi
import pulumi_aws as aws

from components.aws.refusal import reason_of
from components.previous_state import PreviousState
from components.settings.mistakes import Mistake
from components.settings.table import Settings

_CONFIGURED = "kmsKeyId"
_NO_SUCH = "NotFoundException"
_USABLE = "Enabled"
_SYMMETRIC = ("SYMMETRIC_DEFAULT", "ENCRYPT_DECRYPT")


def find_mistakes(settings: Settings, previous: PreviousState) -> list[Mistake]:
    """Why the configured key can't encrypt the machines that would be made, if it can't.

    Args:
        settings: what is wanted.
        previous: what is deployed.
    """
    key = settings.kms_key_id
    if key is None or settings.instance_types.keys() <= previous.instance_types.keys():
        return []
    return unusable(key, _CONFIGURED, "with which machines are to be encrypted")


def unusable(key: str, configured: str, what: str) -> list[Mistake]:
    """Why a key can't be used, if it can't; warned of where AWS doesn't tell.

    Args:
        key: its ARN.
        configured: the configuration's key that is wrong then.
        what: what it's for, as in `with which … is encrypted`.
    """
    show = f"aws kms describe-key --key-id {key}"
    try:
        found = aws.kms.get_key(key_id=key)
    # The SDK raises nothing more specific.
    except Exception as error:
        if _NO_SUCH in str(error):
            return [Mistake(configured, f"{key}, {what}, doesn't exist", show)]
        pulumi.log.warn(
            f"Couldn't check whether {key}, {what}, can be used; that needs the permission "
            f"kms:DescribeKey. Asking AWS failed: {reason_of(error)}"
        )
        return []
    if found.key_state != _USABLE:
        problem = f"{key}, {what}, must be {_USABLE}; it is {found.key_state}"
        return [Mistake(configured, problem, show)]
    if (found.key_spec, found.key_usage) != _SYMMETRIC:
        problem = f"{key}, {what}, must be symmetric, for encryption; it is {found.key_spec}"
        return [Mistake(configured, problem, show)]
    return []

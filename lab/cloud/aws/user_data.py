"""User data in ModifyInstanceAttribute, which moto decodes twice, or keeps as the text b''.

Source: EC2 API reference, ModifyInstanceAttribute (UserData, BlobAttributeValue).
"""

from __future__ import annotations

from typing import Any

import moto.ec2.responses.instances
from moto.core.types import Base64EncodedString
from moto.ec2.models.instances import InstanceBackend

from lab.cloud.aws.patching import put


def install() -> None:
    """Complete moto."""

    def parse_user_data(value: Any) -> Any:
        if isinstance(value, bytes):
            return Base64EncodedString.from_raw_bytes(value)
        return parse(value)

    def modify_instance_attribute(self: Any, instance_id: str, key: str, value: Any) -> Any:
        return modify(self, instance_id, key, None if key == "user_data" and not value else value)

    parse = put(moto.ec2.responses.instances, "parse_user_data", parse_user_data)
    modify = put(InstanceBackend, "modify_instance_attribute", modify_instance_attribute)

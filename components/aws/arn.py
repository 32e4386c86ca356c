"""The name of an instance in all of AWS."""

from __future__ import annotations

from dataclasses import dataclass

NO_SUCH_INSTANCE = "InvalidInstanceID.NotFound"
"""The code of AWS's answer. Source: EC2 API, "Error codes"."""
GONE_STATUS = 10
"""Exit status of `scripts.instance_power` where there is no such instance any more."""


@dataclass(frozen=True)
class InstanceArn:
    """An instance's name in all of AWS: arn:aws:ec2:REGION:ACCOUNT:instance/ID."""

    region: str
    account: str
    instance_id: str

    @classmethod
    def parse(cls, text: str) -> InstanceArn:
        """Read an ARN.

        Raises:
            ValueError: it's none of an instance.
        """
        parts = text.split(":")
        if len(parts) != 6 or not parts[5].startswith("instance/"):
            raise ValueError(f"{text}: expected arn:aws:ec2:REGION:ACCOUNT:instance/ID")
        return cls(parts[3], parts[4], parts[5].removeprefix("instance/"))

    def __str__(self) -> str:
        return f"arn:aws:ec2:{self.region}:{self.account}:instance/{self.instance_id}"

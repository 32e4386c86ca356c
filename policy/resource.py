"""A resource as the rules see it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from components.resource_names import is_owners

INSTANCE = "aws:ec2/instance:Instance"
INGRESS = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"
SECURITY_GROUP = "aws:ec2/securityGroup:SecurityGroup"
VOLUME = "aws:ebs/volume:Volume"
BUCKET = "aws:s3/bucket:Bucket"
BUCKET_ENCRYPTION = (
    "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration"
)
REDIS = "aws:elasticache/replicationGroup:ReplicationGroup"
SEARCH = "aws:opensearch/domain:Domain"
LOAD_BALANCER = "aws:lb/loadBalancer:LoadBalancer"
LOCAL_COMMAND = "command:local:Command"


@dataclass(frozen=True)
class Resource:
    """A resource that is to be, or that is.

    Attributes:
        urn: its URN.
        type: such as `aws:ec2/instance:Instance`.
        name: its logical name, such as `node-1`.
        props: its properties, by the names that the provider gives them.
        protect: whether Pulumi keeps it from being deleted.
        uses: URNs of the resources that its properties come from; known of a stack only.
    """

    urn: str
    type: str
    name: str
    props: Mapping[str, Any] = field(repr=False)
    protect: bool = False
    uses: frozenset[str] = frozenset()

    @property
    def tags(self) -> Mapping[str, str]:
        """Its tags; empty where it has none."""
        return self.props.get("tags") or {}

    @property
    def is_owners(self) -> bool:
        """Whether somebody made it by hand, and it was taken over as it is."""
        return is_owners(self.name)

    @property
    def role(self) -> str:
        """What it is for, by its tag `role`: `base`, `node` and so on."""
        return str(self.tags.get("role") or "")


@dataclass(frozen=True)
class Violation:
    """What is against a rule, and the URN of the resource that it's about."""

    urn: str
    message: str

"""What who deploys has to be allowed on AWS, by the types of resources that are made.

python -m components.aws.permissions
python -m components.aws.permissions --shape ha-managed > policy.json

prints an IAM policy. Source: terraform-provider-aws 6, the calls of each resource; AWS, "Service
Authorization Reference".
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from components.aws.account import PERMISSIONS as FOR_QUOTAS
from components.settings import DEFAULT_BUCKET, HA, HA_MANAGED, SINGLE_MASTER


def _ec2(*actions: str) -> tuple[str, ...]:
    return tuple(f"ec2:{action}" for action in actions)


ALWAYS = (
    "ec2:Describe*",
    "ec2:CreateTags",
    "ec2:DeleteTags",
    "ec2:GetConsoleOutput",
    *FOR_QUOTAS[:2],
)
"""For any shape: to look, to tag, to read host keys, and to ask for quotas."""
BY_TYPE: Mapping[str, Sequence[str]] = {
    "aws:ec2/vpc:Vpc": _ec2("CreateVpc", "DeleteVpc", "ModifyVpcAttribute"),
    "aws:ec2/internetGateway:InternetGateway": _ec2(
        "CreateInternetGateway",
        "DeleteInternetGateway",
        "AttachInternetGateway",
        "DetachInternetGateway",
    ),
    "aws:ec2/routeTable:RouteTable": _ec2("CreateRouteTable", "DeleteRouteTable"),
    "aws:ec2/route:Route": _ec2("CreateRoute", "DeleteRoute", "ReplaceRoute"),
    "aws:ec2/subnet:Subnet": _ec2("CreateSubnet", "DeleteSubnet", "ModifySubnetAttribute"),
    "aws:ec2/routeTableAssociation:RouteTableAssociation": _ec2(
        "AssociateRouteTable", "DisassociateRouteTable", "ReplaceRouteTableAssociation"
    ),
    "aws:ec2/securityGroup:SecurityGroup": _ec2(
        "CreateSecurityGroup",
        "DeleteSecurityGroup",
        # A new group of AWS's allows all outbound traffic: that rule is taken away first.
        "RevokeSecurityGroupEgress",
        "RevokeSecurityGroupIngress",
    ),
    "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule": _ec2(
        "AuthorizeSecurityGroupIngress",
        "RevokeSecurityGroupIngress",
        "ModifySecurityGroupRules",
    ),
    "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule": _ec2(
        "AuthorizeSecurityGroupEgress", "RevokeSecurityGroupEgress", "ModifySecurityGroupRules"
    ),
    "aws:ec2/keyPair:KeyPair": _ec2("ImportKeyPair", "DeleteKeyPair"),
    "aws:ec2/networkInterface:NetworkInterface": _ec2(
        "CreateNetworkInterface",
        "DeleteNetworkInterface",
        "ModifyNetworkInterfaceAttribute",
        "AttachNetworkInterface",
        "DetachNetworkInterface",
    ),
    "aws:ec2/eip:Eip": _ec2(
        "AllocateAddress", "ReleaseAddress", "AssociateAddress", "DisassociateAddress"
    ),
    "aws:ec2/instance:Instance": _ec2(
        "RunInstances",
        "TerminateInstances",
        "StartInstances",
        "StopInstances",
        # `scripts.repair` does.
        "RebootInstances",
        "ModifyInstanceAttribute",
        "ModifyInstanceMetadataOptions",
        "ModifyVolume",
        # A profile that is added to an instance, or taken from it, without another instance.
        "AssociateIamInstanceProfile",
        "DisassociateIamInstanceProfile",
        "ReplaceIamInstanceProfileAssociation",
    ),
    "aws:ebs/volume:Volume": _ec2("CreateVolume", "DeleteVolume", "ModifyVolume"),
    "aws:ec2/volumeAttachment:VolumeAttachment": _ec2("AttachVolume", "DetachVolume"),
    "aws:route53/record:Record": (
        "route53:GetHostedZone",
        "route53:ChangeResourceRecordSets",
        "route53:ListResourceRecordSets",
        "route53:GetChange",
    ),
    "aws:lb/loadBalancer:LoadBalancer": (
        "elasticloadbalancing:Describe*",
        "elasticloadbalancing:AddTags",
        "elasticloadbalancing:RemoveTags",
        "elasticloadbalancing:CreateLoadBalancer",
        "elasticloadbalancing:DeleteLoadBalancer",
        "elasticloadbalancing:ModifyLoadBalancerAttributes",
        "elasticloadbalancing:SetSecurityGroups",
        "elasticloadbalancing:SetSubnets",
        # AWS looks at the VPC's groups as who makes the load balancer. Source: the policy that AWS
        # has for its Load Balancer Controller.
        "ec2:GetSecurityGroupsForVpc",
    ),
    "aws:lb/targetGroup:TargetGroup": (
        "elasticloadbalancing:CreateTargetGroup",
        "elasticloadbalancing:DeleteTargetGroup",
        "elasticloadbalancing:ModifyTargetGroup",
        "elasticloadbalancing:ModifyTargetGroupAttributes",
    ),
    "aws:lb/listener:Listener": (
        "elasticloadbalancing:CreateListener",
        "elasticloadbalancing:DeleteListener",
        "elasticloadbalancing:ModifyListener",
        "elasticloadbalancing:ModifyListenerAttributes",
    ),
    "aws:acm/certificate:Certificate": (
        "acm:RequestCertificate",
        "acm:ImportCertificate",
        "acm:DescribeCertificate",
        "acm:GetCertificate",
        "acm:DeleteCertificate",
        "acm:AddTagsToCertificate",
        "acm:RemoveTagsFromCertificate",
        "acm:ListTagsForCertificate",
    ),
    "aws:acm/certificateValidation:CertificateValidation": ("acm:DescribeCertificate",),
    "aws:elasticache/subnetGroup:SubnetGroup": (
        "elasticache:CreateCacheSubnetGroup",
        "elasticache:ModifyCacheSubnetGroup",
        "elasticache:DeleteCacheSubnetGroup",
    ),
    "aws:elasticache/replicationGroup:ReplicationGroup": (
        "elasticache:Describe*",
        "elasticache:ListTagsForResource",
        "elasticache:AddTagsToResource",
        "elasticache:RemoveTagsFromResource",
        "elasticache:CreateReplicationGroup",
        "elasticache:ModifyReplicationGroup",
        "elasticache:DeleteReplicationGroup",
        "elasticache:IncreaseReplicaCount",
        "elasticache:DecreaseReplicaCount",
    ),
    "aws:opensearch/domain:Domain": (
        "es:Describe*",
        "es:ListTags",
        "es:AddTags",
        "es:RemoveTags",
        "es:CreateDomain",
        "es:UpdateDomainConfig",
        "es:DeleteDomain",
        "es:GetCompatibleVersions",
        # OpenSearch's own role, where an account hasn't had a domain in a VPC yet.
        "iam:CreateServiceLinkedRole",
    ),
    "aws:s3/bucket:Bucket": (
        "s3:CreateBucket",
        "s3:DeleteBucket",
        "s3:ListBucket",
        "s3:ListBucketVersions",
        "s3:DeleteObject",
        "s3:DeleteObjectVersion",
        "s3:GetBucket*",
        "s3:Get*Configuration",
        "s3:PutBucketTagging",
    ),
    "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock": (
        "s3:GetBucketPublicAccessBlock",
        "s3:PutBucketPublicAccessBlock",
    ),
    "aws:s3/bucketVersioning:BucketVersioning": ("s3:PutBucketVersioning",),
    "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration": (
        "s3:PutEncryptionConfiguration",
    ),
    "aws:s3/bucketPolicy:BucketPolicy": ("s3:PutBucketPolicy", "s3:DeleteBucketPolicy"),
    "aws:iam/user:User": (
        "iam:CreateUser",
        "iam:GetUser",
        "iam:DeleteUser",
        "iam:ListGroupsForUser",
        "iam:TagUser",
        "iam:UntagUser",
        "iam:ListUserTags",
    ),
    "aws:iam/userPolicy:UserPolicy": (
        "iam:PutUserPolicy",
        "iam:GetUserPolicy",
        "iam:DeleteUserPolicy",
    ),
    "aws:iam/accessKey:AccessKey": (
        "iam:CreateAccessKey",
        "iam:ListAccessKeys",
        "iam:GetAccessKeyLastUsed",
        "iam:DeleteAccessKey",
    ),
    "aws:iam/role:Role": (
        "iam:CreateRole",
        "iam:GetRole",
        "iam:DeleteRole",
        "iam:PassRole",
        "iam:TagRole",
        "iam:UntagRole",
        "iam:ListRolePolicies",
        "iam:ListAttachedRolePolicies",
        "iam:ListInstanceProfilesForRole",
        "iam:UpdateAssumeRolePolicy",
    ),
    "aws:iam/rolePolicy:RolePolicy": (
        "iam:PutRolePolicy",
        "iam:GetRolePolicy",
        "iam:DeleteRolePolicy",
    ),
    "aws:iam/instanceProfile:InstanceProfile": (
        "iam:CreateInstanceProfile",
        "iam:GetInstanceProfile",
        "iam:DeleteInstanceProfile",
        "iam:AddRoleToInstanceProfile",
        "iam:RemoveRoleFromInstanceProfile",
        "iam:TagInstanceProfile",
        "iam:UntagInstanceProfile",
    ),
}
_MACHINES = tuple(kind for kind in BY_TYPE if kind.startswith(("aws:ec2/", "aws:ebs/", "aws:vpc/")))
TYPES: Mapping[str, Sequence[str]] = {
    HA: (*_MACHINES, "aws:route53/record:Record"),
    SINGLE_MASTER: (*_MACHINES, "aws:route53/record:Record"),
    HA_MANAGED: tuple(BY_TYPE),
}
"""The types that each shape may make."""


_USER = ("arn:*:iam::*:user/bucket-user-*",)
_ROLE = ("arn:*:iam::*:role/bastion-role-*",)
_LIMITED: Mapping[str, Sequence[str]] = {
    "aws:iam/user:User": _USER,
    "aws:iam/userPolicy:UserPolicy": _USER,
    "aws:iam/accessKey:AccessKey": _USER,
    "aws:iam/role:Role": _ROLE,
    "aws:iam/rolePolicy:RolePolicy": _ROLE,
    "aws:iam/instanceProfile:InstanceProfile": ("arn:*:iam::*:instance-profile/bastion-profile-*",),
}
"""Whose names are the program's: Pulumi puts an end to each. Source: Pulumi, "Auto-naming"."""
_TO_EC2 = "iam:PassRole"
_SERVICE_ROLE = "iam:CreateServiceLinkedRole"
_SERVICES = ("elasticache", "elasticloadbalancing", "es", "opensearchservice")


@dataclass(frozen=True)
class Statement:
    """Actions that are allowed on the same.

    Attributes:
        actions: as in a policy.
        resources: ARNs with `*`; all where it's `*` alone.
        conditions: values that a key of the request may have, by the key.
    """

    actions: Sequence[str]
    resources: Sequence[str] = ("*",)
    conditions: Mapping[str, Sequence[str]] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """As IAM takes it."""
        limited = {"Condition": {"StringEquals": self.conditions}} if self.conditions else {}
        said = {"Effect": "Allow", "Action": self.actions, "Resource": self.resources}
        return {**said, **limited}


def actions(shape: str) -> list[str]:
    """What who deploys a shape has to be allowed."""
    return sorted({*ALWAYS, *(action for kind in TYPES[shape] for action in BY_TYPE[kind])})


def statements(shape: str, bucket: str = DEFAULT_BUCKET) -> list[Statement]:
    """The same, each as far as it's needed: of IAM and S3 what the program names.

    Args:
        shape: what is deployed.
        bucket: the bucket's name, where it's configured.
    """
    name = "openvidu-bucket-*" if bucket == DEFAULT_BUCKET else bucket
    by_resources: dict[Sequence[str], set[str]] = {}
    for kind in TYPES[shape]:
        on = _LIMITED.get(kind, ("*",))
        if kind.startswith("aws:s3/"):
            on = (f"arn:*:s3:::{name}", f"arn:*:s3:::{name}/*")
        by_resources.setdefault(on, set()).update(BY_TYPE[kind])
    by_resources[("*",)].update(ALWAYS)
    special = {_TO_EC2, _SERVICE_ROLE}
    found = [Statement(sorted(may - special), on) for on, may in sorted(by_resources.items())]
    if _TO_EC2 in actions(shape):
        limited = {"iam:PassedToService": ["ec2.amazonaws.com"]}
        found.append(Statement([_TO_EC2], _ROLE, limited))
    if _SERVICE_ROLE in actions(shape):
        services = {"iam:AWSServiceName": [f"{service}.amazonaws.com" for service in _SERVICES]}
        roles = ("arn:*:iam::*:role/aws-service-role/*",)
        found.append(Statement([_SERVICE_ROLE], roles, services))
    return found


def policy(allowed: Iterable[Statement]) -> dict[str, Any]:
    """An IAM policy of statements."""
    return {"Version": "2012-10-17", "Statement": [one.as_json() for one in allowed]}


def main() -> None:
    """Print the policy of a shape."""
    parser = argparse.ArgumentParser(description="Print an IAM policy for who deploys.")
    parser.add_argument("--shape", choices=[*TYPES], default=HA)
    parser.add_argument("--bucket", default=DEFAULT_BUCKET, help="s3Bucket, where it's configured")
    given = parser.parse_args()
    wanted = policy(statements(given.shape, given.bucket))
    sys.stdout.write(json.dumps(wanted, indent=2) + "\n")


if __name__ == "__main__":
    main()

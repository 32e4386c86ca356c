"""The calls to AWS that each type of resource takes, as the names of permissions.

Source: terraform-provider-aws 6, the calls of each resource; AWS, "Service Authorization
Reference".
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from components.aws.account import PERMISSIONS as FOR_QUOTAS
from components.settings.choices import HA, HA_MANAGED, SINGLE_MASTER


def _ec2(*actions: str) -> tuple[str, ...]:
    return tuple(f"ec2:{action}" for action in actions)


IN_A_GROUP = (
    "aws:ec2/networkInterfaceSecurityGroupAttachment:NetworkInterfaceSecurityGroupAttachment"
)
"""Has an interface that others made in a security group of the stack's."""
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
    IN_A_GROUP: _ec2("ModifyNetworkInterfaceAttribute"),
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
    "aws:ebs/volume:Volume": _ec2(
        "CreateVolume",
        "DeleteVolume",
        "ModifyVolume",
        # `scripts.backup` does.
        "CreateSnapshot",
    ),
    "aws:ec2/volumeAttachment:VolumeAttachment": _ec2("AttachVolume", "DetachVolume"),
    "aws:route53/record:Record": (
        "route53:GetHostedZone",
        "route53:ChangeResourceRecordSets",
        "route53:ListResourceRecordSets",
        "route53:GetChange",
    ),
    "aws:sns/topic:Topic": (
        "sns:CreateTopic",
        "sns:DeleteTopic",
        "sns:GetTopicAttributes",
        "sns:SetTopicAttributes",
        "sns:ListTagsForResource",
        "sns:TagResource",
        "sns:UntagResource",
    ),
    "aws:sns/topicSubscription:TopicSubscription": (
        "sns:Subscribe",
        "sns:Unsubscribe",
        "sns:GetSubscriptionAttributes",
        "sns:SetSubscriptionAttributes",
    ),
    "aws:cloudwatch/metricAlarm:MetricAlarm": (
        "cloudwatch:PutMetricAlarm",
        "cloudwatch:DeleteAlarms",
        "cloudwatch:DescribeAlarms",
        "cloudwatch:ListTagsForResource",
        "cloudwatch:TagResource",
        "cloudwatch:UntagResource",
        # The role with which CloudWatch moves machines, where an account hasn't had it yet.
        "iam:CreateServiceLinkedRole",
    ),
    "aws:dlm/lifecyclePolicy:LifecyclePolicy": (
        "dlm:CreateLifecyclePolicy",
        "dlm:GetLifecyclePolicy",
        "dlm:UpdateLifecyclePolicy",
        "dlm:DeleteLifecyclePolicy",
        "dlm:TagResource",
        "dlm:UntagResource",
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
        # A later version of the engine, without another domain.
        "es:UpgradeDomain",
        "es:GetUpgradeStatus",
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
        # Tags by S3's newer calls; where these are denied, the provider takes the older ones.
        "s3:ListTagsForResource",
        "s3:TagResource",
        "s3:UntagResource",
        "s3:PutBucketTagging",
    ),
    "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock": (
        "s3:GetBucketPublicAccessBlock",
        "s3:PutBucketPublicAccessBlock",
    ),
    "aws:s3/bucketVersioning:BucketVersioning": ("s3:PutBucketVersioning",),
    "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration": (
        "s3:PutLifecycleConfiguration",
    ),
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
        # Another path.
        "iam:UpdateUser",
        "iam:PutUserPermissionsBoundary",
        "iam:DeleteUserPermissionsBoundary",
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
        "iam:PutRolePermissionsBoundary",
        "iam:DeleteRolePermissionsBoundary",
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
WITH_KEY = (
    "kms:Decrypt",
    "kms:DescribeKey",
    "kms:GenerateDataKeyWithoutPlaintext",
    "kms:ReEncryptFrom",
    "kms:ReEncryptTo",
)
"""To have volumes and services encrypted with a key, beside grants to them.

Source: Amazon EBS, "Amazon EBS encryption", permissions for IAM users; pulumi-aws, ebs.Volume.
"""
SESSIONS = ("ssm:ResumeSession", "ssm:TerminateSession", "ssmmessages:OpenDataChannel")
"""What is done with sessions that the caller has started.

Source: AWS Systems Manager guide, "Sample IAM policies for Session Manager".
"""
START_SESSION = "ssm:StartSession"
PUBLISH = "sns:Publish"
BAKING = ("ec2:CreateImage", "ec2:DeleteSnapshot", "ec2:DeregisterImage")
"""What `scripts.bake` does beside what makes machines: images of nodes, and their snapshots."""
OF_A_NETWORK = (
    "aws:ec2/vpc:Vpc",
    "aws:ec2/internetGateway:InternetGateway",
    "aws:ec2/routeTable:RouteTable",
    "aws:ec2/route:Route",
    "aws:ec2/subnet:Subnet",
    "aws:ec2/routeTableAssociation:RouteTableAssociation",
)
"""The types that aren't made in a network that existed."""
OF_BACKUPS = (
    "aws:dlm/lifecyclePolicy:LifecyclePolicy",
    "aws:iam/role:Role",
    "aws:iam/rolePolicy:RolePolicy",
)
"""The types that are made for backups alone, of the data of a base or master."""
OF_SESSIONS = (
    "aws:iam/role:Role",
    "aws:iam/rolePolicy:RolePolicy",
    "aws:iam/instanceProfile:InstanceProfile",
)
"""Those that are made where SSH goes by Session Manager."""
_SERVICES = ("ec2", "ebs", "vpc", "sns", "cloudwatch")
_MACHINES = tuple(kind for kind in BY_TYPE if kind.partition("/")[0].split(":")[1] in _SERVICES)
TYPES: Mapping[str, Sequence[str]] = {
    HA: (*_MACHINES, "aws:route53/record:Record", *OF_BACKUPS, OF_SESSIONS[-1]),
    SINGLE_MASTER: (*_MACHINES, "aws:route53/record:Record", *OF_BACKUPS, OF_SESSIONS[-1]),
    HA_MANAGED: tuple(kind for kind in BY_TYPE if kind != OF_BACKUPS[0]),
}
"""The types that each shape may make."""


def actions(shape: str, without: Collection[str] = ()) -> list[str]:
    """What who deploys a shape has to be allowed.

    Args:
        shape: the shape.
        without: types that aren't made, though the shape may.
    """
    types = [kind for kind in TYPES[shape] if kind not in without]
    return sorted({*ALWAYS, *(action for kind in types for action in BY_TYPE[kind])})

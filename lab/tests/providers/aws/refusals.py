"""What the real provider refuses in a preview, and what it lets pass.

Source: plans of terraform-provider-aws 5.100.0 over single changes of valid inputs.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

Inputs = dict[str, Any]

ARN = "arn:aws:elasticloadbalancing:eu-west-1:123456789012:loadbalancer/app/a/1234"
TARGET = "arn:aws:elasticloadbalancing:eu-west-1:123456789012:targetgroup/a/1234"
KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ3pZ1k0u3vQm7l9n0mK3x1v8Yk2b3c4d5e6f7g8h9i0"


@dataclass(frozen=True)
class Told:
    """What was told of one type.

    Attributes:
        good: Inputs that pass; each change below is of these. None in a change takes away.
        refused: Changes that the real provider refuses.
        passes: Changes that it lets pass.
        stricter: Changes that it lets pass and AWS refuses: here they're refused in the preview.
    """

    good: Inputs
    refused: tuple[Inputs, ...] = ()
    passes: tuple[Inputs, ...] = ()
    stricter: tuple[Inputs, ...] = ()


def _each(name: str, *values: Any) -> tuple[Inputs, ...]:
    return tuple({name: value} for value in values)


_RULE: Final = Told(
    good={
        "securityGroupId": "sg-1",
        "ipProtocol": "tcp",
        "fromPort": 22,
        "toPort": 22,
        "cidrIpv4": "198.51.100.0/24",
    },
    refused=(
        *_each("cidrIpv4", "198.51.100.1/24", "198.51.100.0", "::/0", "x", None),
        *_each("fromPort", -2, 65536),
        *_each("toPort", 70000),
        {"prefixListId": "pl-012345678"},
        {"cidrIpv6": "::/0"},
        {"cidrIpv4": None, "cidrIpv6": "2001:db8::1/64"},
    ),
    passes=_each("ipProtocol", "6", "TCP") + _each("description", ""),
    stricter=(
        *_each("toPort", 21, None),
        *_each("description", "café", "x" * 256),
        *_each("securityGroupId", "foo"),
        {"fromPort": None, "toPort": None},
        {"ipProtocol": "-1"},
    ),
)
_BY_NAME = ("a b", "a/b", "a*b")
_POLICY = '{"Version": "2012-10-17", "Statement": []}'

TOLD: Final[dict[str, Told]] = {
    "aws:acm/certificate:Certificate": Told(
        good={"domainName": "call.example.com", "validationMethod": "DNS"},
        refused=(
            *_each("validationMethod", "foo"),
            *_each("domainName", "call.example.com."),
            {"privateKey": "x", "certificateBody": "y"},
            {"domainName": None, "validationMethod": None},
        ),
        passes=_each("domainName", "*"),
        stricter=(
            *_each("validationMethod", None),
            {"domainName": None, "validationMethod": None, "privateKey": "x"},
        ),
    ),
    "aws:ebs/volume:Volume": Told(
        good={"availabilityZone": "eu-west-1a", "size": 20},
        refused=(
            *_each("kmsKeyId", "foo"),
            *_each("size", None),
            *_each("availabilityZone", None),
            *_each("type", "io1", "io2"),
        ),
        passes=_each("type", "standard", "gp2", "gp3", "st1"),
        stricter=_each("type", "foo"),
    ),
    "aws:ec2/eip:Eip": Told(
        good={"domain": "vpc"},
        refused=_each("domain", "foo"),
        stricter=(
            *_each("address", "x"),
            *_each("associateWithPrivateIp", "x"),
            *_each("networkInterface", "foo"),
            {"instance": "i-1", "networkInterface": "eni-1"},
        ),
    ),
    "aws:ec2/instance:Instance": Told(
        good={"ami": "ami-1", "instanceType": "c5.large"},
        refused=(
            *_each("userData", "x" * 16385),
            *_each("userDataBase64", "%%%"),
            {"userData": "x", "userDataBase64": "eA=="},
            *_each("ami", None),
            *_each("instanceType", None),
            *_each("privateIp", "10.5.0", "::1"),
            *_each("tenancy", "foo"),
            *_each("rootBlockDevice", {"volumeType": "foo"}),
            *_each(
                "metadataOptions",
                {"httpTokens": "foo"},
                {"httpEndpoint": "foo"},
                {"httpPutResponseHopLimit": 0},
                {"httpPutResponseHopLimit": 65},
                {"instanceMetadataTags": "foo"},
                {"httpProtocolIpv6": "foo"},
            ),
            *_each("creditSpecification", {"cpuCredits": "foo"}),
            {"volumeTags": {"a": "b"}, "rootBlockDevice": {"tags": {"a": "b"}}},
            *(
                {"networkInterfaces": [{"deviceIndex": 0, "networkInterfaceId": "eni-1"}], **more}
                for more in (
                    {"subnetId": "subnet-1"},
                    {"vpcSecurityGroupIds": ["sg-1"]},
                    {"privateIp": "10.5.0.4"},
                    {"associatePublicIpAddress": True},
                )
            ),
        ),
        passes=(
            *_each("userData", "x" * 16384),
            *_each("instanceType", "foo"),
            *_each("rootBlockDevice", {"volumeSize": 5}, {"volumeType": "standard"}),
        ),
        stricter=(
            *_each("ami", "foo"),
            *_each("subnetId", "foo"),
            *_each("vpcSecurityGroupIds", ["foo"]),
            *_each("instanceInitiatedShutdownBehavior", "foo"),
            *_each(
                "rootBlockDevice",
                {"volumeSize": 0},
                {"volumeSize": 70000},
                {"iops": 50},
                {"iops": 300000},
                {"throughput": 100},
                {"throughput": 2001},
            ),
            *_each("tags", {"aws:x": "1"}, {"x" * 129: "1"}, {"x": "y" * 257}, {"": "1"}),
        ),
    ),
    "aws:ec2/keyPair:KeyPair": Told(
        good={"publicKey": KEY},
        refused=(*_each("keyName", "x" * 256), {"keyName": "a", "keyNamePrefix": "b"}),
        stricter=_each("publicKey", "foo", "", "ecdsa-sha2-nistp256 AAAA"),
    ),
    "aws:ec2/networkInterface:NetworkInterface": Told(
        good={"subnetId": "subnet-1"},
        refused=_each("subnetId", None),
        passes=(
            {"privateIp": "10.5.0.4", "privateIps": ["10.5.0.4"]},
            {"description": "x" * 256},
        ),
        stricter=_each("privateIps", ["bad"], ["::1"]) + _each("securityGroups", ["foo"]),
    ),
    "aws:ec2/route:Route": Told(
        good={
            "routeTableId": "rtb-1",
            "destinationCidrBlock": "0.0.0.0/0",
            "gatewayId": "igw-1",
        },
        refused=(
            *_each("destinationCidrBlock", "10.0.0.0", "10.0.0.1/8"),
            *_each("gatewayId", None),
            *_each("natGatewayId", "nat-1"),
        ),
        passes=_each("gatewayId", "foo"),
    ),
    "aws:ec2/routeTableAssociation:RouteTableAssociation": Told(
        good={"routeTableId": "rtb-1", "subnetId": "subnet-1"},
        refused=_each("subnetId", None),
        stricter=_each("routeTableId", "foo"),
    ),
    "aws:ec2/securityGroup:SecurityGroup": Told(
        good={"vpcId": "vpc-1"},
        refused=(
            *_each("description", "x" * 256),
            *_each("name", "sg-abc", "x" * 256),
            *_each("namePrefix", "x" * 230),
            {"name": "a", "namePrefix": "b"},
        ),
        passes=_each("name", "SG-abc"),
        stricter=_each("description", "café", "a<b", "a|b", "a'b", 'a"b') + _each("name", "a|b"),
    ),
    "aws:ec2/subnet:Subnet": Told(
        good={"vpcId": "vpc-1", "cidrBlock": "10.5.0.0/26"},
        refused=(
            *_each("cidrBlock", "10.5.0.1/26", "10.5.0.0", "2001:db8::/64", "x"),
            {"availabilityZone": "eu-west-1a", "availabilityZoneId": "euw1-az1"},
        ),
        passes=_each("cidrBlock", "10.5.0.0/29") + _each("availabilityZone", "mars-1"),
        stricter=_each("vpcId", "foo"),
    ),
    "aws:ec2/volumeAttachment:VolumeAttachment": Told(
        good={"deviceName": "/dev/sdf", "instanceId": "i-1", "volumeId": "vol-1"},
        passes=_each("deviceName", "foo"),
        stricter=_each("volumeId", "foo") + _each("instanceId", "foo"),
    ),
    "aws:ec2/vpc:Vpc": Told(
        good={"cidrBlock": "10.5.0.0/16"},
        refused=(
            *_each("cidrBlock", "10.5.0.1/24", "10.5.0.0", "10.5.0.0/33", "10.5.0.0/8"),
            *_each("cidrBlock", "10.5.0.0/29", "not-a-cidr", "10.05.0.0/24", ""),
            *_each("instanceTenancy", "foo", "host"),
        ),
    ),
    "aws:elasticache/replicationGroup:ReplicationGroup": Told(
        good={
            "description": "Redis",
            "nodeType": "cache.t3.medium",
            "numCacheClusters": 2,
            "automaticFailoverEnabled": True,
            "multiAzEnabled": True,
        },
        refused=(
            *_each("replicationGroupId", "1abc", "x" * 41, "a--b", "a-", "A_b"),
            *_each("engine", "foo"),
            *_each("engineVersion", "7", "foo", "7.1.0"),
            *_each("numCacheClusters", 0, 1),
            *_each("description", "", None),
            *_each("automaticFailoverEnabled", False, None),
        ),
        passes=_each("replicationGroupId", "UPPER") + _each("engineVersion", "6.x", "5.0.6"),
        stricter=_each("numCacheClusters", 7) + _each("port", 0, 70000),
    ),
    "aws:iam/accessKey:AccessKey": Told(good={"user": "calls"}, refused=_each("user", None)),
    "aws:iam/instanceProfile:InstanceProfile": Told(
        good={"role": "calls"},
        refused=_each("name", *_BY_NAME, "", "x" * 129),
        passes=_each("name", "x" * 65, "a@b"),
    ),
    "aws:iam/role:Role": Told(
        good={"assumeRolePolicy": _POLICY},
        refused=(
            *_each("name", *_BY_NAME, "", "x" * 65),
            *_each("assumeRolePolicy", "foo", ""),
            *_each("namePrefix", "x" * 39),
        ),
        passes=_each("name", "a@b"),
    ),
    "aws:iam/rolePolicy:RolePolicy": Told(
        good={"role": "calls", "policy": _POLICY},
        refused=(
            *_each("policy", "foo"),
            *_each("name", "a b", "x" * 129),
            *_each("role", ""),
        ),
    ),
    "aws:iam/user:User": Told(
        good={},
        refused=_each("name", *_BY_NAME, "", "a~b"),
        passes=_each("name", "a@b", "x" * 64),
    ),
    "aws:iam/userPolicy:UserPolicy": Told(
        good={"user": "calls", "policy": _POLICY}, refused=_each("policy", "foo", "")
    ),
    "aws:lb/listener:Listener": Told(
        good={
            "loadBalancerArn": ARN,
            "port": 80,
            "protocol": "HTTP",
            "defaultActions": [{"type": "forward", "targetGroupArn": TARGET}],
        },
        refused=(
            *_each("port", 0, 65536),
            *_each("protocol", "foo"),
            *_each("certificateArn", "foo"),
            *_each("loadBalancerArn", "foo"),
            *_each(
                "defaultActions",
                [],
                None,
                [{"type": "foo"}],
                [{"type": "redirect"}],
                [{"type": "redirect", "redirect": {"statusCode": "HTTP_200"}}],
                [{"type": "redirect", "redirect": {"statusCode": "HTTP_301", "protocol": "foo"}}],
                [{"type": "forward"}],
                [{"type": "forward", "targetGroupArn": "foo"}],
            ),
        ),
        passes=(
            *_each("sslPolicy", "ELBSecurityPolicy-TLS13-1-2-2021-06"),
            *_each("protocol", "HTTPS", "TCP"),
            *_each(
                "defaultActions",
                [{"type": "redirect", "redirect": {"statusCode": "HTTP_301", "path": "x"}}],
            ),
        ),
    ),
    "aws:lb/loadBalancer:LoadBalancer": Told(
        good={"subnets": ["subnet-1", "subnet-2"]},
        refused=(
            *_each("name", "a_b", "-a", "a-", "internal-x", "x" * 33, "a b"),
            *_each("namePrefix", "1234567"),
            *_each("loadBalancerType", "foo"),
            *_each("subnets", None),
        ),
        passes=_each("name", "") + _each("subnets", ["subnet-1"]),
        stricter=_each("idleTimeout", 0, 4001) + _each("securityGroups", ["foo"]),
    ),
    "aws:lb/targetGroup:TargetGroup": Told(
        good={"port": 80, "protocol": "HTTP", "targetType": "ip", "vpcId": "vpc-1"},
        refused=(
            *_each("name", "a_b", "-a", "a-", "x" * 33, "a b", ""),
            *_each("port", 0, 65536, None),
            *_each("protocol", "foo", None),
            *_each("targetType", "foo"),
            *_each("deregistrationDelay", -1, 3601),
            *_each("vpcId", None),
            *_each(
                "healthCheck",
                {"interval": 4},
                {"interval": 301},
                {"timeout": 1},
                {"timeout": 121},
                {"healthyThreshold": 1},
                {"healthyThreshold": 11},
                {"unhealthyThreshold": 1},
                {"unhealthyThreshold": 11},
                {"path": "x"},
                {"path": "/" + "x" * 1024},
                {"port": "0"},
                {"port": "foo"},
                {"protocol": "TCP", "matcher": "200"},
                {"protocol": "foo"},
            ),
        ),
        passes=(
            *_each("name", "internal-x"),
            *_each("protocol", "TCP"),
            *_each("healthCheck", {"port": "65536"}, {"port": "80"}, {"matcher": "foo"}),
        ),
    ),
    "aws:opensearch/domain:Domain": Told(
        good={"domainName": "search"},
        refused=(
            *_each("domainName", "ab", "Upper", "1abc", "x" * 29, "a_b"),
            {
                "clusterConfig": {
                    "zoneAwarenessEnabled": True,
                    "zoneAwarenessConfig": {"availabilityZoneCount": 4},
                }
            },
            *_each("ebsOptions", {"ebsEnabled": True, "volumeType": "foo"}),
            *_each("domainEndpointOptions", {"tlsSecurityPolicy": "foo"}),
            *_each("accessPolicies", "foo"),
            *_each("advancedSecurityOptions", {}),
        ),
        passes=(
            *_each("engineVersion", "foo", "7.10"),
            *_each("accessPolicies", "{}"),
            *_each("ebsOptions", {"ebsEnabled": True, "volumeType": "standard"}),
        ),
        stricter=(
            *_each("clusterConfig", {"instanceCount": 0}, {"instanceCount": 81}),
            *_each("ebsOptions", {"ebsEnabled": True, "volumeSize": 5}),
            *_each("vpcOptions", {"subnetIds": ["foo"]}),
        ),
    ),
    "aws:route53/record:Record": Told(
        good={"zoneId": "Z1", "name": "call", "type": "A", "ttl": 60, "records": ["203.0.113.5"]},
        refused=(
            *_each("type", "FOO"),
            *_each("records", None),
            *_each("zoneId", ""),
            {"aliases": [{"name": "a", "zoneId": "Z1", "evaluateTargetHealth": True}]},
            *(
                {"records": None, "ttl": None, "aliases": aliases}
                for aliases in (
                    [{"name": "a", "zoneId": "Z" * 40, "evaluateTargetHealth": True}],
                    [{"name": "a" * 1100, "zoneId": "Z1", "evaluateTargetHealth": True}],
                    [{"name": "a", "zoneId": "Z1", "evaluateTargetHealth": True}] * 2,
                )
            ),
        ),
        passes=_each("type", "DS", "HTTPS") + _each("name", "") + _each("records", ["x"]),
        stricter=_each("ttl", -1, 2147483648, None),
    ),
    "aws:s3/bucket:Bucket": Told(
        good={},
        refused=_each("bucket", "x" * 64) + _each("bucketPrefix", "x" * 38, "x" * 40),
        passes=_each("bucket", "ab", "a..b", "xn--abc"),
    ),
    "aws:s3/bucketPolicy:BucketPolicy": Told(
        good={"bucket": "calls", "policy": _POLICY},
        refused=_each("policy", "foo"),
        passes=_each("policy", "[]"),
        stricter=_each("policy", ""),
    ),
    "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration": Told(
        good={
            "bucket": "calls",
            "rules": [{"applyServerSideEncryptionByDefault": {"sseAlgorithm": "AES256"}}],
        },
        refused=_each(
            "rules", [{"applyServerSideEncryptionByDefault": {"sseAlgorithm": "foo"}}], []
        ),
        passes=_each(
            "rules", [{"applyServerSideEncryptionByDefault": {"sseAlgorithm": "aws:kms:dsse"}}]
        ),
    ),
    "aws:s3/bucketVersioning:BucketVersioning": Told(
        good={"bucket": "calls", "versioningConfiguration": {"status": "Enabled"}},
        refused=_each("versioningConfiguration", {"status": "foo"}),
        passes=_each("versioningConfiguration", {"status": "Suspended"}),
    ),
    "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule": _RULE,
    "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule": _RULE,
}

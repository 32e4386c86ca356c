"""What the resource of each type is made with, changed to, and replaced for."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from lab.providers.aws.resources import RESOURCE_TYPES
from lab.tests.providers.aws.world import OTHER_PUBLIC_KEY, PUBLIC_KEY, ManagedWorld, World

Inputs = dict[str, Any]
KEY = "arn:aws:kms:eu-west-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab"
BOUNDARY = "arn:aws:iam::123456789012:policy/boundary"


ATTACHMENT = "aws:ec2/volumeAttachment:VolumeAttachment"
GROUP_ATTACHMENT = (
    "aws:ec2/networkInterfaceSecurityGroupAttachment:NetworkInterfaceSecurityGroupAttachment"
)


@dataclass(frozen=True)
class Life:
    """What a type's resource is made with, changed to in place, and replaced for."""

    token: str
    id_pattern: str
    made: Inputs
    changed: Inputs | None = None
    replaced: dict[str, Inputs] = field(default_factory=dict)


def lives(world: World, zone: str) -> list[Life]:
    rule = {
        "securityGroupId": world.group,
        "ipProtocol": "tcp",
        "fromPort": 4443,
        "toPort": 4443,
        "cidrIpv4": "0.0.0.0/0",
        "description": "Replication manager",
    }
    rule_changed = {**rule, "fromPort": 40000, "toPort": 65535, "tags": {"Name": "media"}}
    rule_replaced = {
        "securityGroupId": {**rule, "securityGroupId": world.other_group},
        "cidrIpv4": {
            **{name: value for name, value in rule.items() if name != "cidrIpv4"},
            "referencedSecurityGroupId": world.other_group,
        },
    }
    subnet = {
        "vpcId": world.vpc,
        "cidrBlock": "10.5.7.0/24",
        "availabilityZone": "eu-west-1a",
    }
    interface = {"subnetId": world.subnet, "privateIps": ["10.5.0.217"], "description": "node 12"}
    record = {"zoneId": zone, "name": "call.example.com", "type": "A", "ttl": 60}
    volume = {"availabilityZone": "eu-west-1a", "type": "gp3", "encrypted": True}
    instance = {
        "ami": world.image,
        "instanceType": "c5.2xlarge",
        "subnetId": world.subnet,
        "tags": {"Name": "node"},
    }
    return [
        Life(
            "aws:ec2/vpc:Vpc",
            r"vpc-\w+",
            made={"cidrBlock": "10.9.0.0/16", "tags": {"Name": "net"}},
            changed={
                "cidrBlock": "10.9.0.0/16",
                "enableDnsHostnames": True,
                "tags": {"Name": "network", "stack": "dev"},
            },
            replaced={"cidrBlock": {"cidrBlock": "10.8.0.0/16"}},
        ),
        Life(
            "aws:ec2/subnet:Subnet",
            r"subnet-\w+",
            made={**subnet, "tags": {"Name": "cluster"}},
            changed={**subnet, "mapPublicIpOnLaunch": True},
            replaced={
                "cidrBlock": {**subnet, "cidrBlock": "10.5.8.0/24"},
                "vpcId": {**subnet, "vpcId": world.other_vpc},
                "availabilityZone": {**subnet, "availabilityZone": "eu-west-1c"},
            },
        ),
        Life(
            "aws:ec2/internetGateway:InternetGateway",
            r"igw-\w+",
            made={"tags": {"Name": "gateway"}},
            changed={"vpcId": world.other_vpc},
        ),
        Life(
            "aws:ec2/routeTable:RouteTable",
            r"rtb-\w+",
            made={"vpcId": world.vpc, "tags": {"Name": "public"}},
            changed={"vpcId": world.vpc, "tags": {"Name": "open"}},
            replaced={"vpcId": {"vpcId": world.other_vpc}},
        ),
        Life(
            "aws:ec2/route:Route",
            r"r-rtb-\w+1080289494",
            made={
                "routeTableId": world.route_table,
                "destinationCidrBlock": "0.0.0.0/0",
                "gatewayId": world.gateway,
            },
            replaced={
                "destinationCidrBlock": {
                    "routeTableId": world.route_table,
                    "destinationCidrBlock": "192.0.2.0/24",
                    "gatewayId": world.gateway,
                },
                "routeTableId": {
                    "routeTableId": world.other_route_table,
                    "destinationCidrBlock": "0.0.0.0/0",
                    "gatewayId": world.gateway,
                },
            },
        ),
        Life(
            "aws:ec2/routeTableAssociation:RouteTableAssociation",
            r"rtbassoc-\w+",
            made={"routeTableId": world.route_table, "subnetId": world.subnet},
            changed={"routeTableId": world.other_route_table, "subnetId": world.subnet},
            replaced={
                "subnetId": {"routeTableId": world.route_table, "subnetId": world.other_subnet}
            },
        ),
        Life(
            GROUP_ATTACHMENT,
            r"sg-\w+_eni-\w+",
            made={"networkInterfaceId": world.interface, "securityGroupId": world.group},
            replaced={
                "networkInterfaceId": {
                    "networkInterfaceId": world.other_interface,
                    "securityGroupId": world.group,
                },
                "securityGroupId": {
                    "networkInterfaceId": world.interface,
                    "securityGroupId": world.other_group,
                },
            },
        ),
        Life(
            "aws:ec2/securityGroup:SecurityGroup",
            r"sg-\w+",
            made={"vpcId": world.vpc, "description": "Nodes", "tags": {"role": "node"}},
            changed={"vpcId": world.vpc, "description": "Nodes", "revokeRulesOnDelete": True},
            replaced={
                "description": {"vpcId": world.vpc, "description": "The nodes"},
                "name": {"vpcId": world.vpc, "description": "Nodes", "name": "nodes"},
                "vpcId": {"vpcId": world.other_vpc, "description": "Nodes"},
            },
        ),
        Life(
            "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule",
            r"sgr-\w+",
            made=rule,
            changed=rule_changed,
            replaced=rule_replaced,
        ),
        Life(
            "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule",
            r"sgr-\w+",
            made=rule,
            changed=rule_changed,
            replaced=rule_replaced,
        ),
        Life(
            "aws:ec2/keyPair:KeyPair",
            r"resource-[0-9a-f]{7}",
            made={"publicKey": PUBLIC_KEY, "tags": {"Name": "key"}},
            changed={"publicKey": PUBLIC_KEY, "tags": {"Name": "operator"}},
            replaced={
                "publicKey": {"publicKey": OTHER_PUBLIC_KEY},
                "keyName": {"publicKey": PUBLIC_KEY, "keyName": "operator"},
            },
        ),
        Life(
            "aws:ec2/networkInterface:NetworkInterface",
            r"eni-\w+",
            made={**interface, "securityGroups": [world.group], "tags": {"Name": "node-12"}},
            changed={
                **interface,
                "privateIps": ["10.5.0.218", "10.5.0.217"],
                "securityGroups": [world.group, world.other_group],
                "description": "node 12, twice",
                "sourceDestCheck": False,
            },
            replaced={
                "privateIps": {**interface, "privateIps": ["10.5.0.219"]},
                "subnetId": {"subnetId": world.other_subnet, "privateIps": ["10.5.0.217"]},
            },
        ),
        Life(
            "aws:ec2/eip:Eip",
            r"eipalloc-\w+",
            made={"domain": "vpc", "tags": {"Name": "base"}},
            changed={"domain": "vpc", "tags": {"Name": "the base"}},
        ),
        Life(
            "aws:ec2/instance:Instance",
            r"i-\w+",
            made=instance,
            changed={
                **instance,
                "instanceType": "c5.4xlarge",
                "userData": "#!/bin/sh\nuptime",
                "disableApiStop": True,
                "instanceInitiatedShutdownBehavior": "terminate",
                "vpcSecurityGroupIds": [world.group],
                "sourceDestCheck": False,
                "metadataOptions": {"httpTokens": "required"},
                "tags": {"Name": "node-1", "role": "node"},
            },
            replaced={
                "ami": {**instance, "ami": world.other_image},
                "keyName": {**instance, "keyName": "another"},
                "subnetId": {**instance, "subnetId": world.other_subnet},
                "ebsOptimized": {**instance, "ebsOptimized": True},
                "rootBlockDevice": {**instance, "rootBlockDevice": {"encrypted": True}},
                "userData": {**instance, "userData": "x", "userDataReplaceOnChange": True},
            },
        ),
        Life(
            "aws:ebs/volume:Volume",
            r"vol-\w+",
            made={**volume, "size": 20, "tags": {"Name": "data"}},
            changed={**volume, "size": 40, "tags": {"Name": "the data"}},
            replaced={
                "availabilityZone": {**volume, "size": 20, "availabilityZone": "eu-west-1b"},
                "encrypted": {**volume, "size": 20, "encrypted": False},
            },
        ),
        Life(
            "aws:route53/record:Record",
            rf"{zone}_call\.example\.com_A",
            made={**record, "records": ["203.0.113.5"]},
            changed={**record, "type": "TXT", "records": ["moved"], "ttl": 300},
            replaced={
                "name": {**record, "name": "meet.example.com", "records": ["203.0.113.5"]},
            },
        ),
    ]


def managed_lives(world: World, cloud: ManagedWorld) -> list[Life]:
    """Those of AWS's services."""
    role = _policy("Allow", "sts:AssumeRole", Principal={"Service": "ec2.amazonaws.com"})
    policy = {"policy": _policy("Deny", "s3:*", Resource="*")}
    looser = {"policy": _policy("Allow", "s3:*", Resource="*")}
    by_key = {
        "applyServerSideEncryptionByDefault": {"sseAlgorithm": "aws:kms", "kmsMasterKeyId": KEY},
        "bucketKeyEnabled": True,
    }
    uploads = {
        "id": "unfinished-uploads",
        "status": "Enabled",
        "filter": {"prefix": ""},
        "abortIncompleteMultipartUpload": {"daysAfterInitiation": 7},
    }
    encryption = {"applyServerSideEncryptionByDefault": {"sseAlgorithm": "AES256"}}
    group = {
        "port": 4443,
        "protocol": "HTTP",
        "targetType": "ip",
        "vpcId": world.vpc,
        "deregistrationDelay": 10,
    }
    balancer = {"subnets": cloud.subnets, "securityGroups": [world.group], "idleTimeout": 3600}
    redis = {
        "description": "Redis",
        "engine": "redis",
        "engineVersion": "7.0",
        "nodeType": "cache.t3.medium",
        "numCacheClusters": 2,
        "port": 6379,
        "subnetGroupName": cloud.cache_subnets,
        "automaticFailoverEnabled": True,
        "multiAzEnabled": True,
        "transitEncryptionEnabled": False,
    }
    login = {"masterUserName": "elasticadmin", "masterUserPassword": "Passw0rd-of-search"}
    security = {"enabled": True, "internalUserDatabaseEnabled": True, "masterUserOptions": login}
    domain = {
        "domainName": "search-domain",
        "engineVersion": "Elasticsearch_7.10",
        "clusterConfig": {
            "instanceType": "m5.large.search",
            "instanceCount": 2,
            "zoneAwarenessEnabled": True,
            "zoneAwarenessConfig": {"availabilityZoneCount": 2},
        },
        "ebsOptions": {"ebsEnabled": True, "volumeType": "gp3", "volumeSize": 100},
        "encryptAtRest": {"enabled": True},
        "advancedSecurityOptions": security,
        "vpcOptions": {"subnetIds": cloud.subnets, "securityGroupIds": [world.group]},
    }
    forward = {"type": "forward", "targetGroupArn": cloud.group}
    redirect = {
        "type": "redirect",
        "redirect": {
            "host": "#{host}",
            "path": "/#{path}",
            "port": "443",
            "protocol": "HTTPS",
            "query": "#{query}",
            "statusCode": "HTTP_301",
        },
    }
    listener = {"loadBalancerArn": cloud.balancer, "port": 80, "protocol": "HTTP"}
    alarm = {
        "comparisonOperator": "GreaterThanOrEqualToThreshold",
        "evaluationPeriods": 2,
        "metricName": "StatusCheckFailed_System",
        "namespace": "AWS/EC2",
        "period": 60,
        "statistic": "Maximum",
        "threshold": 1,
        "dimensions": {"InstanceId": "i-0123456789abcdef0"},
        "alarmActions": [cloud.topic],
    }
    every_day: Inputs = {
        "description": "snapshots",
        "executionRoleArn": "arn:aws:iam::123456789012:role/backups",
        "policyDetails": {
            "resourceTypes": ["VOLUME"],
            "targetTags": {"Name": "base-data"},
            "schedules": [
                {
                    "name": "every day",
                    "copyTags": True,
                    "createRule": {"interval": 24, "intervalUnit": "HOURS", "times": "03:00"},
                    "retainRule": {"interval": 7, "intervalUnit": "DAYS"},
                }
            ],
        },
    }
    details = every_day["policyDetails"]
    (schedule,) = details["schedules"]
    kept = {**schedule, "retainRule": {"interval": 30, "intervalUnit": "DAYS"}}
    by_mail = {"topic": cloud.topic, "protocol": "email", "endpoint": "a@example.com"}
    own = {"certificateBody": cloud.certificate.strip(), "privateKey": cloud.key.strip()}
    return [
        Life(
            "aws:cloudwatch/metricAlarm:MetricAlarm",
            r"resource-\w{7}",
            made={**alarm, "tags": {"Name": "host"}},
            changed={
                **alarm,
                "dimensions": {"InstanceId": "i-1123456789abcdef0"},
                "okActions": [cloud.topic],
                "tags": {"Name": "the host"},
            },
            replaced={"name": {**alarm, "name": "another"}},
        ),
        Life(
            "aws:dlm/lifecyclePolicy:LifecyclePolicy",
            r"policy-0\w{16}",
            made={**every_day, "tags": {"Name": "backups"}},
            changed={
                **every_day,
                "policyDetails": {**details, "schedules": [kept]},
                "tags": {"role": "backups"},
            },
        ),
        Life(
            "aws:sns/topic:Topic",
            r"arn:aws:sns:eu-west-1:\d+:resource-\w{7}",
            made={"tags": {"Name": "alarms"}},
            changed={"tags": {"Name": "all alarms"}},
            replaced={"name": {"name": "another"}},
        ),
        Life(
            "aws:sns/topicSubscription:TopicSubscription",
            r"arn:aws:sns:eu-west-1:\d+:some-topic:[-\w]+",
            made=by_mail,
            replaced={"endpoint": {**by_mail, "endpoint": "b@example.com"}},
        ),
        Life(
            "aws:lb/loadBalancer:LoadBalancer",
            r"arn:aws:elasticloadbalancing:.*:loadbalancer/app/resource-\w{7}/\w+",
            made={**balancer, "tags": {"Name": "balancer"}},
            changed={
                **balancer,
                "subnets": [cloud.subnets[0], cloud.third_subnet],
                "idleTimeout": 60,
                "tags": {"Name": "the balancer"},
            },
            replaced={"internal": {**balancer, "internal": True}},
        ),
        Life(
            "aws:lb/targetGroup:TargetGroup",
            r"arn:aws:elasticloadbalancing:.*:targetgroup/resource-\w{7}/\w+",
            made={**group, "tags": {"Name": "nodes"}},
            changed={**group, "deregistrationDelay": 20, "healthCheck": {"interval": 10}},
            replaced={
                "port": {**group, "port": 80},
                "targetType": {**group, "targetType": "instance"},
            },
        ),
        Life(
            "aws:lb/listener:Listener",
            r"arn:aws:elasticloadbalancing:.*:listener/app/.*",
            made={**listener, "defaultActions": [redirect], "tags": {"Name": "plain"}},
            changed={**listener, "defaultActions": [forward]},
            replaced={
                "loadBalancerArn": {
                    **listener,
                    "loadBalancerArn": cloud.balancer.replace("some", "another"),
                    "defaultActions": [redirect],
                }
            },
        ),
        Life(
            "aws:acm/certificate:Certificate",
            r"arn:aws:acm:.*:certificate/[-\w]+",
            made={**own, "tags": {"Name": "certificate"}},
            changed={**own, "tags": {"Name": "the certificate"}},
            replaced={"domainName": {"domainName": "x.example.com", "validationMethod": "DNS"}},
        ),
        Life(
            "aws:iam/user:User",
            r"resource-\w{7}",
            made={"path": "/calls/", "tags": {"Name": "user"}},
            changed={
                "name": "another",
                "permissionsBoundary": BOUNDARY,
                "tags": {"role": "user"},
            },
        ),
        Life(
            "aws:iam/role:Role",
            r"resource-\w{7}",
            made={
                "assumeRolePolicy": role,
                "permissionsBoundary": BOUNDARY,
                "tags": {"Name": "role"},
            },
            changed={"assumeRolePolicy": role.replace("Allow", "Deny")},
            replaced={
                "name": {"assumeRolePolicy": role, "name": "another"},
                "path": {"assumeRolePolicy": role, "path": "/calls/"},
            },
        ),
        Life(
            "aws:iam/instanceProfile:InstanceProfile",
            r"resource-\w{7}",
            made={"role": cloud.role, "tags": {"Name": "profile"}},
            changed={"role": cloud.other_role},
            replaced={
                "name": {"role": cloud.role, "name": "another"},
                "path": {"role": cloud.role, "path": "/calls/"},
            },
        ),
        Life(
            "aws:iam/userPolicy:UserPolicy",
            r"someone:resource-\w{7}",
            made={"user": cloud.user, **policy},
            changed={"user": cloud.user, **looser},
            replaced={"user": {"user": "another", **policy}},
        ),
        Life(
            "aws:iam/rolePolicy:RolePolicy",
            r"some-role:resource-\w{7}",
            made={"role": cloud.role, **policy},
            changed={"role": cloud.role, **looser},
            replaced={"role": {"role": "another", **policy}},
        ),
        Life(
            "aws:iam/accessKey:AccessKey",
            r"AKIA\w+",
            made={"user": cloud.user},
            replaced={"user": {"user": "another"}},
        ),
        Life(
            "aws:s3/bucket:Bucket",
            r"resource-\w{7}",
            made={"tags": {"Name": "bucket"}},
            changed={"forceDestroy": True, "tags": {"Name": "the bucket"}},
            replaced={"bucket": {"bucket": "another-bucket"}},
        ),
        Life(
            "aws:s3/bucketVersioning:BucketVersioning",
            "some-bucket",
            made={"bucket": cloud.bucket, "versioningConfiguration": {"status": "Enabled"}},
            replaced={
                "bucket": {"bucket": "another", "versioningConfiguration": {"status": "Enabled"}}
            },
        ),
        Life(
            "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration",
            "some-bucket",
            made={"bucket": cloud.bucket, "rules": [_versions_for(30), uploads]},
            changed={"bucket": cloud.bucket, "rules": [_versions_for(7), uploads]},
            replaced={"bucket": {"bucket": "another", "rules": [uploads]}},
        ),
        Life(
            "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration",
            "some-bucket",
            made={"bucket": cloud.bucket, "rules": [encryption]},
            changed={"bucket": cloud.bucket, "rules": [by_key]},
            replaced={"bucket": {"bucket": "another", "rules": [encryption]}},
        ),
        Life(
            "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock",
            "some-bucket",
            made={"bucket": cloud.bucket, "blockPublicAcls": True},
            changed={"bucket": cloud.bucket, "blockPublicAcls": True, "blockPublicPolicy": True},
            replaced={"bucket": {"bucket": "another"}},
        ),
        Life(
            "aws:s3/bucketPolicy:BucketPolicy",
            "some-bucket",
            made={"bucket": cloud.bucket, **policy},
            changed={"bucket": cloud.bucket, **looser},
            replaced={"bucket": {"bucket": "another", **policy}},
        ),
        Life(
            "aws:elasticache/subnetGroup:SubnetGroup",
            r"resource-\w{7}",
            made={"subnetIds": cloud.subnets, "tags": {"Name": "subnets"}},
            changed={"subnetIds": cloud.subnets, "tags": {"Name": "the subnets"}},
            replaced={"name": {"subnetIds": cloud.subnets, "name": "another"}},
        ),
        Life(
            "aws:elasticache/replicationGroup:ReplicationGroup",
            r"resource-\w{7}",
            made={**redis, "tags": {"Name": "redis"}},
            changed={
                **redis,
                "automaticFailoverEnabled": False,
                "multiAzEnabled": False,
                "transitEncryptionEnabled": True,
                "numCacheClusters": 1,
                "engineVersion": "7.1",
                "tags": {"Name": "the redis"},
            },
            replaced={
                "engineVersion": {**redis, "engineVersion": "6.2"},
                "port": {**redis, "port": 6380},
                "kmsKeyId": {**redis, "kmsKeyId": KEY},
            },
        ),
        Life(
            "aws:opensearch/domain:Domain",
            r"arn:aws:es:.*:domain/search-domain",
            made={**domain, "tags": {"Name": "search"}},
            changed={
                **domain,
                "engineVersion": "OpenSearch_1.3",
                "nodeToNodeEncryption": {"enabled": True},
                "advancedSecurityOptions": {
                    **security,
                    "masterUserOptions": {**login, "masterUserPassword": "Passw0rd-of-others"},
                },
            },
            replaced={
                "engineVersion": {**domain, "engineVersion": "OpenSearch_2.11"},
                "encryptAtRest": {**domain, "encryptAtRest": {"enabled": False}},
                "vpcOptions": {
                    name: value for name, value in domain.items() if name != "vpcOptions"
                },
            },
        ),
    ]


def _versions_for(days: int) -> Inputs:
    return {
        "id": "earlier-versions",
        "status": "Enabled",
        "filter": {"prefix": ""},
        "noncurrentVersionExpiration": {"noncurrentDays": days},
        "expiration": {"expiredObjectDeleteMarker": True},
    }


def _policy(effect: str, action: str, **more: Any) -> str:
    """A policy as the provider writes it."""
    statement = {"Effect": effect, "Action": action, **more}
    document = {"Version": "2012-10-17", "Statement": [statement]}
    return json.dumps(document, sort_keys=True, separators=(",", ":"))


# A bucket's versioning that was on can only be suspended.
STAYS = {"aws:s3/bucketVersioning:BucketVersioning"}
# It's no thing of its own: see below.
TYPES = sorted(set(RESOURCE_TYPES) - {"aws:acm/certificateValidation:CertificateValidation"})
# AWS does not tell the public key, or what was imported.
UNTOLD = {
    "aws:acm/certificate:Certificate",
    "aws:ec2/keyPair:KeyPair",
}
# Source: "Import" on the page of each resource in pulumi-aws; where it isn't there, it's the id.
IMPORT_IDS = {
    "aws:ec2/route:Route": "{routeTableId}_{destinationCidrBlock}",
    "aws:ec2/routeTableAssociation:RouteTableAssociation": "{subnetId}/{routeTableId}",
    ATTACHMENT: "{deviceName}:{volumeId}:{instanceId}",
    GROUP_ATTACHMENT: "{networkInterfaceId}_{securityGroupId}",
    "aws:opensearch/domain:Domain": "{domainName}",
}

"""What whoever deploys must be allowed on AWS, and no more than is needed, as an IAM policy.

uv run openvidu-enterprise permissions
uv run openvidu-enterprise permissions --shape ha-managed --stack prod > policy.json

What takes tags is limited by those that the program gives: it's made with them, and only what has
them is changed or removed. What is named by the program is limited by its name.
Source: AWS, "Service Authorization Reference", the resources and condition keys of each action;
EC2 guide, "Grant permission to tag resources during creation".
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from components.aws.actions import (
    BAKING,
    BY_TYPE,
    IN_A_GROUP,
    OF_A_NETWORK,
    OF_BACKUPS,
    OF_SESSIONS,
    PUBLISH,
    SESSIONS,
    START_SESSION,
    TYPES,
    WITH_KEY,
    actions,
)
from components.settings.choices import HA, HA_MANAGED
from components.settings.table import DEFAULT_BUCKET

PROJECT = "openvidu-enterprise"
_ALONE = (
    "ec2:AllocateAddress",
    "ec2:CreateInternetGateway",
    "ec2:CreateVolume",
    "ec2:CreateVpc",
    "ec2:ImportKeyPair",
    "elasticloadbalancing:CreateLoadBalancer",
    "elasticloadbalancing:CreateTargetGroup",
    "acm:ImportCertificate",
    "acm:RequestCertificate",
    "dlm:CreateLifecyclePolicy",
)
"""What makes something that needs nothing of the account's; tags come with the request."""
_WITHIN: Mapping[str, str] = {
    "ec2:CreateNetworkInterface": "network-interface",
    "ec2:CreateRouteTable": "route-table",
    "ec2:CreateSecurityGroup": "security-group",
    "ec2:CreateSnapshot": "snapshot",
    "ec2:CreateSubnet": "subnet",
    "ec2:RunInstances": "instance",
}
"""What makes something in, or from, what is there: the kind that is made, as its ARN names it."""
_TOGETHER = (
    "ec2:CreateRouteTable",
    "ec2:CreateSecurityGroup",
    "ec2:CreateSnapshot",
    "ec2:CreateSubnet",
)
"""Those of them that are made in networks or from volumes: none needs what another one makes, so
one statement for all allows no more than one for each, and is shorter."""
_RULES = ("ec2:AuthorizeSecurityGroupEgress", "ec2:AuthorizeSecurityGroupIngress")
_STARTED_FROM = (
    "image",
    "key-pair",
    "network-interface",
    "security-group",
    "snapshot",
    "subnet",
    "volume",
)
"""What an instance starts with or from; images and their snapshots are others'."""
_NO_ACCOUNTS = ("image", "snapshot")
"""Their ARNs name no account."""
_TAGGED_LATER = ("security-group-rule", "volume")
"""What the provider gives tags once it's there: rules, and root volumes of instances.

Source: terraform-provider-aws, `createTags` after AuthorizeSecurityGroupIngress and RunInstances.
"""
_TAGGING: Mapping[str, Sequence[str]] = {
    "ec2:CreateTags": (
        "ec2:CreateAction",
        *(one for one in _ALONE if one.startswith("ec2:")),
        *_WITHIN,
        *_RULES,
    ),
    "elasticloadbalancing:AddTags": (
        "elasticloadbalancing:CreateAction",
        *(one for one in _ALONE if one.startswith("elasticloadbalancing:")),
        "elasticloadbalancing:CreateListener",
    ),
}
"""What gives tags to what is being made: the key that says by which call, and these calls."""
_TAGGED_ALONE = ("acm:AddTagsToCertificate", "dlm:TagResource")
"""These services have no key that tells what is being made."""
_BY_TAGS = ("ec2:", "elasticloadbalancing:", "acm:", "dlm:")
_CONSOLE = "ec2:GetConsoleOutput"
"""It tells what a machine has printed."""
_NAMED: Mapping[str, Sequence[str]] = {
    "elasticache:": (
        "arn:*:elasticache:*:*:cluster:redis-*",
        "arn:*:elasticache:*:*:parametergroup:*",
        "arn:*:elasticache:*:*:replicationgroup:redis-*",
        "arn:*:elasticache:*:*:subnetgroup:redis-subnets-*",
    ),
    "es:": ("arn:*:es:*:*:domain/openvidu-*",),
    "route53:": ("arn:*:route53:::change/*", "arn:*:route53:::hostedzone/{zone}"),
    "s3:": ("arn:*:s3:::{bucket}", "arn:*:s3:::{bucket}/*"),
    "sns:": (f"arn:*:sns:*:*:{PROJECT}-*",),
    "cloudwatch:": (f"arn:*:cloudwatch:*:*:alarm:{PROJECT}-*",),
}
"""What is limited by its name, by the service; Pulumi puts an end of its own to names.

Source: Pulumi, "Auto-naming".
"""
_USER = "arn:*:iam::*:user{path}bucket-user-*"
_ROLE = "arn:*:iam::*:role{path}{name}-role-*"
_IDENTITIES: Mapping[str, str] = {
    "aws:iam/user:User": _USER,
    "aws:iam/userPolicy:UserPolicy": _USER,
    "aws:iam/accessKey:AccessKey": _USER,
    "aws:iam/role:Role": _ROLE,
    "aws:iam/rolePolicy:RolePolicy": _ROLE,
    "aws:iam/instanceProfile:InstanceProfile": (
        "arn:*:iam::*:instance-profile{path}{name}-profile-*"
    ),
}
_BOUND = (
    "iam:CreateRole",
    "iam:CreateUser",
    "iam:PutRolePermissionsBoundary",
    "iam:PutRolePolicy",
    "iam:PutUserPermissionsBoundary",
    "iam:PutUserPolicy",
)
"""What gives rights, or takes a boundary: only with the boundary, where one is asked for."""
_UNBINDING = ("iam:DeleteRolePermissionsBoundary", "iam:DeleteUserPermissionsBoundary")
_PASSING = "iam:PassRole"
_EC2, _DLM = "ec2.amazonaws.com", "dlm.amazonaws.com"
_OWN_SESSIONS = "arn:*:ssm:*:*:session/${aws:userid}-*"
"""Source: AWS Systems Manager guide, "Sample IAM policies for Session Manager"."""
_SSH_SESSIONS = "arn:*:ssm:*:*:document/AWS-StartSSHSession"
_SERVICE_ROLE = "iam:CreateServiceLinkedRole"
_SERVICES = ("elasticache", "elasticloadbalancing", "es", "events", "opensearchservice")


@dataclass(frozen=True)
class Scope:
    """What is deployed, as far as the policy is about it.

    Attributes:
        shape: the shape.
        stack: the one stack that may be deployed; any where it's None.
        bucket: the bucket's name, where it's configured.
        zone: id of the hosted zone; any where it's None.
        boundary: ARN of the permissions boundary of whatever IAM is made; none where it's None.
        iam_path: the path of whatever IAM is made.
        kms_key: ARN of the key that is configured; none where it's None.
        vpc: id of a VPC that existed; None where the program makes one.
        subnets: ids of its subnets.
        backups: whether backupDays is configured.
        ssm: whether SSH goes by Session Manager.
        topics: ARNs of the SNS topics that notify names.
        bake: whether images of nodes are made.
        interfaces: ids of the interfaces that hosts names: those of instances taken over.
    """

    shape: str = HA
    stack: str | None = None
    bucket: str = DEFAULT_BUCKET
    zone: str | None = None
    boundary: str | None = None
    iam_path: str = "/"
    kms_key: str | None = None
    vpc: str | None = None
    subnets: Sequence[str] = ()
    backups: bool = False
    ssm: bool = False
    topics: Sequence[str] = ()
    bake: bool = False
    interfaces: Sequence[str] = ()

    @property
    def without(self) -> Collection[str]:
        """The types that aren't made, though the shape may."""
        network = {*OF_A_NETWORK} if self.vpc else set()
        if self.shape == HA_MANAGED:
            return network
        has_profile = self.ssm or bool(self.topics)
        made = {*(OF_BACKUPS if self.backups else ()), *(OF_SESSIONS if has_profile else ())}
        return network | ({*OF_BACKUPS, *OF_SESSIONS} - made)

    @property
    def roles(self) -> Mapping[str, str]:
        """What begins the names of roles that are made, and to whom each is given."""
        return {
            **({"bastion": _EC2} if self.shape == HA_MANAGED else {}),
            **({"backup": _DLM} if self.shape != HA_MANAGED and self.backups else {}),
            **({"session": _EC2} if self.ssm else {}),
            **({"notify": _EC2} if self.shape != HA_MANAGED and self.topics else {}),
        }

    @property
    def tags(self) -> Mapping[str, str]:
        """The tags by which the program's own is known."""
        return {"project": PROJECT} | ({"stack": self.stack} if self.stack else {})


@dataclass(frozen=True)
class Statement:
    """Actions that are allowed on the same.

    Attributes:
        actions: as in a policy.
        resources: ARNs with `*`; all where it's `*` alone.
        conditions: values that a key of the request may have, by the key.
        absent: keys that the request must not have.
        true: keys that have to be true.
    """

    actions: Sequence[str]
    resources: Sequence[str] = ("*",)
    conditions: Mapping[str, Sequence[str]] = field(default_factory=dict)
    absent: Sequence[str] = ()
    true: Sequence[str] = ()

    def as_json(self) -> dict[str, Any]:
        """As IAM takes it."""
        limits = {
            "StringEquals": self.conditions,
            "Null": dict.fromkeys(self.absent, "true"),
            "Bool": dict.fromkeys(self.true, "true"),
        }
        said = {"Effect": "Allow", "Action": self.actions, "Resource": self.resources}
        limited = {operator: keys for operator, keys in limits.items() if keys}
        return {**said, "Condition": limited} if limited else said


def statements(scope: Scope) -> list[Statement]:
    """What who deploys has to be allowed.

    Args:
        scope: what is deployed.
    """
    wanted = {*actions(scope.shape, scope.without)} - ({*_UNBINDING} if scope.boundary else set())
    return [
        *_looking(wanted),
        *_by_tags(wanted, scope.tags),
        *(_in_a_network(scope.vpc, scope.subnets) if scope.vpc else ()),
        *_by_name(wanted, scope),
        *(_with_key(scope.kms_key) if scope.kms_key else ()),
        *(_sessions(scope.tags) if scope.ssm else ()),
        # The base publishes by a role; that an update begins is told by who deploys.
        *([Statement([PUBLISH], scope.topics)] if scope.topics else ()),
        *(_baking(scope.tags) if scope.bake else ()),
        *(_in_groups(scope.interfaces) if scope.interfaces else ()),
    ]


def _in_a_network(vpc: str, subnets: Sequence[str]) -> Iterator[Statement]:
    """To have firewalls and interfaces in a network that has its owner's tags; nothing of it."""
    yield Statement(["ec2:CreateSecurityGroup"], [f"arn:*:ec2:*:*:vpc/{vpc}"])
    yield Statement(
        ["ec2:CreateNetworkInterface"], [f"arn:*:ec2:*:*:subnet/{one}" for one in subnets]
    )


def _with_key(key: str) -> Iterator[Statement]:
    """To have a key used, by AWS's services alone where they are given it."""
    yield Statement(WITH_KEY, [key])
    yield Statement(["kms:CreateGrant"], [key], true=["kms:GrantIsForAWSResource"])


def _sessions(tags: Mapping[str, str]) -> Iterator[Statement]:
    """To reach the stack's machines by SSH, and to end what one has begun."""
    ours = {f"ssm:resourceTag/{key}": [value] for key, value in tags.items()}
    yield Statement([START_SESSION], _arns("instance"), ours)
    yield Statement([START_SESSION], [_SSH_SESSIONS])
    yield Statement(SESSIONS, [_OWN_SESSIONS])


def _baking(tags: Mapping[str, str]) -> Iterator[Statement]:
    """To make images of the stack's machines, and to remove those.

    Source: "Service Authorization Reference": CreateImage asks for the image, what it's made of,
    and the snapshot that it makes.
    """
    create, *remove = BAKING
    asked = {f"aws:RequestTag/{key}": [value] for key, value in tags.items()}
    ours = {f"aws:ResourceTag/{key}": [value] for key, value in tags.items()}
    yield Statement([create], _arns("image", "snapshot"), asked)
    yield Statement([create], _arns("instance"), ours)
    yield Statement(
        ["ec2:CreateTags"], _arns("image", "snapshot"), {"ec2:CreateAction": ["CreateImage"]}
    )
    yield Statement(remove, conditions=ours)


def _in_groups(interfaces: Sequence[str]) -> Iterator[Statement]:
    """To have what others made in the stack's security groups, beside those that it has.

    Source: "Service Authorization Reference": ModifyNetworkInterfaceAttribute asks for the
    interface, and for each group that it's to be in.
    """
    arns = [f"arn:*:ec2:*:*:network-interface/{one}" for one in interfaces]
    yield Statement(BY_TYPE[IN_A_GROUP], [*arns, *_arns("security-group")])


def _looking(wanted: Collection[str]) -> Iterator[Statement]:
    """To read, which changes nothing."""
    by_name = ("iam:", "s3:", "route53:")
    yield Statement(sorted(one for one in wanted if _reads(one) and not one.startswith(by_name)))


def _reads(action: str) -> bool:
    reads = action.partition(":")[2].startswith(("Describe", "Get", "List"))
    return reads and action != _CONSOLE


def _by_tags(wanted: Collection[str], tags: Mapping[str, str]) -> Iterator[Statement]:
    asked = {f"aws:RequestTag/{key}": [value] for key, value in tags.items()}
    ours = {f"aws:ResourceTag/{key}": [value] for key, value in tags.items()}
    alone = [one for one in (*_ALONE, *_TAGGED_ALONE) if one in wanted]
    yield Statement(sorted(alone), conditions=asked)
    together = [one for one in _TOGETHER if one in wanted]
    yield Statement(together, _arns(*(_WITHIN[one] for one in together)), asked)
    for action, kind in _WITHIN.items():
        if action in wanted and action not in together:
            yield Statement([action], _arns(kind), asked)
    yield Statement(["ec2:RunInstances"], _arns(*_STARTED_FROM))
    yield Statement(["ec2:CreateVolume"], _arns("snapshot"))
    yield Statement(_RULES, _arns("security-group-rule"))
    for action, (key, *calls) in _TAGGING.items():
        if action in wanted:
            by = [call.partition(":")[2] for call in calls]
            yield Statement([action], conditions={key: by})
    yield Statement(
        ["ec2:CreateTags"], _arns(*_TAGGED_LATER), asked, [f"aws:ResourceTag/{key}" for key in tags]
    )
    made = {*_ALONE, "ec2:RunInstances"} - {"acm:ImportCertificate"}
    rest = [
        one for one in wanted if one.startswith(_BY_TAGS) and not _reads(one) and one not in made
    ]
    yield Statement(sorted(rest), conditions=ours)


def _arns(*kinds: str) -> list[str]:
    return [f"arn:*:ec2:*:{'' if kind in _NO_ACCOUNTS else '*'}:{kind}/*" for kind in kinds]


def _by_name(wanted: Collection[str], scope: Scope) -> Iterator[Statement]:
    names = {
        "bucket": "openvidu-bucket-*" if scope.bucket == DEFAULT_BUCKET else scope.bucket,
        "zone": scope.zone or "*",
    }
    for service, resources in _NAMED.items():
        own = service in ("s3:", "route53:")
        its = [one for one in wanted if one.startswith(service) and (own or not _reads(one))]
        if its:
            yield Statement(sorted(its), [one.format_map(names) for one in resources])
    yield from _identities(wanted, scope)


def _identities(wanted: Collection[str], scope: Scope) -> Iterator[Statement]:
    """Of IAM what the program names, and with the boundary only, where there is one."""
    by_resource: dict[tuple[str, ...], set[str]] = {}
    for kind in TYPES[scope.shape]:
        if kind in _IDENTITIES and kind not in scope.without:
            names = [one for one, service in scope.roles.items() if _takes(kind, service)]
            resources = _names(_IDENTITIES[kind], scope, names)
            by_resource.setdefault(resources, set()).update({*BY_TYPE[kind]} & {*wanted})
    for resources, may in by_resource.items():
        bound = may & {*_BOUND} if scope.boundary else set()
        yield Statement(sorted(may - bound - {_PASSING}), [*resources])
        if bound:
            limit = {"iam:PermissionsBoundary": [str(scope.boundary)]}
            yield Statement(sorted(bound), [*resources], limit)
    for to in sorted({*scope.roles.values()}):
        names = [one for one, service in scope.roles.items() if service == to]
        given = _names(_ROLE, scope, names)
        yield Statement([_PASSING], [*given], {"iam:PassedToService": [to]})
    if _SERVICE_ROLE in wanted:
        services = {"iam:AWSServiceName": [f"{service}.amazonaws.com" for service in _SERVICES]}
        yield Statement([_SERVICE_ROLE], ["arn:*:iam::*:role/aws-service-role/*"], services)


def _takes(kind: str, service: str) -> bool:
    """Whether a type is made for roles that a service gets: profiles are for instances."""
    return kind != OF_SESSIONS[-1] or service == _EC2


def _names(pattern: str, scope: Scope, names: Iterable[str]) -> tuple[str, ...]:
    """ARNs of what is named so; one where the name has no part that differs."""
    found = (pattern.format(path=scope.iam_path, name=name) for name in names or ("",))
    return tuple(dict.fromkeys(found))


def policy(allowed: Iterable[Statement]) -> dict[str, Any]:
    """An IAM policy of statements."""
    return {"Version": "2012-10-17", "Statement": [one.as_json() for one in allowed]}


def scope(arguments: Sequence[str]) -> Scope:
    """What a command line says of the stacks that may be deployed.

    Raises:
        SystemExit: it makes no sense, which has been said; or it asked for help.
    """
    parser = argparse.ArgumentParser(
        "uv run openvidu-enterprise permissions",
        description="Print an IAM policy for whoever deploys.",
    )
    parser.add_argument("--shape", choices=[*TYPES], default=HA)
    parser.add_argument("--stack", help="the one stack that may be deployed; default: any")
    parser.add_argument("--bucket", default=DEFAULT_BUCKET, help="s3Bucket, if it's configured")
    parser.add_argument("--zone", help="hostedZoneId; default: any")
    parser.add_argument("--boundary", help="permissionsBoundary, an ARN; default: none")
    parser.add_argument("--iam-path", default="/", help="iamPath, if it's configured")
    parser.add_argument("--kms-key", help="kmsKeyId, if it's configured")
    parser.add_argument("--backups", action="store_true", help="if backupDays is configured")
    parser.add_argument("--ssm", action="store_true", help="if sshVia is ssm")
    parser.add_argument(
        "--topic",
        dest="topics",
        metavar="ARN",
        action="append",
        default=[],
        help="each SNS topic in notify",
    )
    parser.add_argument(
        "--interface",
        dest="interfaces",
        metavar="ENI",
        action="append",
        default=[],
        help="each interface in hosts, of instances that were taken over",
    )
    parser.add_argument("--vpc", help="vpcId, if it's configured")
    parser.add_argument("--bake", action="store_true", help="if images of nodes are made")
    parser.add_argument(
        "--subnet", dest="subnets", action="append", default=[], help="each of subnetIds"
    )
    return Scope(**vars(parser.parse_args(arguments)))


def main(arguments: Sequence[str]) -> None:
    """Print the policy for a command line, as in `scope`."""
    wanted = policy(statements(scope(arguments)))
    sys.stdout.write(json.dumps(wanted, indent=2) + "\n")


if __name__ == "__main__":
    main(sys.argv[1:])

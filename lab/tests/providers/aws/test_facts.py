"""The tables say of each property what the real provider does, but where a reason is given."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

import pytest

from lab.providers.aws.facts import KINDS, fact, facts, properties_of, told_of, words_of
from lab.providers.aws.resources import RESOURCE_TYPES
from lab.providers.aws.schema import Kind, Property

_BY_VALUE = "depends on the values: also_replaces says how"
_NAMED = "Pulumi gives a name"
_NO_TEMPLATES = "the lab has no launch templates"
_ONE_WAY = "of the ways to say it, the lab has one"
_SDK = "the SDK's type"

# What a table says otherwise, and why: by type, property and attribute.
OTHERWISE: Final[Mapping[tuple[str, str, str], str]] = {
    ("Domain", "advancedSecurityOptions.enabled", "replaces"): _BY_VALUE,
    ("Domain", "encryptAtRest.enabled", "replaces"): _BY_VALUE,
    ("Domain", "engineVersion", "replaces"): "AWS says which versions replace: replaces_by_aws",
    ("Domain", "nodeToNodeEncryption.enabled", "replaces"): _BY_VALUE,
    ("Instance", "userData", "computed"): "its absence is a change",
    ("ReplicationGroup", "port", "computed"): "its absence is suppressed",
    ("BucketServerSideEncryptionConfiguration", "rules", "kind"): _SDK,
    ("Domain", "domainName", "computed"): _NAMED,
    ("Domain", "domainName", "required"): _NAMED,
    ("Domain", "vpcOptions", "replaces"): _BY_VALUE,
    ("Instance", "ami", "required"): _NO_TEMPLATES,
    ("Instance", "creditSpecification.cpuCredits", "computed"): "its absence is suppressed",
    ("Instance", "instanceType", "required"): _NO_TEMPLATES,
    ("Instance", "networkInterfaces", "kind"): _SDK,
    ("Instance", "rootBlockDevice.tagsAll", "settable"): "the SDK has no such input",
    ("Instance", "sourceDestCheck", "computed"): "its absence is suppressed beside interfaces",
    ("Instance", "userData", "replaces"): _BY_VALUE,
    ("NetworkInterface", "privateIps", "replaces"): _BY_VALUE,
    ("Record", "aliases", "kind"): _SDK,
    ("ReplicationGroup", "atRestEncryptionEnabled", "kind"): _SDK,
    ("ReplicationGroup", "engineVersion", "replaces"): _BY_VALUE,
    ("ReplicationGroup", "replicationGroupId", "computed"): _NAMED,
    ("ReplicationGroup", "replicationGroupId", "required"): _NAMED,
    ("Route", "destinationCidrBlock", "required"): _ONE_WAY,
    ("RouteTableAssociation", "subnetId", "required"): _ONE_WAY,
    ("SecurityGroupIngressRule", "cidrIpv4", "replaces"): _BY_VALUE,
    ("SecurityGroupIngressRule", "cidrIpv6", "replaces"): _BY_VALUE,
    ("SecurityGroupIngressRule", "referencedSecurityGroupId", "replaces"): _BY_VALUE,
    ("Subnet", "cidrBlock", "required"): _ONE_WAY,
    ("MetricAlarm", "name", "computed"): _NAMED,
    ("MetricAlarm", "name", "required"): _NAMED,
    ("SubnetGroup", "name", "computed"): _NAMED,
    ("SubnetGroup", "name", "required"): _NAMED,
    ("TargetGroup", "deregistrationDelay", "kind"): _SDK,
    ("User", "name", "computed"): _NAMED,
    ("User", "name", "required"): _NAMED,
    ("Vpc", "cidrBlock", "required"): _ONE_WAY,
}


def _found(path: str, entry: Any, declared: Property) -> Iterator[tuple[str, str]]:
    """The attributes in which a table differs from what is told of a property."""
    words = words_of(entry)
    if "newer" in words:
        return
    told = {
        "kind": next(KINDS[word] for word in words if word in KINDS),
        "required": "required" in words,
        "computed": bool(words & {"computed", "output"}),
        "settable": "output" not in words,
    }
    if words & {"replaces", "updates"}:
        told["replaces"] = "replaces" in words
    for attribute, value in told.items():
        if getattr(declared, attribute) != value:
            yield path, attribute
    inner = declared.element.fields if declared.element else declared.fields
    for name, nested in inner.items():
        yield from _found(f"{path}.{name}", entry[1][name], nested)


def test_the_tables_say_what_the_real_provider_does_but_where_a_reason_is_given() -> None:
    found = {
        (token.rpartition(":")[2], path, attribute)
        for token, kind in RESOURCE_TYPES.items()
        for name in kind.inputs
        for path, attribute in _found(name, told_of(token)[name], kind.properties[name])
    }
    assert found == set(OTHERWISE)


@pytest.mark.parametrize("kind", RESOURCE_TYPES.values(), ids=list(RESOURCE_TYPES))
def test_a_table_has_no_property_that_only_aws_sets(kind: Any) -> None:
    assert not [name for name in kind.inputs if "output" in words_of(told_of(kind.name)[name])]


def test_a_property_is_as_told_and_as_added() -> None:
    told = {"name": "string required replaces", "size": "integer computed updates"}
    made = properties_of(told, {**facts("name"), "size": fact(default=8, computed=False)})
    assert made["name"] == Property(kind=Kind.STRING, required=True, replaces=True)
    assert made["size"] == Property(kind=Kind.INTEGER, default=8)


def test_a_property_that_the_real_provider_does_not_have_cannot_be_added() -> None:
    with pytest.raises(KeyError, match="nmae"):
        properties_of({"name": "string"}, facts("nmae"))
